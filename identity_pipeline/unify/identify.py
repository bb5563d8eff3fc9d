"""From consolidated records to customers: ids, keyring, unified columns, clusters, history."""

from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.unification import Cluster
from identity_pipeline.unify import overrides
from identity_pipeline.unify.cluster import household
from identity_pipeline.unify.configured_id import id_inputs, reissue
from identity_pipeline.unify.consolidation import Consolidation
from identity_pipeline.unify.customer_id import assign
from identity_pipeline.unify.customers import customer_table, evidence_of, with_clusters
from identity_pipeline.unify.events import Facts
from identity_pipeline.unify.history import next_run, remember
from identity_pipeline.unify.keyring import alternate_keys, key_rings
from identity_pipeline.unify.merge import STATUS
from identity_pipeline.unify.registry import Registry, read_registry
from identity_pipeline.unify.tasks import id_maker


@dataclass(frozen=True)
class Identified:
    """Customers and what is remembered of them.

    What was computed from the registry is kept, so that the registry can be replaced; the rest is
    computed where it is stored.
    """

    customers: ir.Table
    alternate_keys: ir.Table
    registry: Registry


def identify(
    engine: Engine, environment: Environment, found: Consolidation, unified: ir.Table
) -> Identified:
    """Give consolidated records their CustomerIds and lay out the customer tables.

    Args:
        engine: stores steps that are read more than once.
        environment: ids, columns and clusters asked for.
        found: consolidated records and their keys.
        unified: as `merge.unify_columns`.
    """
    registry = read_registry(engine)
    kept = engine.keep(found.keys.filter(found.keys.kept))
    make_id = id_maker(environment)
    assignment = assign(engine, kept, registry, make_id)
    if columns := environment.unify.customer_id.columns:
        inputs = id_inputs(found.consolidated, found.contributions, columns)
        asked = engine.keep(kept.join(inputs, "record"))
        assignment = reissue(engine, asked, assignment, registry, make_id)
    ids = assignment.ids.select(_record="record", customer_id="customer_id")
    keys = engine.keep(kept.join(ids, kept.record == ids._record).drop("_record"))
    facts = Facts(
        keys=keys,
        seen=found.keys.select("identifier"),
        statuses=unified.filter(unified.kept).select("record", STATUS),
        evidence=engine.keep(_evidence(engine, environment)),
        never=engine.keep(_never(engine, environment)),
    )
    run = next_run(engine, registry, found.date)
    after = remember(engine, registry, assignment, facts, run)
    kept_columns = unified.filter(unified.kept)
    customers = customer_table(kept_columns, keys, after.profiles, found.contributions)
    if clusters := clusters_of(environment):
        customers = with_clusters(engine, customers, clusters)
    return Identified(
        customers=customers,
        alternate_keys=alternate_keys(keys, key_rings(keys, found.contributions)),
        registry=after,
    )


def clusters_of(environment: Environment) -> tuple[Cluster, ...]:
    """The clusters asked for, and the automatic household where its types exist."""
    unification = environment.unify
    automatic = household(_semantics(environment)) if unification.households else None
    own = unification.clusters
    return (automatic, *own) if automatic else own


def _semantics(environment: Environment) -> dict[str, str | None]:
    """Unified column -> the semantic type of its first source."""
    found: dict[str, str | None] = {}
    for name, combined in environment.unify.columns.items():
        table, column = combined.sources[0].split(".", 1)
        found[name] = environment.source(table).columns[column].semantic
    for group in environment.unify.groups:
        table, columns = next(iter(group.sources.items()))
        for name, source in zip(group.columns, columns, strict=True):
            known = environment.source(table).columns
            found[name] = known[source].semantic if source else None
    return {environment.unify.rename.get(name, name): kind for name, kind in found.items()}


def _prefixes(environment: Environment) -> dict[str, str]:
    return {table: environment.source(table).prefix for table in environment.unify.order}


def _evidence(engine: Engine, environment: Environment) -> ir.Table:
    order = environment.unify.order
    return evidence_of(
        _prefixes(environment),
        {table: engine.table(names.matches(table)) for table in order[1:]},
        {table: engine.table(names.duplicates(table)) for table in order},
    )


def _never(engine: Engine, environment: Environment) -> ir.Table:
    pairs = engine.table(names.OVERRIDES)
    never = pairs.filter(pairs.kind == overrides.NEVER)
    prefixes = tuple(_prefixes(environment).items())
    return never.select(
        one=never.table1.cases(*prefixes) + never.key1,
        other=never.table2.cases(*prefixes) + never.key2,
    )


def audit(engine: Engine) -> dict[str, int]:
    """Count what must be zero: customers without an id or sharing one, keys lost or doubled.

    Args:
        engine: has the customer tables stored.
    """
    customers = engine.table(names.CUSTOMERS)
    alternates = engine.table(names.ALTERNATE_KEY)
    kept = engine.table(names.CONSOLIDATED)
    records = kept.filter(kept.kept).select("record").distinct()
    ids = customers.aggregate(
        missing=customers.CustomerId.isnull().sum(),
        extra=customers.count() - customers.CustomerId.nunique(),
    )
    [(missing, extra)] = engine.rows(ids)
    keys = alternates.aggregate(
        doubled=alternates.count() - alternates.Identifier.nunique(),
        unowned=(~alternates.CustomerId.isin(customers.CustomerId)).sum(),
    )
    [(doubled, unowned)] = engine.rows(keys)
    counts = {
        "customers_without_id": missing,
        "customers_sharing_an_id": extra,
        "keys_in_two_customers": doubled,
        "keys_without_customer": unowned,
        "records_lost": engine.count(records) - engine.count(customers),
    }
    return {name: int(str(count or 0)) for name, count in counts.items()}
