"""Bridges: edges without which a customer's keys would part."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine

Node = TypeVar("Node", bound=Hashable)
PAIR = ("left_identifier", "right_identifier")


def bridges(pairs: Iterable[tuple[Node, Node]]) -> set[tuple[Node, Node]]:
    """The pairs whose removal parts a graph; each as it was given.

    A depth-first search without recursion: a pair is a bridge where nothing below its lower end
    reaches above it by another way. Time and memory grow with the number of pairs.

    Args:
        pairs: two different nodes each, no two nodes twice, in either direction.
    """
    neighbours: dict[Node, list[Node]] = defaultdict(list)
    given = {}
    for pair in pairs:
        one, other = pair
        neighbours[one].append(other)
        neighbours[other].append(one)
        given[one, other] = given[other, one] = pair
    found: set[tuple[Node, Node]] = set()
    depth: dict[Node, int] = {}
    reach: dict[Node, int] = {}
    for start, beside in neighbours.items():
        if start in depth:
            continue
        depth[start] = reach[start] = 0
        path = [(start, start, iter(beside))]
        while path:
            node, above, others = path[-1]
            for other in others:
                if other == above:
                    continue
                if other in depth:
                    reach[node] = min(reach[node], depth[other])
                else:
                    depth[other] = reach[other] = depth[node] + 1
                    path.append((other, node, iter(neighbours[other])))
                    break
            else:
                path.pop()
                if node == above:
                    continue
                reach[above] = min(reach[above], reach[node])
                if reach[node] > depth[above]:
                    found.add(given[above, node])
    return found


def with_bridges(engine: Engine, edges: ir.Table) -> ir.Table:
    """Add `is_bridge` to edges.

    Two rules that link the same keys are no bridges, nor is an edge whose values a third key
    shares. A record with one link fewer than keys is a tree: all that is left of it are bridges.
    Only the records that have a circle are searched.

    Args:
        engine: keeps the links between distinct keys.
        edges: `record`, `left_identifier`, `right_identifier`, `shared_by`; the edges of a record
            connect all of its keys that have an edge.
    """
    between = edges.filter(edges.left_identifier != edges.right_identifier)
    pairs = engine.keep(
        between.group_by("record", *PAIR).aggregate(
            rules=between.count(), shared_by=between.shared_by.max()
        )
    )
    circles = engine.keep(_with_circle(pairs))
    searched = pairs.semi_join(circles, "record")
    found = bridges((str(one), str(other)) for one, other in engine.rows(searched.select(*PAIR)))
    columns = {"_left": "string", "_right": "string"}
    bridging = engine.relation(columns, sorted(found)).mutate(_is_bridge=ibis.literal(True))
    single = pairs.filter((pairs.rules == 1) & (pairs.shared_by <= 2))
    of_trees = single.anti_join(circles, "record").select(
        _left="left_identifier", _right="right_identifier", _is_bridge=ibis.literal(True)
    )
    of_circles = single.join(
        bridging,
        [single.left_identifier == bridging._left, single.right_identifier == bridging._right],
    ).select("_left", "_right", "_is_bridge")
    both = of_trees.union(of_circles)
    joined = edges.left_join(
        both, [edges.left_identifier == both._left, edges.right_identifier == both._right]
    )
    marked = joined.mutate(is_bridge=joined._is_bridge.fill_null(False))
    return marked.drop("_left", "_right", "_is_bridge")


def _with_circle(pairs: ir.Table) -> ir.Table:
    """The records that have as many links as keys, or more."""
    ends = pairs.select("record", key="left_identifier").union(
        pairs.select("record", key="right_identifier"), distinct=True
    )
    keys = ends.group_by("record").aggregate(keys=ends.count())
    links = pairs.group_by("record").aggregate(links=pairs.count())
    both = keys.join(links, "record")
    return both.filter(both.links >= both.keys).select("record")
