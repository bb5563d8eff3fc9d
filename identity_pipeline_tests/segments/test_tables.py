"""SegmentMembership, and a segment's table with Customer's and projected columns."""

import datetime

import pytest

from identity_pipeline.segments.tables import membership_table, segment_table
from identity_pipeline_tests.segments.world import COLUMNS, World, customers, segment

NINE = datetime.datetime(2024, 5, 30, 9)
MEMBERS = {"segment": "string", "CustomerId": "string"}

SHOP = World(
    {
        "customer": customers(("a", "Ann"), ("b", "Bob"), ("c", "Cid")),
        "activity": [
            ("a", "Look", NINE, 1, None),
            ("a", "Look", NINE, 2, None),
            ("a", "Buy", NINE, 2, None),
            ("c", "Look", NINE, 2, None),
        ],
        "orders": [("o1", "1", "7", 10, "gift"), ("o2", "1", "7", 20, None)],
        "alternate_keys": [("Shop|Contacts|1", "a"), ("Shop|Friends|7", "b")],
    }
)


def members(engine, *rows):
    return engine.keep(engine.relation(MEMBERS, [tuple(row.split()) for row in rows]))


def shown(engine, one, *rows):
    """A segment's table: CustomerId and the columns beside Customer's."""
    table = segment_table(SHOP.tables(engine), one, members(engine, *rows))
    added = [name for name in table.columns if name not in COLUMNS["customer"]]
    return sorted(engine.rows(table.select("CustomerId", *added)), key=str)


def test_a_segments_table_has_every_column_of_its_members(engine):
    table = segment_table(SHOP.tables(engine), segment({"Age": 1}), members(engine, "s a", "t b"))

    assert engine.rows(table) == [tuple(SHOP.rows["customer"][0])]


PROJECTED = [
    # projected columns, rows
    ("activity.Title", [("a", "Buy"), ("a", "Look"), ("b", None)]),
    (
        ["activity.Title", "activity.Amount"],
        [("a", "Buy", 2), ("a", "Look", 1), ("a", "Look", 2), ("b", None, None)],
    ),
    ("scores.Band", [("a", None), ("b", None)]),
]


@pytest.mark.parametrize(("columns", "rows"), PROJECTED)
def test_a_member_has_a_row_for_each_different_related_row_or_one_without(engine, columns, rows):
    assert shown(engine, segment({"Age": 1}, project=columns), "s a", "s b", "t c") == rows


def test_related_rows_are_shown_by_the_path_that_the_rule_takes(engine):
    one = segment({"orders": {"path": ["ordered_for"]}}, project=["orders.Total"])

    assert shown(engine, one, "s a", "s b") == [("a", None), ("b", 10), ("b", 20)]


def test_each_row_shows_the_columns_of_one_table(engine):
    one = segment({"orders": {"path": ["ordered_by"]}}, project=["orders.Total", "activity.Title"])

    assert shown(engine, one, "s a") == [
        ("a", 10, None),
        ("a", 20, None),
        ("a", None, "Buy"),
        ("a", None, "Look"),
    ]


def test_a_customer_has_one_row_of_membership_for_each_type_of_its_segments(engine):
    segments = [segment({"Age": 1}, name) for name in ("young", "b_2", "a")]
    segments.append(segment({"Age": 1}, "old", kind="static"))
    rows = members(engine, "young a", "b_2 a", "a a", "old a", "old b")

    table = membership_table(rows, segments).drop("SegmentMembershipId")
    assert sorted(engine.rows(table)) == [
        ("a", "identity_pipeline", "dynamic", '["a","b_2","young"]', "a|identity_pipeline|dynamic"),
        ("a", "identity_pipeline", "static", '["old"]', "a|identity_pipeline|static"),
        ("b", "identity_pipeline", "static", '["old"]', "b|identity_pipeline|static"),
    ]


def test_without_members_nobody_has_a_row_of_membership(engine):
    assert engine.rows(membership_table(members(engine), [segment({"Age": 1})])) == []
