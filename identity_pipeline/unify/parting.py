"""Parting: deduplication groups cut where something must not be in one record."""

from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.identifying import identifying_values
from identity_pipeline.unify import groups
from identity_pipeline.unify.apart import Apart
from identity_pipeline.unify.links import (
    DeduplicationTask,
    Linker,
    automatic_links,
    best_first,
    custom_links,
    key_pairs,
)
from identity_pipeline.unify.pairs import chain_by_values, pairs_of
from identity_pipeline.unify.stars import star_of, stars_within

# Groups of so many rows are linked anew by every pair; of larger ones the pairs would be too many,
# and stars give the same groups.
MOST_PAIRED_ROWS = 1000
NO_FOES = {"left": "int64", "right": "int64"}


@dataclass(frozen=True)
class Linked:
    """Links between rows, and the groups they make.

    Attributes:
        custom: links by rules and always match.
        links: those and automatic ones.
        labels: `node`, `component`.
        refused: `left`, `right` and `refused`: links between two groups, and why; None where every
            link counts.
    """

    custom: ir.Table
    links: ir.Table
    labels: ir.Table
    refused: ir.Table | None = None


@dataclass(frozen=True)
class _Hindered:
    """What is in the way: pairs under never match, and values; the components it concerns."""

    foes: ir.Table | None
    values: ir.Table | None
    met: list[int]
    large: list[int]
    crowds: list[int]

    @property
    def components(self) -> list[int]:
        """All of them."""
        return [*self.met, *self.large, *self.crowds]


def parted(engine: Engine, rows: ir.Table, linked: Linked, task: DeduplicationTask) -> Linked:
    """Part the groups in which foes are, or more identifying values than one customer may have.

    Links of a rule only chain its rows: where a group is parted, a part may have none of them. So
    groups with foes are linked anew by every pair, large ones by stars, and those with too many
    values - one may have thousands of rows - by chains along their values.
    """
    found = _hindered(engine, rows, linked, task)
    if not found.components:
        return linked
    labels = linked.labels
    concerned = engine.keep(
        groups.of_components(engine, labels, found.components).select(_node="node")
    )
    part = engine.keep(rows.semi_join(concerned, rows._ordinal == concerned._node))
    foes = [] if found.foes is None else groups.pairs_of_nodes(engine, found.foes)
    apart = Apart(foes=foes, most=task.maxima.most if task.maxima else {})

    def grouped(custom: ir.Table, links: ir.Table) -> Linked:
        result = groups.part(engine, labels, best_first(part, links), apart, found.values)
        return Linked(custom, links, engine.keep(result.labels), result.refused)

    anew = grouped(*_linked_anew(engine, rows, labels, task, found))
    if found.large:
        nodes = groups.of_components(engine, labels, found.large).select(_node="node")
        large = engine.keep(rows.semi_join(nodes, rows._ordinal == nodes._node))
        while further := _further(engine, large, task, anew):
            anew = grouped(*further)

    def instead(chains: ir.Table, every: ir.Table) -> ir.Table:
        others = chains.anti_join(concerned, chains.left == concerned._node)
        return engine.keep(others.union(every))

    return replace(
        anew,
        custom=instead(linked.custom, anew.custom),
        links=instead(linked.links, anew.links),
    )


def _hindered(engine: Engine, rows: ir.Table, linked: Linked, task: DeduplicationTask) -> _Hindered:
    foes, values = None, None
    met: list[int] = []
    crowds: list[int] = []
    if task.never is not None:
        foes = engine.keep(key_pairs(rows, task.never))
        met = groups.meeting(engine, linked.labels, foes)
    if task.maxima is not None:
        columns = task.maxima.columns[task.step.table]
        values = identifying_values(rows, columns, task.maxima.most, "_ordinal")
    if task.maxima is not None and values is not None:
        values = engine.keep(values)
        crowds = groups.crowds(engine, linked.labels, values, task.maxima.most)
    others = set(met)
    large = set(_large(engine, linked.labels, met))
    return _Hindered(
        foes,
        values,
        [one for one in met if one not in large],
        sorted(large),
        [one for one in crowds if one not in others],
    )


def _large(engine: Engine, labels: ir.Table, components: list[int]) -> list[int]:
    """Those of some components that have more than MOST_PAIRED_ROWS rows."""
    if not components:
        return []
    few = groups.of_components(engine, labels, components)
    sizes = few.group_by("component").aggregate(rows=few.count())
    large = sizes.filter(sizes.rows > MOST_PAIRED_ROWS).select("component")
    return [int(str(component)) for (component,) in engine.rows(large)]


def _further(
    engine: Engine, large: ir.Table, task: DeduplicationTask, anew: Linked
) -> tuple[ir.Table, ir.Table] | None:
    """Links by rules, and all links, with those that the parting of large groups calls for.

    None where it calls for none.
    """
    linker = stars_within(engine, anew.labels)
    custom = custom_links(engine, large, task, linker)
    every = engine.keep(custom.union(automatic_links(engine, large, task, linker)))
    fresh = engine.keep(every.anti_join(anew.links, ["left", "right", "rule_index"]))
    if not engine.count(fresh):
        return None
    own = fresh.filter(fresh.rule_index.between(0, len(task.rules)))
    return engine.keep(anew.custom.union(own)), engine.keep(anew.links.union(fresh))


def _linked_anew(
    engine: Engine, rows: ir.Table, labels: ir.Table, task: DeduplicationTask, found: _Hindered
) -> tuple[ir.Table, ir.Table]:
    """Links by rules, and all links, of the rows concerned."""
    ways: list[tuple[list[int], Linker]] = []
    if found.met:
        ways.append((found.met, pairs_of))
    if found.large:
        ways.append((found.large, star_of))
    if found.crowds:
        ways.append((found.crowds, chain_by_values))
    custom, every = [], []
    for components, linker in ways:
        nodes = groups.of_components(engine, labels, components).select(_node="node")
        part = rows.semi_join(nodes, rows._ordinal == nodes._node)
        part = engine.keep(_with_brought(part, found.values))
        own = engine.keep(custom_links(engine, part, task, linker))
        custom.append(own)
        every.append(engine.keep(own.union(automatic_links(engine, part, task, linker))))
    if len(ways) == 1:
        return custom[0], every[0]
    return engine.keep(ibis.union(*custom)), engine.keep(ibis.union(*every))


def _with_brought(rows: ir.Table, values: ir.Table | None) -> ir.Table:
    """Rows with `_brought`: their identifying values as one text."""
    if values is None:
        return rows.mutate(_brought=ibis.null("string"))
    values = values.filter(values.value.notnull())
    told = values.identifier_type + "=" + values.value
    brought = values.group_by(_of="unit").aggregate(
        _brought=ibis.literal(";").join(told.collect().unique().sort())
    )
    return rows.left_join(brought, rows._ordinal == brought._of).drop("_of")
