"""Groups of rows: linked directly or through others, except where something forbids it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.views import another
from identity_pipeline.unify.apart import Apart, group_apart
from identity_pipeline.unify.maxima import crowded, fetched, fetched_shared

LABELS = {"node": "int64", "component": "int64"}
REFUSED = {"left": "int64", "right": "int64", "refused": "string"}


@dataclass(frozen=True)
class Parted:
    """Groups in which nothing is together that must not be.

    Attributes:
        labels: `node`, `component`, of all nodes.
        refused: `left`, `right` and `refused`: the links that lie between two groups, and why.
    """

    labels: ir.Table
    refused: ir.Table


def label(engine: Engine, links: ir.Table) -> ir.Table:
    """Connected components of links: `node` and `component`, the group's smallest node."""
    if not engine.count(links):
        return engine.relation(LABELS, [])
    return engine.components(links.select("left", "right"))


def meeting(engine: Engine, labels: ir.Table, foes: ir.Table) -> list[int]:
    """The components in which a forbidden pair has met, ascending.

    Args:
        labels: `node`, `component`.
        foes: `left`, `right`: nodes that must stay apart.
    """
    left = foes.join(labels, foes.left == labels.node).select("right", one="component")
    other = another(labels)
    # Kept before they are compared: else the engine begins with every pair of one component.
    both = left.join(other, left.right == other.node).select("one", other="component")
    both = engine.keep(both)
    met = both.filter(both.one == both.other).select("one").distinct()
    return sorted(int(str(component)) for (component,) in engine.rows(met))


def crowds(
    engine: Engine, labels: ir.Table, values: ir.Table, most: Mapping[str, int]
) -> list[int]:
    """The components that have more values than one customer may have, or a shared key, ascending.

    Args:
        labels: `node`, `component`.
        values: as `expressions.identifying`; units are nodes.
        most: identifier type -> the maximum.
    """
    held = values.join(labels, values.unit == labels.node)
    held = held.select("identifier_type", "value", "shared", unit="component")
    shared = held.filter(held.shared.notnull()).select("unit")
    found = crowded(held, most).union(shared, distinct=True)
    return sorted(int(str(component)) for (component,) in engine.rows(found))


def part(
    engine: Engine, labels: ir.Table, links: ir.Table, apart: Apart, values: ir.Table | None = None
) -> Parted:
    """Group the nodes of some components again, best link first.

    Args:
        labels: `node`, `component`: the groups as links alone make them.
        links: enough links within those components, with `place`: 1 is the best.
        apart: what must not meet; its values are those of `values`.
        values: as `expressions.identifying`; units are nodes.
    """
    edges = pairs_of_nodes(engine, links.order_by("place").select("left", "right"))
    if values is not None:
        nodes = links.select(_node="left").union(links.select(_node="right"), distinct=True)
        here = engine.keep(values.semi_join(nodes, values.unit == nodes._node))
        shared = fetched_shared(engine, here, apart.most)
        apart = replace(apart, values=fetched(engine, here), shared=shared)
    grouped = group_apart(edges, apart)
    new = engine.keep(engine.relation(LABELS, sorted(grouped.labels.items())))
    refused = sorted(set(grouped.refused))
    return Parted(
        labels=labels.anti_join(new, "node").union(new),
        refused=engine.keep(engine.relation(REFUSED, refused)),
    )


def pairs_of_nodes(engine: Engine, pairs: ir.Table) -> list[tuple[int, int]]:
    """Fetch pairs, `left` and `right`, in their order."""
    found = engine.to_arrow(pairs)
    left, right = (found.column(name).to_pylist() for name in ("left", "right"))
    return list(zip(left, right, strict=True))


def of_components(engine: Engine, labels: ir.Table, components: Sequence[int]) -> ir.Table:
    """The rows of `labels` that are of some components, however many these are."""
    wanted = engine.relation({"component": "int64"}, [(one,) for one in components])
    return labels.semi_join(wanted, "component")
