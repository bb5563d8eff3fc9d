"""Bridges against networkx, on random graphs and on graphs too deep for recursion."""

import random

import networkx as nx
import pytest

from identity_pipeline.evidence.bridges import bridges

MANY = 100_000


@pytest.mark.parametrize("seed", range(40))
def test_bridges_are_those_of_networkx(seed):
    rng = random.Random(seed)
    graph = nx.gnm_random_graph(60, rng.randint(20, 110), seed=seed)
    pairs = [pair if rng.random() < 0.5 else pair[::-1] for pair in graph.edges]
    rng.shuffle(pairs)

    found = bridges(pairs)

    assert {tuple(sorted(pair)) for pair in found} == {tuple(sorted(p)) for p in nx.bridges(graph)}
    assert found <= set(pairs)


SHAPES = [
    # pairs, how many of them are bridges
    ([(n, n + 1) for n in range(MANY)], MANY),
    ([(n, (n + 1) % MANY) for n in range(MANY)], 0),
    ([(0, n) for n in range(1, MANY)], MANY - 1),
    ([(n, m) for n in range(300) for m in range(n)], 0),
]


@pytest.mark.parametrize(("pairs", "count"), SHAPES, ids=["path", "circle", "star", "all"])
def test_a_customer_of_many_keys_is_searched_to_its_end(pairs, count):
    assert len(bridges(pairs)) == count
