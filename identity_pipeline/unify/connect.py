"""Linking by components: for id graphs, where higher records must fuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.record_names import record_of
from identity_pipeline.unify import groups
from identity_pipeline.unify.apart import Apart
from identity_pipeline.unify.candidates import CANDIDATE, Side
from identity_pipeline.unify.match import Matched, matches_of
from identity_pipeline.unify.offers import MatchTask, offers_by_all


def link_table(engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask) -> Matched:
    """Every pair of groups that any rule links; nothing is chosen, so nothing is ambiguous.

    `record` is the higher group's own record; `connect_records` makes records of the links.
    """
    found = offers_by_all(engine, lower, higher, task).select(*CANDIDATE)
    order = [
        found.alternates,
        found.left_key,
        found.right_key,
        found.left_ordinal,
        found.right_ordinal,
    ]
    pair = ["group", "record", "rule_index"]
    best = ibis.row_number().over(group_by=pair, order_by=[found.score.desc(), *order])
    chosen = engine.keep(found.mutate(_place=best).filter(ibis._._place == 0).drop("_place"))
    nothing = {
        "key": "string",
        "rule": "string",
        "reason": "string",
        "candidates": "int64",
        "chosen_key": "string",
        "other_key": "string",
    }
    return Matched(matches_of(lower, higher, chosen), engine.relation(nothing, []))


@dataclass(frozen=True)
class Limits:
    """What must not be in one record.

    Attributes:
        foes: `left`, `right`: own records that must stay apart; None without any.
        values: as `expressions.identifying`, units are own records; None where nobody asks.
        most: identifier type -> how many values one customer may have.
    """

    foes: ir.Table | None = None
    values: ir.Table | None = None
    most: Mapping[str, int] = field(default_factory=dict)


def connect_records(
    engine: Engine, matches: Mapping[int, ir.Table], groups_of: ir.Table, limits: Limits
) -> ir.Table:
    """Connected components over all links of all tables, except where something forbids it.

    Args:
        engine: finds components.
        matches: rank -> links of the table (`link_table`).
        groups_of: `node`: the own record of every dedup group of every table.
        limits: never match, and how many values one customer may have.

    Returns:
        `node` and `record`: the smallest own record of its component, which is of the table
        highest in the match order.
    """
    parts = [
        table.filter(table.rule.notnull()).select(
            "score",
            "rule_index",
            "left_key",
            "right_key",
            left="record",
            right=record_of(rank, table.group),
        )
        for rank, table in matches.items()
    ]
    links = engine.keep(ibis.union(*parts) if len(parts) > 1 else parts[0])
    labels = engine.keep(groups.label(engine, links))
    if concerned := _concerned(engine, labels, limits):
        within = groups.of_components(engine, labels, concerned).select(_node="node")
        keys = [links.left_key, links.right_key, links.left, links.right]
        order = [links.score.desc(), links.rule_index, *keys]
        ranked = links.mutate(place=ibis.row_number().over(order_by=order))
        wanted = ranked.semi_join(within, ranked.left == within._node)
        foes = [] if limits.foes is None else groups.pairs_of_nodes(engine, limits.foes)
        apart = Apart(foes=foes, most=limits.most)
        labels = groups.part(engine, labels, wanted, apart, limits.values).labels
    joined = groups_of.left_join(labels, "node")
    return joined.select("node", record=ibis.coalesce(joined.component, joined.node))


def _concerned(engine: Engine, labels: ir.Table, limits: Limits) -> list[int]:
    """The components in which foes are, or more values than one customer may have."""
    found: set[int] = set()
    if limits.foes is not None:
        found.update(groups.meeting(engine, labels, limits.foes))
    if limits.values is not None:
        found.update(groups.crowds(engine, labels, limits.values, limits.most))
    return sorted(found)
