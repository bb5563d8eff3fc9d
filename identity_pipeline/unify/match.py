"""Matching: attach the records of a table to consolidated records of higher tables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.record_names import record_of
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.unify.ambiguities import ambiguities_of
from identity_pipeline.unify.apart import NEVER_MATCH, place_apart
from identity_pipeline.unify.candidates import CANDIDATE, Side, best_first
from identity_pipeline.unify.changed_rows import difference
from identity_pipeline.unify.crowding import uncrowd
from identity_pipeline.unify.groups import pairs_of_nodes
from identity_pipeline.unify.offers import (
    MatchTask,
    at_places,
    candidates_in,
    every_offer,
    offers_of,
)
from identity_pipeline.unify.shared_devices import shared_devices
from identity_pipeline.unify.winner import first_of


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
        identities: whom the events of shared devices name (`devices.IDENTITIES`); None for none.
    """

    matches: ir.Table
    ambiguities: ir.Table
    identities: ir.Table | None = None


def match_table(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> Matched:
    """Attach each dedup group of a table to one consolidated record, or let it start its own.

    The first rule that allows a record ends the search. A group never joins two records
    into one: with several candidates it goes to the best (`candidates.best_first`), and the case
    is an ambiguity.
    """
    offers = engine.keep(offers_of(engine, lower, higher, task))
    shared = shared_devices(engine, lower, higher, task, offers)
    if shared is not None:
        offers, task = shared.offers, shared.task
    allowed = offers.filter(~offers.forbidden)
    chosen = engine.keep(allowed.filter(first_of(allowed, "group", best_first(allowed))))
    displaced: list[ir.Table] = []
    foes = _foes(engine, lower, task.never_within) if task.never_within is not None else None
    if foes is not None:
        chosen, given_up = _apart_within(engine, (lower, foes), higher, task, chosen)
        displaced.append(given_up.mutate(reason=ibis.literal(NEVER_MATCH)))
    if task.maxima is not None:
        found = uncrowd(engine, lower, higher, task, (chosen, foes))
        chosen = found.chosen
        displaced += [found.displaced] if found.displaced is not None else []
    matches = matches_of(lower, higher, chosen)
    ambiguities = ambiguities_of(lower, offers, chosen, displaced)
    if shared is None:
        return Matched(matches, ambiguities)
    return Matched(matches, shared.told(lower, ambiguities, chosen), shared.identities)


def store_matches(engine: Engine, table: str, matches: ir.Table, *, is_alike: bool = False) -> bool:
    """Store a table's matches, one row a group.

    Args:
        engine: has those that are stored.
        table: the source's name.
        matches: as `Matched.matches`.
        is_alike: whether those that are stored were made by the same configuration.

    Returns:
        Whether it was those that changed alone that were stored: MATCHES_TOUCHED has their groups.
    """
    name = names.matches(table)
    found = difference(engine, matches, engine.table(name), "group") if is_alike else None
    if found is None:
        engine.store(name, matches)
        return False
    groups = found.gone.union(found.rows.select("group"), distinct=True)
    engine.store(names.matches_touched(table), groups)
    engine.amend(name, "group", found.gone, found.rows)
    return True


def _foes(engine: Engine, lower: Side, never_within: ir.Table) -> ir.Table:
    """Pairs of keys that must stay apart as pairs of groups, `left` and `right`."""
    groups = lower.rows.select("_key", "_group").distinct()
    one = never_within.join(groups, never_within.key1 == groups._key)
    one = one.select("key2", left="_group")
    other = another(groups)
    # Kept before groups are compared: else the engine begins with every pair that differs.
    foes = engine.keep(one.join(other, one.key2 == other._key).select("left", right="_group"))
    return engine.keep(foes.filter(foes.left != foes.right).distinct())


def _apart_within(
    engine: Engine,
    side: tuple[Side, ir.Table],
    higher: Mapping[str, Side],
    task: MatchTask,
    chosen: ir.Table,
) -> tuple[ir.Table, ir.Table]:
    """Keep foes of one table out of one record: the better match stays, the other goes on."""
    lower, foes = side
    involved = foes.select(group="left").union(foes.select(group="right"), distinct=True)
    rows = engine.keep(lower.rows.semi_join(involved, lower.rows._group == involved.group))
    part = replace(lower, rows=rows)
    offers = engine.keep(every_offer(engine, part, higher, task))
    picked = place_apart(candidates_in(engine, offers), pairs_of_nodes(engine, foes))
    places = {group: candidate.place for group, candidate in picked.items()}
    placed = at_places(engine, offers, places).select(*chosen.columns)
    others = chosen.anti_join(involved, "group")
    kept = engine.keep(others.union(placed))
    before = chosen.semi_join(involved, "group")
    displaced = before.anti_join(placed, ["group", "record"]).select(*CANDIDATE)
    return kept, engine.keep(displaced)


def matches_of(lower: Side, higher: Mapping[str, Side], chosen: ir.Table) -> ir.Table:
    """Every group of the table with what it was attached to; columns as `Matched.matches`."""
    groups = lower.rows.filter(lower.rows._is_winner).select(_of="_group", key="_key")
    joined = groups.left_join(chosen, groups._of == chosen.group)
    tables = [(side.rank, side.name) for side in higher.values()]
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
        left_table=joined.left_rank.cases(*tables) if tables else ibis.null("string"),
    )
