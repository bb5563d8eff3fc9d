"""Offers: what each group of a table may be attached to, by overrides and rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.terms.rules import ALWAYS_MATCH
from identity_pipeline.terms.splink import SplinkRule
from identity_pipeline.terms.unification import AnyMatchRule
from identity_pipeline.unify.apart import Candidate
from identity_pipeline.unify.candidates import CANDIDATE, Side, best_first, candidates_of
from identity_pipeline.unify.devices import DeviceTask
from identity_pipeline.unify.maxima import Maxima
from identity_pipeline.unify.splink_pairs import Scores, score_rules, scored_candidates

PLACES = {"_group": "int64", "_place": "int64"}


@dataclass(frozen=True)
class MatchTask:
    """What decides matching besides the values.

    Attributes:
        rules: the table's active rules, in order.
        lists: bypass and alias lists, and guards of values.
        always, never: `key` of this table, `other_table`, `other_key` of a higher one; None
            without overrides.
        never_within: `key1`, `key2` of this table that must stay apart; None without overrides.
        maxima: how many values one customer may have; None where nobody asks.
        devices: what tells whom events name; None where keys cannot be shared devices.
        barred: `group` and `record` that a policy of shared devices keeps apart; None without any.
        scores: what probabilistic rules say of the table.
    """

    rules: tuple[AnyMatchRule, ...]
    lists: ValueLists = ValueLists()
    always: ir.Table | None = None
    never: ir.Table | None = None
    never_within: ir.Table | None = None
    maxima: Maxima | None = None
    devices: DeviceTask | None = None
    barred: ir.Table | None = None
    scores: Scores = Scores()


def with_scores(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> MatchTask:
    """The task with what its probabilistic rules say, where it has any."""
    rules = tuple(rule for rule in task.rules if isinstance(rule, SplinkRule))
    if not rules or task.scores.pairs:
        return task
    return replace(task, scores=score_rules(engine, lower, higher, rules, task.lists))


def offers_of(engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask) -> ir.Table:
    """Candidates rule by rule, each rule on the groups that earlier ones left."""
    forbidden = engine.keep(_forced(lower, higher, task.never)) if task.never is not None else None
    found = [_flag(forced_offers(engine, lower, higher, task), forbidden)]
    waiting = lower
    for index, rule in enumerate(task.rules, start=1):
        taken = found[-1].filter(~found[-1].forbidden).select("group").distinct()
        rows = waiting.rows.anti_join(taken, waiting.rows._group == taken.group)
        waiting = replace(lower, rows=engine.keep(rows))
        offered = offers_by(rule, index, higher, waiting, task)
        found.append(engine.keep(_flag(offered, forbidden)))
    return ibis.union(*found) if len(found) > 1 else found[0]


def offers_by(
    rule: AnyMatchRule, index: int, higher: Mapping[str, Side], lower: Side, task: MatchTask
) -> ir.Table:
    """The candidates of one rule for a table's groups, whatever kind of rule it is."""
    if isinstance(rule, SplinkRule):
        return scored_candidates(rule, index, lower, task.scores)
    return candidates_of(rule, index, dict(higher), lower, task.lists)


def _flag(offers: ir.Table, forbidden: ir.Table | None) -> ir.Table:
    if forbidden is None:
        return offers.mutate(forbidden=ibis.literal(False))
    refused = forbidden.select(_group="group", _record="record", _refused=ibis.literal(True))
    joined = offers.left_join(
        refused, [offers.group == refused._group, offers.record == refused._record]
    )
    return joined.mutate(forbidden=joined._refused.fill_null(False)).drop(
        "_group", "_record", "_refused"
    )


def _forced(lower: Side, higher: Mapping[str, Side], pairs: ir.Table) -> ir.Table:
    """Pairs of overrides as groups and records, with what evidence of them there is."""
    sides = [
        side.rows.select(
            other_table=ibis.literal(side.name),
            left_rank=ibis.literal(side.rank, "int64"),
            left_key="_key",
            target_key="_target",
            record="_record",
            left_is_winner="_is_winner",
            left_ordinal="_ordinal",
        )
        for side in higher.values()
    ]
    above = ibis.union(*sides) if len(sides) > 1 else sides[0]
    named = lower.rows.join(pairs, lower.rows._key == pairs.key)
    joined = named.select(
        "other_key",
        _table="other_table",
        group="_group",
        right_key="_key",
        right_is_winner="_is_winner",
        right_ordinal="_ordinal",
    )
    return joined.join(
        above, [joined._table == above.other_table, joined.other_key == above.left_key]
    ).drop("_table", "other_table", "other_key")


def forced_offers(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> ir.Table:
    """Always-match pairs as candidates that come before those of any rule."""
    if task.always is None:
        return engine.relation(CANDIDATE, [])
    forced = _forced(lower, higher, task.always)
    one = ibis.literal(1.0)
    complete = forced.mutate(
        rule=ibis.literal(ALWAYS_MATCH),
        rule_index=ibis.literal(0, "int64"),
        score=one,
        scores=ibis.array([one]),
        left_values=ibis.literal([], "array<string>"),
        right_values=ibis.literal([], "array<string>"),
        alternates=ibis.literal(0, "int64"),
        left_number=ibis.null("decimal(38, 9)"),
    )
    return engine.keep(complete.select(*CANDIDATE))


def offers_by_all(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> ir.Table:
    """The candidates of always match and of every rule, whatever the others find."""
    offers = [forced_offers(engine, lower, higher, task)]
    offers += [
        offers_by(rule, index, higher, lower, task)
        for index, rule in enumerate(task.rules, start=1)
    ]
    return ibis.union(*offers) if len(offers) > 1 else offers[0]


def every_offer(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> ir.Table:
    """Every allowed candidate by every rule, with its `place` among its group's: 1 is the best."""
    forbidden = engine.keep(_forced(lower, higher, task.never)) if task.never is not None else None
    found = _flag(offers_by_all(engine, lower, higher, task), forbidden)
    allowed = found.filter(~found.forbidden)
    if task.barred is not None:
        allowed = allowed.anti_join(task.barred, ["group", "record"])
    place = ibis.row_number().over(group_by="group", order_by=best_first(allowed)) + 1
    return allowed.mutate(place=place)


def candidates_in(engine: Engine, offers: ir.Table) -> list[Candidate]:
    """Fetch a few candidates, with their places."""
    rows = engine.rows(
        offers.select("group", "place", "rule_index", "score", "alternates", "right_key", "record")
    )
    return [
        Candidate(
            group=int(str(group)),
            place=int(str(place)),
            quality=(int(str(rule)), -float(str(score)), int(str(alternates))),
            key=str(key),
            record=int(str(record)),
        )
        for group, place, rule, score, alternates, key, record in rows
    ]


def at_places(engine: Engine, offers: ir.Table, places: Mapping[int, int]) -> ir.Table:
    """The candidates at a place of some groups: group -> place."""
    wanted = engine.keep(engine.relation(PLACES, sorted(places.items())))
    return offers.join(wanted, [offers.group == wanted._group, offers.place == wanted._place])
