"""Assets of explanations: the edges that join the keys of each customer."""

from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs.freshness import (
    changed_inputs,
    make_if_stale,
    note_changes,
)
from identity_pipeline.defs.report import (
    code_version,
    materialized,
    readable_failures,
    spec_of,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.evidence.edges import store_edges
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import MATCH_EDGES

GROUP = "unify"


def evidence_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All assets of explanations."""
    return [edges_asset(environment)]


def edges_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the assets of edges, and of when each was first there."""
    about = "Every accepted link between two keys: rule, values compared, scores, bridges."
    since = "Every edge ever seen, with the ingestion date when it was first there."
    evidence = [
        *(names.duplicates(table) for table in environment.unify.order),
        *(names.matches(table) for table in environment.unify.order[1:]),
    ]
    version = code_version(environment.unify)
    specs = [
        spec_of(
            names.MATCH_EDGES,
            GROUP,
            about,
            deps=[names.KEYS, names.ALTERNATE_KEY, *evidence],
            version=version,
        ),
        spec_of(names.EDGE_REGISTRY, GROUP, since, deps=[names.MATCH_EDGES], version=version),
    ]

    def make(engine: Engine) -> None:
        matches = [names.matches(table) for table in environment.unify.order[1:]]
        known = [names.CONSOLIDATED, names.CUSTOMERS, *matches]
        is_known = store_edges(engine, environment, changed_inputs(engine, specs[:1], of=known))
        note_changes(engine, specs[:1], is_known=is_known)

    @dg.multi_asset(name="explain_customers", specs=specs)
    def edges(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            results = [
                materialized(engine, names.MATCH_EDGES, descriptions=MATCH_EDGES.columns),
                materialized(engine, names.EDGE_REGISTRY),
            ]
        yield from results

    return edges
