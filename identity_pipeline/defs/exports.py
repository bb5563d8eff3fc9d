"""Assets of exports: whom each reaches, then what left the house."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from identity_pipeline.defs.insight_tables import insight_tables
from identity_pipeline.defs.measures import insight_inputs, measure_tables
from identity_pipeline.defs.report import (
    DEFAULT_OWNER,
    code_version,
    materialized,
    readable_failures,
    spec_of,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.defs.serving import KEY as PUBLISHED
from identity_pipeline.defs.serving import insight_tables_of
from identity_pipeline.engine.base import Engine
from identity_pipeline.exports.layout import Moment
from identity_pipeline.exports.recipients import RECIPIENT_LOG, reached_before, sent_on
from identity_pipeline.exports.select import ExportInputs
from identity_pipeline.exports.store import Sent, prepare, remember, send
from identity_pipeline.expressions.paths import customer_columns
from identity_pipeline.segments.rules import rule_members
from identity_pipeline.serving.publish import published_tables
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.exports import Export, TableExport
from identity_pipeline.unify.tasks import last_date

GROUP = "exports"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def recipient_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """Whom exports reach: before the published file, which says so."""
    return [recipients_asset(environment)] if environment.exports else []


def delivery_assets(environment: Environment, home: Path | None) -> list[dg.AssetsDefinition]:
    """What each export sends: after the published file, so that no reader waits for it.

    Without a home nothing leaves the house; whom it would have reached is noted all the same, for
    the exports of later days.
    """
    return [delivery_asset(environment, export, home) for export in environment.exports]


def _inputs_of(environment: Environment, export: Export) -> list[names.TableName]:
    if isinstance(export, TableExport):  # any table of the published file
        shown = [name for name in insight_tables_of(environment) if name != names.EXPORT_RUNS]
        return [names.METRICS, *shown]
    consents = measure_tables(environment) or insight_inputs(environment)
    return [names.segment(export.segment), *(consents if export.consent else [])]


def _checks(environment: Environment) -> Iterator[dg.AssetCheckSpec]:
    for one in environment.exports:
        yield dg.AssetCheckSpec(
            "reaches_somebody",
            asset=dg.AssetKey(names.export(one.name).key),
            description="Somebody is eligible, if the export has members. That nobody is reached "
            "without consent, and every member is accounted for, is audited before it is stored.",
        )


def recipients_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the assets that say whom exports reach; nothing leaves the house yet."""
    specs = [
        spec_of(
            names.export(one.name),
            GROUP,
            one.description or f"What the export {one.name} sends.",
            deps=_inputs_of(environment, one),
            version=code_version(one, *environment.consents),
        )
        for one in environment.exports
    ]
    runs = spec_of(
        names.EXPORT_RUNS,
        GROUP,
        "One row an export and day: members, eligible, refused by consent, without identifier.",
        deps=[names.export(one.name) for one in environment.exports],
        version=code_version(*environment.exports),
    )

    @dg.multi_asset(
        name="select_recipients", specs=[*specs, runs], check_specs=list(_checks(environment))
    )
    def recipients(warehouse: Warehouse) -> Results:
        counts: dict[str, dict[str, int]] = {}
        with readable_failures(), warehouse.transaction() as engine:
            for one in environment.exports:
                counts[one.name] = prepare(engine, one, inputs_of(engine, environment, one))
            results = [
                *(
                    materialized(engine, names.export(name), numbers)
                    for name, numbers in counts.items()
                ),
                materialized(engine, names.EXPORT_RUNS),
            ]
        yield from results
        for name, numbers in counts.items():
            yield _judged(name, numbers)

    return recipients


def _judged(export: str, numbers: dict[str, int]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="reaches_somebody",
        asset_key=dg.AssetKey(names.export(export).key),
        passed=numbers["eligible"] > 0 or not numbers["members"],
        severity=dg.AssetCheckSeverity.WARN,
        metadata=numbers,
    )


def inputs_of(engine: Engine, environment: Environment, export: Export) -> ExportInputs:
    """What an export's selection reads."""
    tables = insight_tables(engine, environment)
    day = last_date(engine)
    engine.define(names.EXPORT_RECIPIENTS, RECIPIENT_LOG)
    log = engine.table(names.EXPORT_RECIPIENTS)
    rules = {one.purpose: one.rule for one in environment.consents}
    whole = isinstance(export, TableExport)
    return ExportInputs(
        customers=customer_columns(tables),
        before=engine.keep(reached_before(log, export.name, tables.day)),
        today=engine.keep(sent_on(log, export.name, tables.day)),
        day=day,
        day_value=tables.day,
        members=None
        if isinstance(export, TableExport)
        else engine.table(names.segment(export.segment)),
        consented=engine.keep(rule_members(tables, rules[export.consent], ("rule",)))
        if export.consent
        else None,
        published={one.name: one.rows for one in published_tables(engine, environment)}
        if whole
        else {},
    )


def delivery_asset(
    environment: Environment, export: Export, home: Path | None
) -> dg.AssetsDefinition:
    """Build the asset of what one export sent; a destination that fails keeps no reader waiting."""

    @dg.asset(
        key=dg.AssetKey(["delivered", export.name]),
        deps=[dg.AssetKey(names.export(export.name).key), PUBLISHED],
        group_name=GROUP,
        kinds={"webhook" if export.kind == "webhook" else "file"},
        owners=[DEFAULT_OWNER],
        code_version=code_version(export),
        description=f"What the export {export.name} sent, and where to.",
    )
    def delivered(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> dg.MaterializeResult[None]:
        started = datetime.datetime.fromtimestamp(_started(context), datetime.UTC)
        with readable_failures(), warehouse.transaction() as engine:
            if home is None:
                remember(engine, export, last_date(engine))
                return dg.MaterializeResult()
            is_whole = isinstance(export, TableExport)
            inputs = inputs_of(engine, environment, export) if is_whole else None
            moment = Moment(environment.name, home, last_date(engine), started)
            sent = send(engine, export, moment, inputs)
        return dg.MaterializeResult(metadata=_numbers(sent))

    return delivered


def _started(context: dg.AssetExecutionContext) -> float:
    """When the run began, in seconds since 1970: all its exports have one time in their path."""
    stats = context.instance.get_run_stats(context.run_id)
    return stats.start_time or datetime.datetime.now(datetime.UTC).timestamp()


def _numbers(sent: Sent) -> dict[str, dg.MetadataValue]:
    if sent.posted is not None:
        return {
            "requests": dg.MetadataValue.int(sent.posted.batches),
            "attempts": dg.MetadataValue.int(sent.posted.attempts),
            "entered": dg.MetadataValue.int(sent.posted.entered),
            "left": dg.MetadataValue.int(sent.posted.left),
        }
    shown = "\n".join(
        f"| {file.path} | {file.rows:,} | {file.bytes:,} | {file.sha256} |" for file in sent.files
    )
    return {
        "files": dg.MetadataValue.int(len(sent.files)),
        "rows": dg.MetadataValue.int(sum(file.rows for file in sent.files)),
        "written": dg.MetadataValue.md(
            f"| file | rows | bytes | sha256 |\n|---|---|---|---|\n{shown}"
        ),
    }
