"""Held for review: records past the size of a customer keep the customers they had."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.record_names import record_of
from identity_pipeline.terms import names
from identity_pipeline.unify.keyring import Contribution
from identity_pipeline.unify.registry import last_run, read_registry
from identity_pipeline.unify.tasks import last_date
from identity_pipeline.unify.winner import first_of

HELD = {
    "identifier": "string",
    "record_identifier": "string",
    "keys": "int64",
    "limit": "int64",
    "since": "date",
    "reason": "string",
}


@dataclass(frozen=True)
class Held:
    """Records without those that are too large.

    Attributes:
        records: table -> `group` and `record`; of a record that is held, the groups whose keys
            were one customer after the last run are one record, every new group is its own.
        held: columns as HELD: every key of a record that is held.
    """

    records: Mapping[str, ir.Table]
    held: ir.Table


def nothing_held(engine: Engine) -> ir.Table:
    """The table of held keys without any."""
    return engine.relation(HELD, [])


def hold(engine: Engine, parts: list[Contribution], limit: int | None) -> Held | None:
    """Take apart the records that have more keys than a customer may have.

    Nothing is decided for the user: the record stays as the last run left its keys, until it is
    no larger than the limit, or the limit is.

    Args:
        engine: has the key registry of the last run.
        parts: the tables with the records that matching made.
        limit: the most keys a customer may have; None for any number.

    Returns:
        None where no record is too large.
    """
    if limit is None:
        return None
    sizes = [
        part.members.select(_of="_group", key="_key")
        .distinct()
        .join(part.records, ibis._._of == part.records.group)
        .select("record", "key", rank=ibis.literal(part.rank, "int64"))
        for part in parts
    ]
    every = ibis.union(*sizes) if len(sizes) > 1 else sizes[0]
    counted = every.group_by("record").aggregate(keys=every.count())
    large = engine.keep(counted.filter(counted["keys"] > limit))
    if not engine.count(large):
        return None
    nodes = engine.keep(_nodes(parts, large))
    placed = engine.keep(_as_they_were(engine, nodes))
    return Held(
        records={part.table: engine.keep(_replaced(part, large, placed)) for part in parts},
        held=engine.keep(_told(engine, nodes, limit)),
    )


def _nodes(parts: list[Contribution], large: ir.Table) -> ir.Table:
    """The keys of records that are too large: `record`, `size`, `node`, `rank`, `key` ..."""
    rows = []
    sizes = large.select(_record="record", size="keys")
    for part in parts:
        here = part.records.join(sizes, part.records.record == sizes._record).drop("_record")
        keys = part.members.select(_of="_group", key="_key").distinct()
        joined = keys.join(here, keys._of == here.group)
        prefix = ibis.literal(part.prefix)
        rows.append(
            joined.select(
                "record",
                "size",
                "group",
                "key",
                table=ibis.literal(part.table),
                rank=ibis.literal(part.rank, "int64"),
                node=record_of(part.rank, joined.group),
                identifier=prefix + joined.key,
            )
        )
    return ibis.union(*rows) if len(rows) > 1 else rows[0]


def _as_they_were(engine: Engine, nodes: ir.Table) -> ir.Table:
    """The record of each group: that of the groups whose customer it shared, or its own.

    A group whose keys were several customers goes with the customer of its first key.
    """
    past = read_registry(engine).keys.select(_identifier="identifier", customer_id="customer_id")
    known = nodes.join(past, nodes.identifier == past._identifier)
    known = known.filter(first_of(known, "node", [known.key, known.customer_id]))
    owned = known.select(_node="node", customer_id="customer_id")
    groups = nodes.select("record", "node", "table", "group").distinct()
    joined = groups.left_join(owned, groups.node == owned._node).drop("_node")
    together = joined.node.min().over(group_by=["record", "customer_id"])
    return joined.select(
        "table",
        "group",
        record=joined.customer_id.notnull().ifelse(together, joined.node),
    )


def _replaced(part: Contribution, large: ir.Table, placed: ir.Table) -> ir.Table:
    stay = part.records.anti_join(large, "record").select("group", "record")
    return stay.union(placed.filter(placed.table == part.table).select("group", "record"))


def _told(engine: Engine, nodes: ir.Table, limit: int) -> ir.Table:
    known = last_run(engine, names.HELD_FOR_REVIEW, HELD)
    before = known.select(_identifier="identifier", _since="since")
    joined = nodes.left_join(before, nodes.identifier == before._identifier)
    smallest = joined.identifier.min().over(group_by="record")
    reason = joined["size"].cast("string") + f" keys, at most {limit} a customer"
    return joined.select(
        "identifier",
        record_identifier=smallest,
        keys="size",
        limit=ibis.literal(limit, "int64"),
        since=ibis.coalesce(joined._since, ibis.literal(last_date(engine), "date")),
        reason=reason,
    )
