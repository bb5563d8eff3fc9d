"""Clusters again: of customers that a run changed, and of those whose company they were or are."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.normalize import OF_WORDS
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import DeduplicationRule
from identity_pipeline.terms.unification import Cluster
from identity_pipeline.unify.cluster import cluster_customers
from identity_pipeline.unify.pairs import value_names, valued_rows


def can_recluster(clusters: Sequence[Cluster]) -> bool:
    """Whether every rule has an exact condition, by which a customer's company is found."""
    return all(_exact_part(rule) for cluster in clusters for rule in _active(cluster))


def recluster(
    engine: Engine,
    changed: ir.Table,
    was: ir.Table,
    customers: ir.Table,
    clusters: Sequence[Cluster],
) -> ir.Table:
    """Give customers that a run changed their clusters, and others whose cluster is another now.

    A cluster can change where one of its customers did, or where one that changed agrees with one
    of it: all of these are clustered anew, and no other.

    Args:
        engine: stores what is read more than once.
        changed: the customers that the run made, without columns of clusters.
        was: these as they were, with those that it took away.
        customers: all customers as they were.
        clusters: those for which `can_recluster` holds.

    Returns:
        Rows of Customer: all that changed, and those of the others whose cluster did.
    """
    names = [f"{cluster.name}Id" for cluster in clusters]
    others = customers.anti_join(was, "CustomerId")
    everyone = others.select(*changed.columns).union(changed)
    found = [
        engine.keep(_anew(engine, (everyone, changed), (was, customers), cluster))
        for cluster in clusters
    ]
    touched = [rows.select("CustomerId") for rows in found]
    either = ibis.union(*touched, distinct=True) if len(touched) > 1 else touched[0]
    before = {f"_was_{n}": others[name] for n, name in enumerate(names)}
    held = another(others.select(_of="CustomerId", **before))
    rows = everyone.semi_join(either, "CustomerId")
    rows = rows.left_join(held, rows.CustomerId == held._of)
    ids: dict[str, ir.Value] = {}
    for n, (name, anew) in enumerate(zip(names, found, strict=True)):
        now = anew.select(**{f"_at_{n}": "CustomerId", f"_now_{n}": name})
        rows = rows.left_join(now, rows.CustomerId == now[f"_at_{n}"])
    for n, name in enumerate(names):
        ids[name] = ibis.ifelse(rows[f"_at_{n}"].notnull(), rows[f"_now_{n}"], rows[f"_was_{n}"])
    differs = [~ids[name].identical_to(rows[f"_was_{n}"]) for n, name in enumerate(names)]
    rows = rows.filter(rows._of.isnull() | ibis.or_(*differs))
    return rows.select(*changed.columns, **ids)


def _anew(
    engine: Engine,
    now: tuple[ir.Table, ir.Table],
    before: tuple[ir.Table, ir.Table],
    cluster: Cluster,
) -> ir.Table:
    """Clusters that can have changed: `CustomerId` and the cluster's id, NULL for one alone."""
    (everyone, changed), (was, customers) = now, before
    name = f"{cluster.name}Id"
    near = [changed.select("CustomerId")]
    near += [_agreeing(everyone, changed, rule) for rule in _active(cluster)]
    company = engine.keep(ibis.union(*near, distinct=True))
    either = company.union(was.select("CustomerId"))
    clustered = customers.filter(customers[name].notnull()).select("CustomerId", name)
    members = clustered.semi_join(clustered.semi_join(either, "CustomerId").select(name), name)
    members = members.anti_join(was, "CustomerId").select("CustomerId")
    whole = engine.keep(company.union(members, distinct=True))
    found = cluster_customers(engine, everyone.semi_join(whole, "CustomerId"), cluster)
    found = engine.keep(found).rename(_id="CustomerId")
    return whole.left_join(found, whole.CustomerId == found._id).drop("_id")


def _agreeing(everyone: ir.Table, changed: ir.Table, rule: DeduplicationRule) -> ir.Table:
    """Customers that agree with one that changed in what a rule compares exactly."""
    part = rule.model_copy(update={"conditions": _exact_part(rule), "exceptions": ()})
    names = value_names(part)
    values = valued_rows(changed, part, ValueLists()).select(*names).distinct()
    rows = valued_rows(everyone, part, ValueLists())
    return rows.semi_join(values, names).select("CustomerId")


def _active(cluster: Cluster) -> list[DeduplicationRule]:
    return [rule for rule in cluster.rules if rule.active]


def _exact_part(rule: DeduplicationRule) -> tuple[object, ...]:
    """A rule's exact conditions that cost little: not those on words of names and addresses."""
    exact = (one for one in rule.conditions if one.exact)
    return tuple(one for one in exact if not OF_WORDS.intersection(one.steps))
