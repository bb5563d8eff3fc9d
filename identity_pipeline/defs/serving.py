"""The published file, downstream of every blocking check."""

from pathlib import Path

import dagster as dg

from identity_pipeline.defs.freshness import changed_since, read_ledger
from identity_pipeline.defs.measures import measure_tables
from identity_pipeline.defs.quality import quality_tables_of
from identity_pipeline.defs.report import DEFAULT_OWNER, code_version, readable_failures
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.defs.reviews import reviews_described
from identity_pipeline.defs.segments import SHARED, computed
from identity_pipeline.engine.base import Numbers
from identity_pipeline.serving.publish import published_tables
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment

GROUP = "serving"
KEY = dg.AssetKey(["serving", "published"])


def insight_tables_of(environment: Environment) -> list[names.TableName]:
    """The last tables of each branch of insights and exports that the environment declares."""
    found: list[names.TableName] = []
    if environment.activities:
        found += [names.UNIFIED_ACTIVITY, names.ACTIVITY_PROBLEMS]
    found += [names.enrichment(one.name) for one in environment.enrichments]
    found += measure_tables(environment)
    if environment.segments:
        found += [*(names.segment(one.name) for one in computed(environment)), *SHARED]
    if environment.exports:
        found.append(names.EXPORT_RUNS)
    return found


def publish_asset(environment: Environment, file: Path) -> dg.AssetsDefinition:
    """Build the asset of the published file."""
    order = environment.unify.order
    deps = [
        names.METRICS,
        names.ALTERNATE_KEY,
        names.CUSTOMER_ID_HISTORY,
        names.MATCH_PAIRS,
        names.MATCH_EDGES,
        names.OVERRIDE_PROBLEMS,
        names.GUARDED_VALUES,
        names.HELD_FOR_REVIEW,
        *(names.duplicates(table) for table in order),
        *(names.ambiguities(table) for table in order[1:]),
        *(name for table in order for name in reviews_described(environment, table)),
        *(names.rejected(table) for table in environment.sources),
        *quality_tables_of(environment),
        *insight_tables_of(environment),
    ]

    @dg.asset(
        key=KEY,
        deps=[dg.AssetKey(name.key) for name in deps],
        group_name=GROUP,
        kinds={"duckdb", "file"},
        owners=[DEFAULT_OWNER],
        code_version=code_version(environment.unify, environment.unify.quality),
        description="The file that readers open: the product's tables under the product's names, "
        "written beside the old file and renamed over it.",
    )
    def published(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures():
            opened = warehouse.publisher()
            made = {table: one.changed for table, one in read_ledger(opened.engine).tables.items()}
            numbers = Numbers(made, changed_since(opened.engine))
            counts = opened.publish(published_tables(opened.engine, environment), file, numbers)
        shown = "\n".join(f"| {name} | {count:,} |" for name, count in counts.items())
        return dg.MaterializeResult(
            metadata={
                "tables": len(counts),
                "rows": sum(counts.values()),
                "file": dg.MetadataValue.path(str(file)),
                "contents": dg.MetadataValue.md(f"| table | rows |\n|---|---|\n{shown}"),
            }
        )

    return published
