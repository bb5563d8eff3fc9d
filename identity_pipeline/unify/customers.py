"""The customer table: who each record is, with keys, unified columns and clusters."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms.unification import Cluster
from identity_pipeline.unify.cluster import cluster_customers
from identity_pipeline.unify.keyring import Contribution, key_columns


def customer_table(
    unified: ir.Table,
    keys: ir.Table,
    profiles: ir.Table,
    contributions: Sequence[Contribution],
) -> ir.Table:
    """One row a customer.

    Args:
        unified: unified columns of kept records (`merge.unify_columns`).
        keys: keys of kept records with `customer_id`.
        profiles: as `registry.PROFILES`.
        contributions: the tables, in match order.

    Returns:
        `CustomerId`, the keys of each table, the unified columns, `IdentityStatus`,
        `BecameKnownAt` (the ingestion date that made the customer known), `PreviousCustomerId`.
    """
    ids = keys.select(_record="record", CustomerId="customer_id").distinct()
    columns = key_columns(keys, contributions)
    lasting = profiles.select(
        _id="customer_id",
        BecameKnownAt="became_known_on",
        PreviousCustomerId="previous_customer_id",
    )
    joined = ids.join(columns, ids._record == columns.record).drop("record")
    joined = joined.join(unified.drop("kept"), joined._record == unified.record).drop("record")
    joined = joined.join(lasting, joined.CustomerId == lasting._id)
    return joined.select(
        "CustomerId",
        *(name for name in columns.columns if name != "record"),
        *(name for name in unified.columns if name not in ("record", "kept")),
        "BecameKnownAt",
        "PreviousCustomerId",
    )


def with_clusters(engine: Engine, customers: ir.Table, clusters: Sequence[Cluster]) -> ir.Table:
    """Add an id column a cluster; NULL for customers alone."""
    plain = customers
    for cluster in clusters:
        members = engine.keep(cluster_customers(engine, plain, cluster))
        members = members.rename(_id="CustomerId")
        joined = customers.left_join(members, customers.CustomerId == members._id)
        customers = joined.drop("_id")
    return customers


def evidence_of(
    identifiers: Mapping[str, str],
    matches: Mapping[str, ir.Table],
    duplicates: Mapping[str, ir.Table],
) -> ir.Table:
    """All evidence by identifiers: what joined two keys.

    Args:
        identifiers: source name -> `DataSource|Table|`, in match order.
        matches, duplicates: by source name, as the rooms store them.

    Returns:
        `one`, `other`, `rule`, `place`: matches before duplicates, by match order and rule.
    """
    ranks = {name: rank for rank, name in enumerate(identifiers, start=1)}
    parts = []
    for name, table in matches.items():
        found = table.filter(table.rule.notnull())
        prefix = found.left_table.cases(*identifiers.items())
        parts.append(
            found.select(
                "rule",
                one=prefix + found.left_key,
                other=ibis.literal(identifiers[name]) + found.right_key,
                place=found.rule_index + ibis.literal(ranks[name] * 1000, "int64"),
            )
        )
    for name, table in duplicates.items():
        counting = table.filter(table.refused.isnull() & (table.left_key != table.right_key))
        prefix = ibis.literal(identifiers[name])
        parts.append(
            counting.select(
                "rule",
                one=prefix + counting.left_key,
                other=prefix + counting.right_key,
                place=counting.rule_index
                + ibis.literal((len(ranks) + ranks[name]) * 1000, "int64"),
            )
        )
    return ibis.union(*parts) if len(parts) > 1 else parts[0]
