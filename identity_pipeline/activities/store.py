"""Activities in the warehouse: immutable by ingestion date, read again only where they must be."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from identity_pipeline.activities.known_since import Unified, known_since
from identity_pipeline.activities.timeline import (
    activity_rows,
    attribute_types,
    in_force,
    late_rows,
    problem_rows,
    unified_activity,
)
from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment

# Names among the warehouse's versions: of what activities are, and of each date's deliveries.
CONFIGURATION = str(names.ACTIVITY)
LOADED = f"{CONFIGURATION}:"


@dataclass(frozen=True)
class Stored:
    """What a load of activities did: rows of the dates, and how many are late."""

    rows: int
    late: int


def store_activities(
    engine: Engine, environment: Environment, dates: list[date], version: str
) -> Stored:
    """Load the activities of ingestion dates, and of all others whose deliveries are not loaded.

    A date may have been ingested without its activities: by a run that failed, or by a job that
    stops earlier. Where what activities are has changed, all dates are read again.

    Args:
        engine: has the sources' deliveries, and the versions by which they were read.
        environment: what activities are.
        dates: the ingestion dates to load; what was loaded of them before is replaced.
        version: names the configuration of activities.
    """
    landed = {one.table: engine.table(names.source(one.table)) for one in environment.activities}
    engine.define(names.VERSIONS, {"name": "string", "version": "string"})
    known = {str(name): str(one) for name, one in engine.rows(engine.table(names.VERSIONS))}
    digests = _digests(engine, environment, known)
    loaded = {name: one for name, one in known.items() if name.startswith(LOADED)}
    if not engine.exists(names.ACTIVITY) or known.get(CONFIGURATION) != version:
        engine.store(names.ACTIVITY, activity_rows(environment, landed, None))
        stale = set(digests)
    else:
        changed = {name for name in digests | loaded if digests.get(name) != loaded.get(name)}
        stale = changed | {f"{LOADED}{day}" for day in dates}
        for name in sorted(stale):
            day = date.fromisoformat(name.removeprefix(LOADED))
            where = {"ingestion_date": day.isoformat()}
            engine.replace_rows(names.ACTIVITY, activity_rows(environment, landed, day), where)
    rows = [(name, digests.get(name, "")) for name in sorted(stale)]
    engine.put(names.VERSIONS, [*rows, (CONFIGURATION, version)], "name")
    activity = engine.table(names.ACTIVITY)
    engine.store(names.ACTIVITY_PROBLEMS, problem_rows(activity))
    today = activity.filter(activity.ingestion_date.isin(dates))
    late = today.filter(late_rows(environment, today))
    return Stored(rows=engine.count(today), late=engine.count(late))


def _digests(
    engine: Engine, environment: Environment, versions: Mapping[str, str]
) -> dict[str, str]:
    """What was delivered on each date, as a hash: files and the declarations that read them."""
    tables = sorted({one.table for one in environment.activities})
    ledger = engine.table(names.DELIVERIES)
    columns = ("ingestion_date", "table_name", "file", "change", "status", "accepted", "sha256")
    own = ledger.filter(ledger.table_name.isin(tables)).select(*columns)
    found: dict[str, list[str]] = {}
    for day, table, *rest in engine.rows(own.order_by(*columns)):
        read_by = versions.get(f"{names.source(str(table))}:{day}", "")
        found.setdefault(f"{LOADED}{day}", []).append(repr((table, *rest, read_by)))
    return {
        name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in found.items()
    }


def store_unified_activity(engine: Engine, environment: Environment) -> None:
    """Join activities to the customers that hold their keys now."""
    order = environment.unify.order
    unified = Unified(
        customers=engine.table(names.CUSTOMERS),
        alternate_keys=engine.table(names.ALTERNATE_KEY),
        history=engine.table(names.CUSTOMER_ID_HISTORY),
        profiles=engine.table(names.PROFILE_REGISTRY),
        current={table: engine.table(names.current(table)) for table in order},
        members={table: engine.table(names.members(table)) for table in order},
        matches={table: engine.table(names.matches(table)) for table in order[1:]},
    )
    engine.store(names.KNOWN_SINCE, known_since(environment, unified))
    current = {one.table: engine.table(names.current(one.table)) for one in environment.activities}
    rows = unified_activity(
        in_force(engine.table(names.ACTIVITY), current),
        unified.alternate_keys,
        engine.table(names.KNOWN_SINCE),
        list(attribute_types(environment)),
    )
    engine.store(names.UNIFIED_ACTIVITY, rows)


def activity_numbers(engine: Engine) -> dict[str, int]:
    """How many activities there are, belong to a customer, were delivered twice or are doubtful."""
    unified, activity = engine.table(names.UNIFIED_ACTIVITY), engine.table(names.ACTIVITY)
    problems = engine.table(names.ACTIVITY_PROBLEMS)
    counted = unified.aggregate(
        activities=unified.count(),
        resolved=unified.CustomerId.count(),
        unknown=unified.was_unknown_at_event.sum(),
    )
    [(activities, resolved, unknown)] = [map(_whole, row) for row in engine.rows(counted)]
    doubtful = problems.aggregate(aside=(~problems.is_kept).sum(), ahead=problems.is_kept.sum())
    [(aside, ahead)] = [map(_whole, row) for row in engine.rows(doubtful)]
    return {
        "activities": activities,
        "resolved": resolved,
        "unresolved": activities - resolved,
        "while_unknown": unknown,
        "replaced_or_repeated": engine.count(activity) - activities - aside,
        "set_aside": aside,
        "clock_ahead": ahead,
    }


def _whole(value: object) -> int:
    return int(str(value or 0))
