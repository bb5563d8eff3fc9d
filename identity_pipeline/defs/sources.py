"""Assets of the sources: what was delivered by ingestion date, and what holds now."""

import datetime
from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs.freshness import (
    make_if_stale,
    mark,
    others_than,
    read_ledger,
    set_versions,
)
from identity_pipeline.defs.report import (
    code_version,
    materialized,
    owned,
    readable_failures,
    spec_of,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.sources.contract import Delivery
from identity_pipeline.sources.current import store_current
from identity_pipeline.sources.ingest import ingest, ledger_rows
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.sources import SourceTable

GROUP = "sources"
Assets = list[dg.AssetsDefinition]


def source_assets(
    environment: Environment, sources: dict[str, SourceTable], days: dg.PartitionsDefinition[str]
) -> Assets:
    """Two assets a source: its deliveries, partitioned by ingestion date, and its current rows."""
    return [
        asset
        for source in sources.values()
        for asset in (
            deliveries_of(environment, source, days),
            current_rows_of(environment, source),
        )
    ]


def deliveries_of(
    environment: Environment, source: SourceTable, days: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Build the asset of a source's deliveries."""
    name, quarantine = names.source(source.name), names.rejected(source.name)
    version = code_version(source)
    about = source.description or f"Deliveries of {source.data_source} {source.table}."
    rejects = f"Rows of {source.name} that do not fit, with file, line, column and reason."
    accounted = dg.AssetCheckSpec(
        "rows_accounted_for",
        asset=dg.AssetKey(name.key),
        description="Every row read was accepted or rejected, every file could be read.",
    )

    specs = [
        owned(spec_of(table, GROUP, text, deps=[], version=version), source.owner)
        for table, text in ((name, about), (quarantine, rejects))
    ]

    @dg.multi_asset(
        name=f"ingest_{source.name}",
        specs=specs,
        check_specs=[accounted],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def ingest_deliveries(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Load the files of each ingestion date; a date loaded again is replaced."""
        with readable_failures(), warehouse.transaction() as engine:
            dates = [datetime.date.fromisoformat(key) for key in context.partition_keys]
            before = ledger_rows(engine, source, dates)
            found = [ingest(engine, source, environment.folder, date) for date in dates]
            is_new = ledger_rows(engine, source, dates) != before
            # Read by another declaration, the same files are other rows.
            is_new |= set_versions(engine, {f"{name}:{date}": version for date in dates})
            if is_new or not read_ledger(engine).is_fresh(specs):
                mark(engine, specs)
            if old := others_than(engine, f"{name}:", version):
                context.log.warning(
                    f"{source.name}: {len(old)} other dates ({old[0]} to {old[-1]}) are still as "
                    "an earlier declaration read them; run them again"
                )
            results = [
                materialized(engine, name, _numbers(found), _descriptions(source)),
                materialized(engine, quarantine),
            ]
        for delivery in found:
            _tell(context, delivery)
        yield from results
        yield _account(accounted, found)
        if broken := [delivery for delivery in found if delivery.fails_run]:
            raise dg.Failure(description="\n".join(_faults(broken)), allow_retries=False)

    return ingest_deliveries


def current_rows_of(environment: Environment, source: SourceTable) -> dg.AssetsDefinition:
    """Build the asset of the rows that a source holds now."""
    name, landed = names.current(source.name), names.source(source.name)
    about = f"What {source.name} holds now: later deliveries replace or update earlier ones."

    specs = [
        owned(
            spec_of(name, GROUP, about, deps=[landed], version=code_version(source)), source.owner
        )
    ]

    def make(engine: Engine) -> None:
        store_current(engine, source)

    @dg.multi_asset(name=name.table, specs=specs)
    def current_rows(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            return materialized(engine, name, descriptions=_descriptions(source))

    return current_rows


def _descriptions(source: SourceTable) -> dict[str, str]:
    return {
        name: column.description or column.semantic or "" for name, column in source.columns.items()
    }


def _numbers(found: list[Delivery]) -> dict[str, int | float | str]:
    files = [file for delivery in found for file in delivery.files]
    return {
        "files": len(files),
        "rows_in": sum(file.rows_in for file in files),
        "accepted": sum(file.accepted for file in files),
        "rejected": sum(file.rejected for file in files),
        "broken_files": sum(file.status == "broken" for file in files),
        "held_files": sum(file.status == "held" for file in files),
    }


def _faults(found: list[Delivery]) -> list[str]:
    return [
        f"{file.file}: {file.message}"
        for delivery in found
        for file in delivery.files
        if file.status != "applied"
    ]


def _tell(context: dg.AssetExecutionContext, delivery: Delivery) -> None:
    for fault in _faults([delivery]):
        context.log.warning(fault)
    if delivery.status == "held":
        context.log.warning(f"{delivery.table}: delivery held: {delivery.message}")


def _account(spec: dg.AssetCheckSpec, found: list[Delivery]) -> dg.AssetCheckResult:
    faults = _faults(found)
    return dg.AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=not faults,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={**_numbers(found), "faults": "\n".join(faults) or "none"},
    )
