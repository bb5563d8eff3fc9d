"""Linking by components: for id graphs, where higher records must fuse."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.unify import groups
from identity_pipeline.unify.candidates import CANDIDATE, Side, candidates_of
from identity_pipeline.unify.match import Matched, MatchTask, forced_offers, matches_of, record_of


def link_table(engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask) -> Matched:
    """Every pair of groups that any rule links; nothing is chosen, so nothing is ambiguous.

    `record` is the higher group's own record; `connect_records` makes records of the links.
    """
    offers = [forced_offers(engine, lower, higher, task)]
    offers += [
        candidates_of(rule, index, dict(higher), lower, task.lists)
        for index, rule in enumerate(task.rules, start=1)
    ]
    found = ibis.union(*offers).select(*CANDIDATE) if len(offers) > 1 else offers[0]
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


def connect_records(
    engine: Engine, matches: Mapping[int, ir.Table], groups_of: ir.Table, foes: ir.Table | None
) -> ir.Table:
    """Connected components over all links of all tables, except where never match forbids.

    Args:
        engine: finds components.
        matches: rank -> links of the table (`link_table`).
        groups_of: `node`: the own record of every dedup group of every table.
        foes: `left`, `right`: own records that must stay apart; None without any.

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
    if foes is not None and (met := groups.meeting(engine, labels, foes)):
        within = labels.filter(labels.component.isin(met)).select(_node="node")
        keys = [links.left_key, links.right_key, links.left, links.right]
        order = [links.score.desc(), links.rule_index, *keys]
        ranked = links.mutate(place=ibis.row_number().over(order_by=order))
        concerned = ranked.semi_join(within, ranked.left == within._node)
        labels = groups.part(engine, labels, concerned, foes)
    joined = groups_of.left_join(labels, "node")
    return joined.select("node", record=ibis.coalesce(joined.component, joined.node))
