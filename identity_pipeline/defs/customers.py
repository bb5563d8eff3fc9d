"""Assets of customers: unified columns, ids, keyring, history, metrics."""

from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs import checks
from identity_pipeline.defs.freshness import (
    changed_inputs,
    make_if_stale,
    note_changes,
    read_ledger,
)
from identity_pipeline.defs.report import (
    code_version,
    made_by,
    materialized,
    readable_failures,
    spec_of,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import AuditFailed
from identity_pipeline.unify import consolidation, metrics
from identity_pipeline.unify.identify import audit, clusters_of, identify, store_customers

GROUP = "unify"

# What each table is, and what it is made of, which lineage shows; each after what it needs.
TABLES = {
    names.KEY_REGISTRY: (
        "Every key ever in a customer, with the id it has now.",
        [names.KEYS],
    ),
    names.FORMER_IDS: (
        "Ids that keys had before a merge took them; undo gives them back.",
        [names.KEY_REGISTRY],
    ),
    names.PROFILE_REGISTRY: (
        "Every CustomerId ever given, and what became of it.",
        [names.KEY_REGISTRY],
    ),
    names.CUSTOMER_ID_HISTORY: (
        "Every change of identity, with the rule and keys that caused it.",
        [names.PROFILE_REGISTRY],
    ),
    names.ALTERNATE_KEY: (
        "Every source key with the customer that holds it, and the KeyRing.",
        [names.KEY_REGISTRY],
    ),
    names.CUSTOMERS: (
        "One row a customer: its keys, unified columns, status and lasting id.",
        [names.UNIFIED, names.PROFILE_REGISTRY],
    ),
}


def customer_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All assets from unified columns to metrics."""
    return [unified_asset(environment), customer_asset(environment), metrics_asset(environment)]


def unified_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of unified columns."""
    deps = [names.CONSOLIDATED]
    about = "Unified columns and identity status of each consolidated record, before it has an id."
    version = code_version(environment.unify)
    specs = [spec_of(names.UNIFIED, GROUP, about, deps=deps, version=version)]

    def make(engine: Engine) -> None:
        is_known = changed_inputs(engine, specs) is not None
        consolidation.store_unified(engine, environment, is_known=is_known)

    @dg.multi_asset(name="unify_columns", specs=specs)
    def unified_columns(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            return materialized(engine, names.UNIFIED)

    return unified_columns


def customer_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the assets of customers; what must hold is audited before anything is committed."""
    # The automatic household is one of semantic types, which sources declare.
    version = code_version(environment.unify, *clusters_of(environment), made_by())
    specs = [
        spec_of(name, GROUP, text, deps=deps, version=version)
        for name, (text, deps) in TABLES.items()
    ]

    def make(engine: Engine) -> None:
        is_alike = read_ledger(engine).made_alike(specs) is not None
        found = consolidation.read(engine, environment)
        unified = engine.table(names.UNIFIED)
        identified = identify(engine, environment, found, unified, is_alike=is_alike)
        store_customers(engine, identified)
        note_changes(engine, specs, is_known=identified.reach is not None)

    @dg.multi_asset(name="identify_customers", specs=specs, check_specs=[checks.AUDIT])
    def customers(
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        counts: dict[str, int] = {}
        results: list[dg.MaterializeResult[None]] = []
        try:
            with warehouse.transaction() as engine:
                make_if_stale(engine, specs, make)
                counts = audit(engine)
                if any(counts.values()):
                    raise AuditFailed(checks.audit_message(counts))
                results = [materialized(engine, name) for name in TABLES]
        except AuditFailed as failure:
            # The tables were rolled back; the failed check is still reported.
            yield checks.audit_result(counts)
            raise dg.Failure(description=str(failure), allow_retries=False) from None
        yield from results
        yield checks.audit_result(counts)

    return customers


def metrics_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of unification metrics, one set of rows an ingestion date."""
    deps = [names.CUSTOMERS]
    about = (
        "Numbers of each run: records, duplicates, matches by rule, known and unknown customers."
    )
    version = code_version(environment.unify)

    @dg.multi_asset(
        name="measure_unification",
        specs=[spec_of(names.METRICS, GROUP, about, deps=deps, version=version)],
        check_specs=checks.QUALITY,
    )
    def unification_metrics(
        context: dg.AssetExecutionContext,
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with readable_failures(), warehouse.transaction() as engine:
            found = consolidation.read(engine, environment)
            rows = metrics.of_run(engine, environment, found)
            for remark in metrics.remarks(rows):
                context.log.warning(remark)
            date = found.date.isoformat()
            table = metrics.as_table(engine, rows, date)
            engine.replace_rows(names.METRICS, table, {"ingestion_date": date})
            results = [materialized(engine, names.METRICS, metrics.as_metadata(rows))]
            judged = list(checks.quality_results(engine, found, rows))
        yield from results
        yield from judged

    return unification_metrics
