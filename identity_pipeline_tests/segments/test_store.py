"""A run of segments stores every table; a repeated run changes nothing."""

import dataclasses
import datetime

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.segments.store import SegmentSizes, store_segments
from identity_pipeline.terms import names
from identity_pipeline_tests.segments import random_rules
from identity_pipeline_tests.segments.test_oracle import random_segments
from identity_pipeline_tests.segments.world import World, customers, segment

MAY_1, MAY_2 = datetime.date(2024, 5, 1), datetime.date(2024, 5, 2)
PROFILES = {"customer_id": "string", "state": "string", "merged_into": "string"}
OLD, NEW = segment({"Age": {"gt": 1}}, "old"), segment({"Age": {"le": 1}}, "new")
TABLES = (
    names.SEGMENT_CHANGES,
    names.SEGMENT_MEMBERSHIP,
    names.SEGMENT_RULES,
    names.SEGMENT_OVERLAP,
    names.SEGMENT_DIFFERENTIATORS,
)


def run(engine, world, segments, day, merged=()):
    """Store the segments of a day."""
    rows = [("live", "live", None), *((old, "merged", now) for old, now in merged)]
    engine.store(names.PROFILE_REGISTRY, engine.relation(PROFILES, rows))
    tables = world.tables(engine)
    dated = engine.keep(engine.relation({"day": "date"}, [(day,)]))
    tables = dataclasses.replace(tables, day=dated.day.as_scalar())
    return store_segments(engine, tables, segments, day)


def people(**ages):
    """Customers by id, with their ages."""
    return World({"customer": customers(*((one, None, None, age) for one, age in ages.items()))})


def stored(engine, segments):
    every = [*TABLES, *(names.segment(one.name) for one in segments)]
    return {str(name): sorted(engine.rows(engine.table(name)), key=str) for name in every}


def test_sizes_tell_members_those_before_and_who_came_and_went(engine):
    run(engine, people(a=1, b=1, c=5), [OLD, NEW], MAY_1)

    assert run(engine, people(a=1, b=5, c=5), [OLD, NEW], MAY_2) == {
        "old": SegmentSizes(members=2, before=1, entered=1, left=0),
        "new": SegmentSizes(members=1, before=2, entered=0, left=1),
    }


def test_two_members_that_merged_and_left_are_one_customer_who_left(engine):
    run(engine, people(a=1, b=1), [NEW], MAY_1)
    sizes = run(engine, people(a=5), [NEW], MAY_2, merged=[("b", "a")])

    assert sizes["new"] == SegmentSizes(members=0, before=1, entered=0, left=1)


def test_a_segment_that_lost_all_members_has_an_empty_table(engine):
    run(engine, people(a=1), [NEW], MAY_1)
    run(engine, people(a=5), [NEW], MAY_2)

    assert engine.size(names.segment("new")) == 0


@pytest.mark.parametrize("segments", [[], [NEW], [OLD, NEW]], ids=["none", "one", "two"])
def test_without_customers_every_table_is_there_and_empty(engine, segments):
    run(engine, World(), segments, MAY_1)

    assert [engine.size(name) for name in TABLES if name != names.SEGMENT_RULES] == [
        len(segments),  # each had its first run
        *(0, 0, 0),
    ]


def _two_days(seed, threads):
    """Everything that is stored after two days."""
    segments = [
        one.model_copy(update={"kind": "static"}) if number % 3 == 0 else one
        for number, one in enumerate(random_segments(seed)[:9])
    ]
    with open_engine(None) as opened:
        opened.connection.execute(f"set threads = {threads}")
        for number, day in enumerate((MAY_1, MAY_2, MAY_2)):
            world = random_rules.shuffled(random_rules.world(seed + min(number, 1)), threads)
            run(opened.engine, world, segments, day)
            if number:
                yield stored(opened.engine, segments)


def test_a_repeated_run_changes_nothing():
    first, again = _two_days(60, threads=2)

    assert again == first


def test_neither_the_order_of_rows_nor_the_number_of_threads_matters():
    assert list(_two_days(70, threads=1)) == list(_two_days(70, threads=4))
