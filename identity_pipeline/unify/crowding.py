"""Crowding: attachments that would give a customer more values than it may have."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.identifying import identifying_values
from identity_pipeline.terms.guards import most_values
from identity_pipeline.unify.apart import Candidate, Values, crowding, foes_of, union
from identity_pipeline.unify.candidates import Side
from identity_pipeline.unify.groups import pairs_of_nodes
from identity_pipeline.unify.maxima import Maxima, crowded, fetched
from identity_pipeline.unify.offers import MatchTask, at_places, candidates_in, every_offer

REASONS = {"_group": "int64", "reason": "string"}


@dataclass(frozen=True)
class Uncrowded:
    """Attachments that leave every customer its maximum.

    Attributes:
        chosen: the attachments.
        displaced: those refused, with `reason`; None where none was.
    """

    chosen: ir.Table
    displaced: ir.Table | None


@dataclass(frozen=True)
class _Brought:
    """The identifying values of groups of the table, and of the records above it; kept."""

    groups: ir.Table
    records: ir.Table


def uncrowd(
    engine: Engine,
    lower: Side,
    higher: Mapping[str, Side],
    task: MatchTask,
    attached: tuple[ir.Table, ir.Table | None],
) -> Uncrowded:
    """Refuse attachments past a maximum: the better ones stay, the others go on or stay alone.

    The best attachments of a record come first, by rule, score, own values before alternates',
    key. Groups that are refused then try their next candidates, the best group first; there
    they come after the groups that had the record as their first choice.

    Args:
        engine: fetches the few records concerned.
        lower, higher, task: as `match.match_table`; with maxima.
        attached: one candidate a group, as matching chose; and pairs of groups, `left`, `right`,
            that must stay apart.
    """
    assert task.maxima is not None
    chosen, foes = attached
    brought = _brought(engine, lower, higher, task.maxima)
    if brought is None:
        return Uncrowded(chosen, None)
    records = engine.keep(crowded(_values_at(chosen, brought), task.maxima.most))
    if not engine.count(records):
        return Uncrowded(chosen, None)
    concerned = engine.keep(chosen.semi_join(records, chosen.record == records.unit))
    room = _Room(task.maxima.most, fetched(engine, brought.records.semi_join(records, "unit")))
    values = _of_groups(engine, brought, concerned)
    refused = room.seat(candidates_in(engine, concerned.mutate(place=ibis.literal(1))), values)
    if not refused:
        return Uncrowded(chosen, None)
    reasons = engine.keep(engine.relation(REASONS, sorted(refused.items())))
    waiting = engine.keep(lower.rows.semi_join(reasons, lower.rows._group == reasons._group))
    part = replace(lower, rows=waiting)
    offers = engine.keep(every_offer(engine, part, higher, task))
    stay = engine.keep(chosen.anti_join(reasons, chosen.group == reasons._group))
    room.open(_occupied(engine, offers, stay, brought))
    barred = _barred(engine, stay, foes, refused)
    picked = room.place(candidates_in(engine, offers), values, barred)
    placed = at_places(engine, offers, picked)
    before = chosen.join(reasons, chosen.group == reasons._group).drop("_group")
    return Uncrowded(
        chosen=engine.keep(stay.union(placed.select(*chosen.columns))),
        displaced=engine.keep(before),
    )


def _brought(
    engine: Engine, lower: Side, higher: Mapping[str, Side], maxima: Maxima
) -> _Brought | None:
    most = maxima.most
    own = identifying_values(lower.rows, maxima.columns[lower.name], most, "_group")
    if own is None:
        return None
    above = [
        values
        for name, side in higher.items()
        if (values := identifying_values(side.rows, maxima.columns[name], most, "_record"))
        is not None
    ]
    if not above:
        records = own.filter(ibis.literal(False))
    else:
        records = ibis.union(*above, distinct=True) if len(above) > 1 else above[0]
    return _Brought(engine.keep(own), engine.keep(records))


def _values_at(chosen: ir.Table, brought: _Brought) -> ir.Table:
    """The values that each record with attachments has, with those attached."""
    here = chosen.select("group", "record")
    added = here.join(brought.groups, here.group == brought.groups.unit)
    added = added.select("identifier_type", "value", unit="record")
    taken = here.select("record").distinct()
    held = brought.records.semi_join(taken, brought.records.unit == taken.record)
    return added.union(held.select(*added.columns), distinct=True)


def _of_groups(engine: Engine, brought: _Brought, groups: ir.Table) -> dict[int, Values]:
    return fetched(engine, brought.groups.semi_join(groups, brought.groups.unit == groups.group))


def _occupied(
    engine: Engine, offers: ir.Table, stay: ir.Table, brought: _Brought
) -> dict[int, Values]:
    """The values of the records that refused groups may go to, with what is attached already."""
    wanted = engine.keep(offers.select(_record="record").distinct())
    held = brought.records.semi_join(wanted, brought.records.unit == wanted._record)
    there = stay.semi_join(wanted, stay.record == wanted._record).select("group", "record")
    added = there.join(brought.groups, there.group == brought.groups.unit)
    added = added.select("identifier_type", "value", unit="record")
    return fetched(engine, held.select(*added.columns).union(added, distinct=True))


def _barred(
    engine: Engine, stay: ir.Table, foes: ir.Table | None, refused: Collection[int]
) -> "_Barred":
    """Which groups must not meet, and where those that are attached are."""
    if foes is None:
        return _Barred({}, {})
    every = foes.select(_of="left").union(foes.select(_of="right"), distinct=True)
    placed = stay.semi_join(every, stay.group == every._of).select("group", "record")
    where = {int(str(group)): int(str(record)) for group, record in engine.rows(placed)}
    return _Barred(foes_of(pairs_of_nodes(engine, foes)), where)


@dataclass(frozen=True)
class _Barred:
    """The groups that each must not meet, and the records of those that have one."""

    foes: Mapping[int, set[int]]
    where: dict[int, int]

    def records(self, group: int) -> set[int]:
        """Where a group must not go."""
        return {self.where[foe] for foe in self.foes.get(group, ()) if foe in self.where}


class _Room:
    """Records, each with the values that it has by now."""

    def __init__(self, most: Mapping[str, int], held: Mapping[int, Values]) -> None:
        self._most = most
        self._held: dict[int, Values] = dict(held)
        self._refusing: dict[int, int] = {}

    def seat(
        self, candidates: Collection[Candidate], values: Mapping[int, Values]
    ) -> dict[int, str]:
        """Attach the best that fit to each record; the reason of every group refused."""
        refused: dict[int, str] = {}
        for one in sorted(candidates, key=lambda c: (c.record, c.quality, c.key, c.group)):
            if kind := self._take(one.record, values.get(one.group, {})):
                refused[one.group] = most_values(kind, self._most[kind])
                self._refusing[one.group] = one.record
        return refused

    def open(self, held: Mapping[int, Values]) -> None:
        """Take in the values of further records."""
        found: dict[int, Values] = defaultdict(dict, held)
        self._held = {**found, **{r: union(v, found.get(r, {})) for r, v in self._held.items()}}

    def place(
        self,
        candidates: Collection[Candidate],
        values: Mapping[int, Values],
        barred: _Barred,
    ) -> dict[int, int]:
        """Give refused groups their next candidate with room: group -> place."""
        offers: dict[int, list[Candidate]] = defaultdict(list)
        for candidate in sorted(candidates):
            offers[candidate.group].append(candidate)
        picked: dict[int, int] = {}
        for group in sorted(offers, key=lambda g: (offers[g][0].quality, offers[g][0].key, g)):
            closed = {self._refusing[group], *barred.records(group)}
            for one in offers[group]:
                if one.record in closed:
                    continue
                if self._take(one.record, values.get(group, {})) is None:
                    picked[group] = one.place
                    barred.where[group] = one.record
                    break
        return picked

    def _take(self, record: int, values: Values) -> str | None:
        """Give a record values; the identifier type of which it would have too many, if any."""
        together = union(self._held.get(record, {}), values)
        kind = crowding(together, self._most)
        if kind is None:
            self._held[record] = together
        return kind
