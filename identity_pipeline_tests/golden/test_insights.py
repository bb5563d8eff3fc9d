"""The sample's measures and segments in both modes and all runs."""

import pytest

from identity_pipeline_tests.golden.scenario import (
    ADA,
    BEN,
    CARLA,
    DEV,
    FAY,
    LOY708,
    POS12,
    POS13,
    WEB1,
    WEB5,
)

MEASURES = [
    # mode, run, product views and checkouts of those who have any
    ("off", "r1", {ADA: (0, 1)}),
    ("off", "r2", {ADA: (0, 1), LOY708: (1, 0)}),
    ("off", "r3", {ADA: (0, 1), LOY708: (1, 0), DEV: (1, 0)}),
    ("off", "r4", {ADA: (0, 1), LOY708: (1, 0)}),
    ("on", "r1", {ADA: (0, 1), WEB1: (1, 0), WEB5: (1, 0)}),
    ("on", "r2", {ADA: (0, 1), WEB1: (1, 0), WEB5: (1, 0)}),
    ("on", "r3", {ADA: (0, 1), WEB1: (1, 0), DEV: (1, 0)}),
    ("on", "r4", {ADA: (0, 1), WEB1: (1, 0), WEB5: (1, 0)}),
]


@pytest.mark.parametrize(("mode", "run", "expected"), MEASURES)
def test_views_and_checkouts_are_zero_for_all_others(mode, run, expected, request):
    scenario = request.getfixturevalue(mode)
    customers = [name for (name,) in scenario.rows(run, "select CustomerId from Customer")]

    rows = scenario.rows(run, "select CustomerId, product_views, checkouts from Customer_Measure")

    found = {customer: (views, checkouts) for customer, views, checkouts in rows}
    assert found == {customer: expected.get(customer, (0, 0)) for customer in customers}


UNKNOWN = [("off", [0, 0, 0, 0]), ("on", [4, 3, 2, 3])]


@pytest.mark.parametrize(("mode", "expected"), UNKNOWN)
def test_unknown_customers_of_each_run(mode, expected, request):
    scenario = request.getfixturevalue(mode)

    query = "select unknown_customers from Measure_unknown_customers"
    found = [scenario.rows(run, query)[0][0] for run in ("r1", "r2", "r3", "r4")]

    assert found == expected


S1, S2 = "viewed_never_bought", "unknown_viewers"
S3, S4 = "no_loyalty_never_bought", "known_active_while_unknown"
SHOPS = {BEN, CARLA, FAY, POS12, POS13}

SEGMENTS = [
    # segment, mode, members after each run
    (S1, "off", [set(), {LOY708}, {LOY708, DEV}, {LOY708}]),
    (S1, "on", [set(), {WEB1}, {WEB1, DEV}, {WEB1}]),
    (S2, "off", [set(), set(), set(), set()]),
    (S2, "on", [{WEB1, WEB5}, {WEB5}, set(), {WEB5}]),
    (S3, "off", [{BEN, CARLA}] * 4),
    (S3, "on", [SHOPS | {WEB1, WEB5}, SHOPS | {WEB5}, SHOPS, SHOPS]),
    (S4, "off", [set(), {LOY708}, {LOY708, DEV}, {LOY708}]),
    (S4, "on", [set(), {WEB1}, {WEB1, DEV}, {WEB1}]),
]


@pytest.mark.parametrize(("segment", "mode", "expected"), SEGMENTS)
def test_members_of_each_segment(segment, mode, expected, request):
    scenario = request.getfixturevalue(mode)

    found = [
        {name for (name,) in scenario.rows(run, f"select CustomerId from Segment_{segment}")}
        for run in ("r1", "r2", "r3", "r4")
    ]

    assert found == expected


def test_who_entered_and_left_is_remembered(on):
    query = f"""
        select ingestion_date::text, CustomerId, change from SegmentChanges
        where segment = '{S1}' and change <> 'started' order by all
    """

    assert on.rows("r4", query) == [
        ("2022-07-24", WEB1, "entered"),
        ("2022-07-25", DEV, "entered"),
        ("2022-07-26", DEV, "left"),
    ]


def test_membership_lists_the_segments_of_a_customer(on):
    query = f"select Segments from SegmentMembership where CustomerId = '{WEB1}'"

    assert on.rows("r4", query) == [(f'["{S4}","{S1}"]',)]
