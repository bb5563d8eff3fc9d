"""Assets of enrichments: one table each, keyed by CustomerId."""

import dagster as dg

from identity_pipeline.defs.report import code_version, materialized, readable_failures, spec_of
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.enrichment.enrich import enrich
from identity_pipeline.terms import names
from identity_pipeline.terms.enrichments import Enrichment
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify.tasks import last_date

GROUP = "enrichment"


def enrichment_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """One asset an enrichment."""
    return [enrichment_asset(environment, one) for one in environment.enrichments]


def enrichment_asset(environment: Environment, enrichment: Enrichment) -> dg.AssetsDefinition:
    """Build the asset of one enrichment."""
    name = names.enrichment(enrichment.name)
    about = enrichment.description or f"What the enrichment {enrichment.name} knows of customers."
    deps = [names.CUSTOMERS]

    @dg.multi_asset(
        name=name.table,
        specs=[spec_of(name, GROUP, about, deps=deps, version=code_version(enrichment))],
    )
    def enriched(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures(), warehouse.transaction() as engine:
            customers = engine.table(names.CUSTOMERS)
            found = enrich(engine, environment, enrichment, customers, last_date(engine))
            engine.store(name, found.rows)
            return materialized(engine, name, found.counts)

    return enriched
