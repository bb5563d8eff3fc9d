"""Assets of activities: rows by ingestion date, and the timeline of customers."""

import datetime
import hashlib
from collections.abc import Iterator

import dagster as dg

from identity_pipeline.activities.store import (
    activity_numbers,
    store_activities,
    store_unified_activity,
)
from identity_pipeline.defs.freshness import make_if_stale, mark, note_changes, read_ledger
from identity_pipeline.defs.report import code_version, materialized, readable_failures, spec_of
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.sources.ingest import ledger_rows
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables

GROUP = "activities"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]

RESOLVED = dg.AssetCheckSpec(
    "activities_resolved",
    asset=dg.AssetKey(names.UNIFIED_ACTIVITY.key),
    description="The share of activities that belong to a customer; the others wait for one.",
)


def activity_assets(
    environment: Environment, days: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """All assets of activities; none where the environment declares no activities."""
    if not environment.activities:
        return []
    return [activity_asset(environment, days), timeline_asset(environment)]


def _version(environment: Environment) -> str:
    named = {table for one in environment.activities for table in (one.table, one.link.table)}
    sources = (environment.source(table) for table in sorted(named))
    return code_version(*environment.activities, *sources)


def activity_asset(
    environment: Environment, days: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Build the asset of delivered activities."""
    version = _version(environment)
    landed = [names.source(one.table) for one in environment.activities]
    about = "Every delivered activity with its profile key, never a CustomerId; by ingestion date."
    doubts = "Activities without key or time, set aside, and those from clocks that are ahead."

    specs = [
        spec_of(names.ACTIVITY, GROUP, about, deps=landed, version=version),
        spec_of(names.ACTIVITY_PROBLEMS, GROUP, doubts, deps=[names.ACTIVITY], version=version),
    ]

    @dg.multi_asset(
        name="load_activities",
        specs=specs,
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def activities(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Results:
        dates = [datetime.date.fromisoformat(key) for key in context.partition_keys]
        with readable_failures(), warehouse.transaction() as engine:
            stored = store_activities(engine, environment, dates)
            mark(engine, specs)
            results = [
                materialized(engine, names.ACTIVITY, {"loaded": stored.rows, "late": stored.late}),
                materialized(engine, names.ACTIVITY_PROBLEMS),
            ]
        yield from results

    return activities


def timeline_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of UnifiedActivity."""
    since = "Since when each key of a known customer is known."
    about = "Every activity with the customer it belongs to now, also of what they did unknown."
    current = [names.current(one.table) for one in environment.activities]
    shared = [names.device_identities(table) for table in device_tables(environment)]
    # Whether the timeline is a table or a view.
    is_read = str(bool(environment.measures or environment.segments))
    version = code_version(environment.unify, _version(environment), is_read)

    specs = [
        spec_of(
            names.KNOWN_SINCE,
            GROUP,
            since,
            deps=[names.CUSTOMERS, names.ALTERNATE_KEY, names.CUSTOMER_ID_HISTORY],
            version=version,
        ),
        spec_of(
            names.UNIFIED_ACTIVITY,
            GROUP,
            about,
            deps=[names.ACTIVITY, names.KNOWN_SINCE, *current, *shared],
            version=version,
        ),
    ]

    def make(engine: Engine) -> None:
        # By another configuration, or with all forgotten, every row may be another one.
        is_alike = read_ledger(engine).made_alike(specs[-1:]) is not None
        delivered = _delivered(engine, environment)
        is_known = store_unified_activity(engine, environment, delivered, is_alike=is_alike)
        note_changes(engine, specs[-1:], is_known=is_known)

    @dg.multi_asset(name="unify_activities", specs=specs, check_specs=[RESOLVED])
    def timeline(warehouse: Warehouse) -> Results:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            numbers = activity_numbers(engine)
            results = [
                materialized(engine, names.KNOWN_SINCE),
                # A view: to count it once more is to join it once more.
                materialized(engine, names.UNIFIED_ACTIVITY, numbers, rows=numbers["activities"]),
            ]
        yield from results
        yield _resolved(numbers)

    return timeline


def _delivered(engine: Engine, environment: Environment) -> dict[tuple[str, datetime.date], str]:
    """What was delivered of every source of activities, by ingestion date, as a hash."""
    found: dict[tuple[str, datetime.date], list[tuple[object, ...]]] = {}
    for table in dict.fromkeys(one.table for one in environment.activities):
        for row in ledger_rows(engine, environment.source(table)):
            assert isinstance(row[0], datetime.date), "the ledger's column is a date"
            found.setdefault((table, row[0]), []).append(row)
    return {place: hashlib.sha256(repr(rows).encode()).hexdigest() for place, rows in found.items()}


def _resolved(numbers: dict[str, int]) -> dg.AssetCheckResult:
    """Worth a warning only where no activity at all finds a customer: a wrong foreign key."""
    activities, resolved = numbers["activities"], numbers["resolved"]
    share = resolved / activities if activities else 1.0
    return dg.AssetCheckResult(
        check_name=RESOLVED.name,
        asset_key=RESOLVED.asset_key,
        passed=resolved > 0 or not activities,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={**numbers, "share_resolved": round(share, 4)},
    )
