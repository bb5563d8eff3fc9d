"""Clusters: groups of customers, such as households; they never change a CustomerId."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.normalize import OF_WORDS
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import DeduplicationCondition, DeduplicationRule
from identity_pipeline.terms.unification import Cluster
from identity_pipeline.unify import groups
from identity_pipeline.unify.pairs import chain_of, value_names, valued_rows

HOUSEHOLD = "Household"
LAST_NAME, ADDRESS = "LastName", "Address"


def household(semantics: Mapping[str, str | None]) -> Cluster | None:
    """The automatic household: same last name and same address, where both types exist.

    Args:
        semantics: unified column -> semantic type of its first source.
    """
    last_names = [column for column, kind in semantics.items() if kind == LAST_NAME]
    addresses = [column for column, kind in semantics.items() if kind == ADDRESS]
    if not last_names or not addresses:
        return None
    conditions = (
        DeduplicationCondition(column=last_names[0], normalize=("lower", "whitespace")),
        DeduplicationCondition(column=addresses[0], normalize=("address", "symbols", "whitespace")),
    )
    return Cluster(
        name=HOUSEHOLD, rules=(DeduplicationRule(name="Household", conditions=conditions),)
    )


def cluster_customers(engine: Engine, customers: ir.Table, cluster: Cluster) -> ir.Table:
    """Group customers by a cluster's rules, as deduplication groups rows.

    Returns:
        `CustomerId` and `{name}Id`, for customers with company only: the MD5 of the cluster's
        name and the smallest CustomerId in it.
    """
    place = ibis.row_number().over(order_by=customers.CustomerId) + 1
    active = [rule for rule in cluster.rules if rule.active]
    named = (one.column for rule in active for one in (*rule.conditions, *rule.exceptions))
    columns = dict.fromkeys(("CustomerId", *named))
    rows = engine.keep(customers.select(*columns, _ordinal=place.cast("int64")))
    parts = [
        chain_of(_in_company(rows, rule), rule, n, ValueLists()).select("left", "right")
        for n, rule in enumerate(active, start=1)
    ]
    links = engine.keep(ibis.union(*parts) if len(parts) > 1 else parts[0])
    labels = engine.keep(groups.label(engine, links))
    ids = rows.select("_ordinal", _id="CustomerId")
    members = labels.join(ids, labels.node == ids._ordinal).drop("_ordinal")
    members = members.rename(CustomerId="_id")
    first = another(ids)
    joined = members.join(first, members.component == first._ordinal)
    name = ibis.literal(f"{cluster.name}|") + joined._id
    return joined.select("CustomerId", **{f"{cluster.name}Id": name.hexdigest("md5")})


def _in_company(rows: ir.Table, rule: DeduplicationRule) -> ir.Table:
    """Rows that share with others what costs little to compare: only they can be linked.

    Words of names and addresses are looked up one by one, outside the engine.
    """
    cheap = tuple(one for one in rule.conditions if not OF_WORDS.intersection(one.steps))
    if not rule.is_of_values or not cheap or len(cheap) == len(rule.conditions):
        return rows
    part = rule.model_copy(update={"conditions": cheap})
    valued = valued_rows(rows, part, ValueLists())
    counted = valued.mutate(_sharing=valued.count().over(group_by=value_names(part)))
    return counted.filter(counted._sharing > 1).select(*rows.columns)
