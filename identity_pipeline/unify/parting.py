"""Parting: deduplication groups cut where something must not be in one record."""

from dataclasses import dataclass

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
    crowds: list[int]


def parted(engine: Engine, rows: ir.Table, linked: Linked, task: DeduplicationTask) -> Linked:
    """Part the groups in which foes are, or more identifying values than one customer may have.

    Links of a rule only chain its rows: where a group is parted, a part may have none of them. So
    groups with foes are linked anew by every pair, and those with too many values - one may
    have thousands of rows - by chains along their values.
    """
    found = _hindered(engine, rows, linked, task)
    if not found.met and not found.crowds:
        return linked
    labels = linked.labels
    concerned = engine.keep(
        labels.filter(labels.component.isin([*found.met, *found.crowds])).select(_node="node")
    )
    custom, links = _linked_anew(engine, rows, labels, task, found)
    foes = [] if found.foes is None else groups.pairs_of_nodes(engine, found.foes)
    apart = Apart(foes=foes, most=task.maxima.most if task.maxima else {})
    part = rows.semi_join(concerned, rows._ordinal == concerned._node)
    ranked = best_first(part, links)
    result = groups.part(engine, labels, ranked, apart, found.values)

    def instead(chains: ir.Table, every: ir.Table) -> ir.Table:
        others = chains.anti_join(concerned, chains.left == concerned._node)
        return engine.keep(others.union(every))

    return Linked(
        custom=instead(linked.custom, custom),
        links=instead(linked.links, links),
        labels=engine.keep(result.labels),
        refused=result.refused,
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
    return _Hindered(foes, values, met, [one for one in crowds if one not in others])


def _linked_anew(
    engine: Engine, rows: ir.Table, labels: ir.Table, task: DeduplicationTask, found: _Hindered
) -> tuple[ir.Table, ir.Table]:
    """Links by rules, and all links, of the rows concerned."""
    ways: list[tuple[list[int], Linker]] = []
    if found.met:
        ways.append((found.met, pairs_of))
    if found.crowds:
        ways.append((found.crowds, chain_by_values))
    custom, every = [], []
    for components, linker in ways:
        nodes = labels.filter(labels.component.isin(components)).select(_node="node")
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
