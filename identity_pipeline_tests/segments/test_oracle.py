"""Members are those of a slow plain-Python reading, on random rules over random tables."""

from random import Random

import pytest

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.segments.membership import segment_flags
from identity_pipeline.segments.rules import rule_counts, rule_members, whole_rule
from identity_pipeline.terms.segments import Quick, Segment
from identity_pipeline_tests.segments import oracle, random_rules
from identity_pipeline_tests.segments.world import World, segment

RULES_A_WORLD = 30
QUICK = [
    {"by": by, size: number}
    for by in ("Age", "spent", "Joined", "Seen", "scores.Score")
    for size, number in (
        ("top", 3),
        ("bottom", 4),
        ("top", 100),
        ("top_percent", 10),
        ("bottom_percent", 33),
        ("top_percent", 100),
    )
]


def random_segments(seed: int) -> list[Segment]:
    random = Random(seed)
    return [segment(random_rules.rule(random), f"s{n}") for n in range(RULES_A_WORLD)]


def found(engine: DuckDBEngine, world: World, segments: list[Segment]) -> dict[str, set[str]]:
    flags = segment_flags(world.tables(engine), segments)
    rows = engine.rows(flags)
    return {
        one.name: {str(row[0]) for row in rows if row[place]}
        for place, one in enumerate(segments, start=1)
    }


@pytest.mark.parametrize("seed", range(8))
def test_members_are_those_of_the_oracle(engine, seed):
    world, segments = random_rules.world(seed), random_segments(seed)

    expected = {one.name: oracle.members(world, one.rule) for one in segments}
    assert found(engine, world, segments) == expected


@pytest.mark.parametrize("seed", range(3))
def test_quick_members_are_those_of_the_oracle(engine, seed):
    world = random_rules.world(seed)
    segments = [
        Segment.model_validate({"name": f"s{n}", "quick": quick}) for n, quick in enumerate(QUICK)
    ]

    expected = {
        one.name: oracle.quick_members(world, Quick.model_validate(quick))
        for one, quick in zip(segments, QUICK, strict=True)
    }
    assert found(engine, world, segments) == expected


@pytest.mark.parametrize("seed", range(20, 23))
def test_neither_the_order_of_rows_nor_the_number_of_threads_matters(engine, seed):
    world, segments = random_rules.world(seed), random_segments(seed)
    before = found(engine, world, segments)
    engine.connection.execute("set threads = 1")

    assert found(engine, random_rules.shuffled(world, seed + 1), segments) == before


@pytest.mark.parametrize("seed", range(30, 33))
def test_each_segment_alone_has_the_members_that_it_has_among_others(engine, seed):
    world, segments = random_rules.world(seed), random_segments(seed)[:8]
    together = found(engine, world, segments)

    alone = {one.name: found(engine, world, [one])[one.name] for one in segments}
    assert alone == together


def test_the_members_of_one_rule_are_those_of_the_oracle(engine):
    world = random_rules.world(40)
    tables = world.tables(engine)
    rules = [one.rule for one in random_segments(40)[:10]]

    members = [engine.rows(rule_members(tables, rule, ("rule",))) for rule in rules]
    assert [sorted(str(one) for (one,) in rows) for rows in members] == [
        sorted(oracle.members(world, rule)) for rule in rules
    ]


@pytest.mark.parametrize("seed", range(50, 53))
def test_each_part_of_a_rule_has_the_members_that_it_would_have_as_a_rule(engine, seed):
    world, segments = random_rules.world(seed), random_segments(seed)

    counted = rule_counts(world.tables(engine), segments).select("segment", "rule", "members")
    assert set(engine.rows(counted)) == {
        (one.name, part.path, len(oracle.members(world, part.rule)))
        for one in segments
        for part in whole_rule(one).walk()
    }
