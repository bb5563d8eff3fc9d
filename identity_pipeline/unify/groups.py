"""Groups of rows: linked directly or through others, except where never match forbids it."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.views import another
from identity_pipeline.unify.apart import group_apart

LABELS = {"node": "int64", "component": "int64"}


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
    both = left.join(other, left.right == other.node).select("one", other="component")
    met = both.filter(both.one == both.other).select("one").distinct()
    return sorted(int(str(component)) for (component,) in engine.rows(met))


def part(engine: Engine, labels: ir.Table, links: ir.Table, foes: ir.Table) -> ir.Table:
    """Group the nodes of components in which foes met again, best link first.

    Args:
        labels: `node`, `component`: the groups as links alone make them.
        links: every link within those components, with `place`: 1 is the best.
        foes: `left`, `right`: nodes that must stay apart.

    Returns:
        Labels of all nodes, in which no two foes share a component.
    """
    ordered = links.order_by("place").select("left", "right")
    grouped = group_apart(pairs_of_nodes(engine, ordered), pairs_of_nodes(engine, foes))
    new = engine.keep(engine.relation(LABELS, sorted(grouped.items())))
    return labels.anti_join(new, "node").union(new)


def pairs_of_nodes(engine: Engine, pairs: ir.Table) -> list[tuple[int, int]]:
    """Fetch a few pairs, `left` and `right`."""
    return [(int(str(left)), int(str(right))) for left, right in engine.rows(pairs)]


def with_group(rows: ir.Table, labels: ir.Table) -> ir.Table:
    """Add `_group` to rows with `_ordinal`; a row without links is a group of its own."""
    joined = rows.left_join(labels, rows._ordinal == labels.node)
    group = ibis.coalesce(joined.component, joined._ordinal)
    return joined.mutate(_group=group).drop("node", "component")
