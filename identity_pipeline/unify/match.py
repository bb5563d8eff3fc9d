"""Matching: attach the records of a table to consolidated records of higher tables."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import ALWAYS_MATCH, MatchRule
from identity_pipeline.unify.apart import Candidate, place_apart
from identity_pipeline.unify.candidates import CANDIDATE, Side, best_first, candidates_of
from identity_pipeline.unify.groups import pairs_of_nodes
from identity_pipeline.unify.winner import first_of

# A record is named by the rank and group of the dedup group that started it: rank * RANK + group.
# A table may have 2**40 rows, an environment 2**23 tables.
RANK = 2**40

SEVERAL = "several candidates"
NEVER = "never match"


@dataclass(frozen=True)
class MatchTask:
    """What decides matching besides the values.

    Attributes:
        rules: the table's active rules, in order.
        lists: bypass and alias lists.
        always, never: `key` of this table, `other_table`, `other_key` of a higher one; None
            without overrides.
        never_within: `key1`, `key2` of this table that must stay apart; None without overrides.
    """

    rules: tuple[MatchRule, ...]
    lists: ValueLists = ValueLists()
    always: ir.Table | None = None
    never: ir.Table | None = None
    never_within: ir.Table | None = None


@dataclass(frozen=True)
class Matched:
    """What matching one table gives.

    Attributes:
        matches: one row a dedup group of the table: `group`, `key` (its winner's), `record`, and
            the evidence: `rule`, `rule_index`, `score`, `scores`, `left_values`, `right_values` (as
            compared), `left_table`, `left_key`, `right_key`, `left_is_winner`, `right_is_winner`,
            `left_ordinal`, `right_ordinal` (the rows that matched); NULL where nothing matched.
        ambiguities: `key`, `rule`, `reason`, `candidates` (how many records were possible or
            refused), `chosen_key` and `other_key` (winners of higher records; NULL for none).
    """

    matches: ir.Table
    ambiguities: ir.Table


def record_of(rank: int, group: ir.IntegerValue) -> ir.IntegerValue:
    """The record that a dedup group starts when it matches nothing."""
    return group + ibis.literal(rank * RANK, "int64")


def match_table(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> Matched:
    """Attach each dedup group of a table to one consolidated record, or let it start its own.

    The first rule that allows a record ends the search. A group never joins two records
    into one: with several candidates it goes to the best (`candidates.best_first`), and the case
    is an ambiguity.
    """
    offers = engine.keep(_offers(engine, lower, higher, task))
    allowed = offers.filter(~offers.forbidden)
    chosen = engine.keep(allowed.filter(first_of(allowed, "group", best_first(allowed))))
    displaced = engine.relation(CANDIDATE, [])
    if task.never_within is not None:
        chosen, displaced = _apart_within(engine, lower, higher, task, chosen)
    return Matched(
        matches=matches_of(lower, higher, chosen),
        ambiguities=_ambiguities(lower, offers, chosen, displaced),
    )


def _offers(engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask) -> ir.Table:
    """Candidates rule by rule, each rule on the groups that earlier ones left."""
    forbidden = engine.keep(_forced(lower, higher, task.never)) if task.never is not None else None
    found = [_flag(forced_offers(engine, lower, higher, task), forbidden)]
    waiting = lower
    for index, rule in enumerate(task.rules, start=1):
        taken = found[-1].filter(~found[-1].forbidden).select("group").distinct()
        rows = waiting.rows.anti_join(taken, waiting.rows._group == taken.group)
        waiting = Side(lower.name, lower.rank, engine.keep(rows), lower.primary_key)
        offered = candidates_of(rule, index, dict(higher), waiting, task.lists)
        found.append(engine.keep(_flag(offered, forbidden)))
    return ibis.union(*found) if len(found) > 1 else found[0]


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


def _apart_within(
    engine: Engine,
    lower: Side,
    higher: Mapping[str, Side],
    task: MatchTask,
    chosen: ir.Table,
) -> tuple[ir.Table, ir.Table]:
    """Keep foes of one table out of one record: the better match stays, the other goes on."""
    assert task.never_within is not None
    groups = lower.rows.select("_key", "_group").distinct()
    one = task.never_within.join(groups, task.never_within.key1 == groups._key)
    one = one.select("key2", left="_group")
    other = another(groups)
    foes = one.join(other, one.key2 == other._key).select("left", right="_group")
    foes = engine.keep(foes.filter(foes.left != foes.right).distinct())
    involved = foes.select(group="left").union(foes.select(group="right"), distinct=True)
    rows = engine.keep(lower.rows.semi_join(involved, lower.rows._group == involved.group))
    part = Side(lower.name, lower.rank, rows, lower.primary_key)
    offers = engine.keep(_every_offer(engine, part, higher, task))
    picked = place_apart(_candidates(engine, offers), pairs_of_nodes(engine, foes))
    places = engine.relation(
        {"_group": "int64", "_place": "int64"},
        [(group, candidate.place) for group, candidate in sorted(picked.items())],
    )
    placed = offers.join(places, [offers.group == places._group, offers.place == places._place])
    placed = placed.select(*chosen.columns)
    others = chosen.anti_join(involved, "group")
    kept = engine.keep(others.union(placed))
    before = chosen.semi_join(involved, "group")
    displaced = before.anti_join(placed, ["group", "record"]).select(*CANDIDATE)
    return kept, engine.keep(displaced)


def _every_offer(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> ir.Table:
    forbidden = engine.keep(_forced(lower, higher, task.never)) if task.never is not None else None
    offers = [forced_offers(engine, lower, higher, task)]
    offers += [
        candidates_of(rule, index, dict(higher), lower, task.lists)
        for index, rule in enumerate(task.rules, start=1)
    ]
    found = _flag(ibis.union(*offers), forbidden)
    allowed = found.filter(~found.forbidden)
    place = ibis.row_number().over(group_by="group", order_by=best_first(allowed)) + 1
    return allowed.mutate(place=place)


def _candidates(engine: Engine, offers: ir.Table) -> list[Candidate]:
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


def matches_of(lower: Side, higher: Mapping[str, Side], chosen: ir.Table) -> ir.Table:
    """Every group of the table with what it was attached to; columns as `Matched.matches`."""
    groups = lower.rows.filter(lower.rows._is_winner).select(_of="_group", key="_key")
    joined = groups.left_join(chosen, groups._of == chosen.group)
    names = [(side.rank, side.name) for side in higher.values()]
    return joined.select(
        "key",
        "rule",
        "rule_index",
        "score",
        "scores",
        "left_values",
        "right_values",
        "left_key",
        "right_key",
        "left_is_winner",
        "right_is_winner",
        "left_ordinal",
        "right_ordinal",
        group="_of",
        record=ibis.coalesce(joined.record, record_of(lower.rank, joined._of)),
        left_table=joined.left_rank.cases(*names) if names else ibis.null("string"),
    )


def _ambiguities(lower: Side, offers: ir.Table, chosen: ir.Table, displaced: ir.Table) -> ir.Table:
    allowed = offers.filter(~offers.forbidden)
    several = allowed.group_by("group").aggregate(candidates=allowed.record.nunique())
    several = several.filter(several.candidates > 1)
    picks = chosen.select(_group="group", rule="rule", chosen_key="target_key", _record="record")
    rivals = allowed.join(several, "group").join(picks, ibis._.group == picks._group)
    rivals = rivals.filter(rivals.record != rivals._record)
    rival = rivals.filter(first_of(rivals, "group", best_first(rivals)))
    ambiguous = rival.select(
        "group",
        "chosen_key",
        "candidates",
        rule="rule_right",
        reason=ibis.literal(SEVERAL),
        other_key="target_key",
    )
    refused = _refused(offers.filter(offers.forbidden).select(*CANDIDATE).union(displaced), picks)
    names = lower.rows.filter(lower.rows._is_winner).select(_of="_group", key="_key")
    both = ambiguous.union(refused.select(*ambiguous.columns))
    return both.join(names, both.group == names._of).select(
        "key", "rule", "reason", "candidates", "chosen_key", "other_key"
    )


def _refused(refused: ir.Table, picks: ir.Table) -> ir.Table:
    count = refused.group_by("group").aggregate(candidates=refused.record.nunique())
    first = refused.filter(first_of(refused, "group", best_first(refused)))
    joined = first.join(count, "group").left_join(picks.drop("rule"), ibis._.group == picks._group)
    return joined.select(
        "group",
        "chosen_key",
        "candidates",
        "rule",
        reason=ibis.literal(NEVER),
        other_key="target_key",
    )
