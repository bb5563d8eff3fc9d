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
from identity_pipeline.unify.customer_id import Assignment, assign
from identity_pipeline.unify.customers import customer_table, evidence_of, with_clusters
from identity_pipeline.unify.events import Facts
from identity_pipeline.unify.history import Remembered, next_run, remember
from identity_pipeline.unify.keyring import alternate_keys, key_rings
from identity_pipeline.unify.merge import STATUS
from identity_pipeline.unify.reach import Reach, reach
from identity_pipeline.unify.recluster import can_recluster, recluster
from identity_pipeline.unify.registry import Registry, read_registry
from identity_pipeline.unify.tasks import id_maker


@dataclass(frozen=True)
class Identified:
    """Customers and what is remembered of them.

    What was computed from the registry is kept, so that the registry can be replaced; the rest is
    computed where it is stored.

    Attributes:
        customers, alternate_keys, remembered: of all customers, or of those within `reach`.
        reach: what the run can change; None where all is made anew.
    """

    customers: ir.Table
    alternate_keys: ir.Table
    remembered: Remembered
    reach: Reach | None


def identify(
    engine: Engine,
    environment: Environment,
    found: Consolidation,
    unified: ir.Table,
    *,
    is_alike: bool = False,
) -> Identified:
    """Give consolidated records their CustomerIds and lay out the customer tables.

    Args:
        engine: stores steps that are read more than once.
        environment: ids, columns and clusters asked for.
        found: consolidated records and their keys.
        unified: as `merge.unify_columns`.
        is_alike: whether the customers that there are were made by the same configuration; then
            those that stay what they were are not made again.
    """
    registry = read_registry(engine)
    kept = engine.keep(found.keys.filter(found.keys.kept))
    columns = unified.filter(unified.kept)
    reached = None
    if is_alike and _can_reach(environment):
        customers = engine.table(names.CUSTOMERS)
        reached = reach(engine, (kept, columns), registry, customers, found.contributions)
    if reached is not None:
        kept, columns, registry = reached.keys, reached.unified, reached.registry
    assignment = _assigned(engine, environment, found, kept, registry)
    ids = assignment.ids.select(_record="record", customer_id="customer_id")
    keys = engine.keep(kept.join(ids, kept.record == ids._record).drop("_record"))
    facts = Facts(
        keys=keys,
        seen=found.keys.select("identifier"),
        statuses=columns.select("record", STATUS),
        evidence=engine.keep(_evidence(engine, environment)),
        never=engine.keep(_never(engine, environment)),
    )
    run = next_run(engine, registry, found.date)
    after = remember(engine, registry, assignment, facts, run)
    customers = customer_table(columns, keys, after.profiles, found.contributions)
    return Identified(
        customers=_clustered(engine, environment, customers, reached),
        alternate_keys=alternate_keys(keys, key_rings(keys, found.contributions)),
        remembered=after,
        reach=reached,
    )


def _can_reach(environment: Environment) -> bool:
    """Whether what a run can change is known: a configured id may be anybody's."""
    return not environment.unify.customer_id.columns and can_recluster(clusters_of(environment))


def _assigned(
    engine: Engine,
    environment: Environment,
    found: Consolidation,
    kept: ir.Table,
    registry: Registry,
) -> Assignment:
    make_id = id_maker(environment)
    assignment = assign(engine, kept, registry, make_id)
    columns = environment.unify.customer_id.columns
    if not columns:
        return assignment
    inputs = id_inputs(found.consolidated, found.contributions, columns)
    asked = engine.keep(kept.join(inputs, "record"))
    return reissue(engine, asked, assignment, registry, make_id)


def _clustered(
    engine: Engine, environment: Environment, customers: ir.Table, reached: Reach | None
) -> ir.Table:
    clusters = clusters_of(environment)
    if reached is None:
        return with_clusters(engine, customers, clusters)
    changed = engine.keep(customers)
    if not clusters:
        return changed
    before = engine.table(names.CUSTOMERS)
    return engine.keep(recluster(engine, changed, reached.was, before, clusters))


def store_customers(engine: Engine, identified: Identified) -> None:
    """Store the customer tables, whole or what of them changed."""
    after, reached = identified.remembered, identified.reach
    if reached is None:
        engine.store(names.KEY_REGISTRY, after.keys)
        engine.store(names.FORMER_IDS, after.former)
        engine.store(names.PROFILE_REGISTRY, after.profiles)
        engine.append(names.CUSTOMER_ID_HISTORY, after.events)
        engine.store(names.ALTERNATE_KEY, identified.alternate_keys)
        engine.store(names.CUSTOMERS, identified.customers)
        return
    was, rings = reached.registry, engine.keep(identified.alternate_keys)
    keys = was.keys.select("identifier").union(after.keys.select("identifier"), distinct=True)
    ids = was.profiles.select("customer_id").union(after.profiles.select("customer_id"))
    customers = reached.was.select("CustomerId").union(identified.customers.select("CustomerId"))
    engine.store(names.KEYS_TOUCHED, keys.rename(Identifier="identifier"))
    engine.store(names.PROFILES_TOUCHED, ids.distinct())
    engine.store(names.CUSTOMERS_TOUCHED, customers.distinct())
    engine.amend(names.KEY_REGISTRY, "identifier", keys, after.keys)
    engine.amend(names.FORMER_IDS, "identifier", was.keys.select("identifier"), after.former)
    touched = {
        names.PROFILE_REGISTRY: (names.PROFILES_TOUCHED, "customer_id", after.profiles),
        names.ALTERNATE_KEY: (names.KEYS_TOUCHED, "Identifier", rings),
        names.CUSTOMERS: (names.CUSTOMERS_TOUCHED, "CustomerId", identified.customers),
    }
    for name, (gone, key, rows) in touched.items():
        engine.amend(name, key, engine.table(gone), rows)
    engine.append(names.CUSTOMER_ID_HISTORY, after.events)


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
