"""Connected components agree with networkx, in memory and through the engine."""

import random
from itertools import pairwise

import duckdb
import networkx as nx
import pytest

from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.components import connect
from identity_pipeline.engine.duckdb import DuckDBEngine


@pytest.fixture
def engine() -> DuckDBEngine:
    return DuckDBEngine(duckdb.connect())


def through_the_engine(engine, edges):
    return connect(engine, edges)


def in_memory(engine, edges):
    return engine.components(edges)


WAYS = [through_the_engine, in_memory]


def components(way, engine: Engine, edges: list[tuple[int, int]]) -> dict[int, int]:
    table = engine.relation({"left": "int64", "right": "int64"}, edges)
    return dict(engine.rows(way(engine, table).select("node", "component")))


def by_networkx(edges: list[tuple[int, int]]) -> dict[int, int]:
    parts = nx.connected_components(nx.Graph(edges))
    return {node: min(part) for part in parts for node in part}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_agree_with_networkx(engine, way, seed):
    rng = random.Random(seed)
    edges = [(rng.randrange(300), rng.randrange(300)) for _ in range(rng.randrange(50, 300))]

    assert components(way, engine, edges) == by_networkx(edges)


@pytest.mark.parametrize("way", WAYS)
def test_a_shuffled_path_of_a_hundred_thousand_nodes_is_one_component(engine, way):
    nodes = list(range(100_000))
    random.Random(1).shuffle(nodes)

    found = components(way, engine, list(pairwise(nodes)))

    assert found == dict.fromkeys(nodes, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], {}),
        ([(7, 7)], {7: 7}),
        ([(1, 2), (2, 1), (1, 2)], {1: 1, 2: 1}),
        ([(5, leaf) for leaf in range(6, 50)], dict.fromkeys(range(5, 50), 5)),
    ],
)
def test_small_graphs(engine, way, edges, expected):
    assert components(way, engine, edges) == expected
