"""Connected components: exact, to convergence, for a chain of any length."""

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms.errors import NoConvergence

Nodes = npt.NDArray[np.int64]

# Alternating large-star and small-star needs about log2(longest chain) rounds: 20 for a million.
MAX_ROUNDS = 100


def number_components(left: Nodes, right: Nodes) -> tuple[Nodes, Nodes]:
    """Connected components in memory.

    Args:
        left, right: the edges' ends, any int64, of one length.

    Returns:
        Every node once, ascending, and beside it the smallest node of its component.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    ends = places.reshape(2, -1)
    size = len(nodes)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (ends[0], ends[1])), shape=(size, size))
    count, labels = connected_components(graph, directed=False)
    # Nodes are ascending, so a component's first appearance is its smallest node.
    first = np.full(count, size, dtype=np.int64)
    np.minimum.at(first, labels, np.arange(size))
    return nodes, nodes[first[labels]]


def connect(engine: Engine, edges: ir.Table) -> ir.Table:
    """Connected components through any engine: alternating large-star and small-star.

    Args:
        engine: stores two tables a round.
        edges: `left` and `right`, int64.

    Returns:
        One row a node: `node`, and `component`, the smallest node of its component.

    Raises:
        NoConvergence: past MAX_ROUNDS, which is far beyond what any chain needs.

    Source:
        Kiveris et al., "Connected Components in MapReduce and Beyond" (2014).
    """
    pairs = engine.keep(_downwards(edges.left, edges.right, edges))
    for _ in range(MAX_ROUNDS):
        after = engine.keep(_small_star(engine.keep(_large_star(pairs))))
        if not engine.count(pairs.difference(after)) and not engine.count(after.difference(pairs)):
            return _labels(after, edges)
        pairs = after
    raise NoConvergence(f"connected components did not settle in {MAX_ROUNDS} rounds")


def _downwards(left: ir.IntegerColumn, right: ir.IntegerColumn, edges: ir.Table) -> ir.Table:
    """Every edge once, from its larger node to its smaller one; loops are left out."""
    pairs = edges.select(node=ibis.greatest(left, right), smaller=ibis.least(left, right))
    return pairs.filter(pairs.node != pairs.smaller).distinct()


def _large_star(pairs: ir.Table) -> ir.Table:
    """Connect each node's larger neighbours to the smallest of its neighbourhood."""
    ways = pairs.union(pairs.select(node=pairs.smaller, smaller=pairs.node))
    least = ways.group_by("node").aggregate(least=ways.smaller.min())
    least = least.select("node", least=ibis.least(least.node, least.least))
    larger = ways.filter(ways.smaller > ways.node).join(least, "node")
    return _downwards(larger.smaller, larger.least, larger)


def _small_star(pairs: ir.Table) -> ir.Table:
    """Connect each node and its smaller neighbours to the smallest of them."""
    least = pairs.group_by("node").aggregate(least=pairs.smaller.min())
    smaller = pairs.join(least, "node")
    joined = smaller.select(left=smaller.smaller, right=smaller.least)
    itself = least.select(left=least.node, right=least.least)
    both = joined.union(itself)
    return _downwards(both.left, both.right, both)


def _labels(stars: ir.Table, edges: ir.Table) -> ir.Table:
    labelled = stars.select("node", component=stars.smaller)
    nodes = edges.select(node=edges.left).union(edges.select(node=edges.right), distinct=True)
    others = nodes.anti_join(labelled, "node")
    return labelled.union(others.select("node", component=others.node))
