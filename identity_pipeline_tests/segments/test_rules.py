"""Rules: the page's segments, set operators, rows of other tables, quick choices, parts counted."""

import datetime

import pytest

from identity_pipeline.engine import statements
from identity_pipeline.segments.membership import segment_flags
from identity_pipeline.segments.rules import rule_counts, rule_members
from identity_pipeline.terms.segments import Segment
from identity_pipeline_tests.segments.world import World, customers, rule, segment, unbound

NINE = datetime.datetime(2024, 5, 30, 9)


def person(name, status="known", **columns):
    """A customer whose id is its name."""
    order = ("Name", "Tier", "Age", "Joined", "Seen", "Consent")
    return (name, *(columns.get(column) for column in order), status)


PAGE = World(
    {
        # Eve looked while she was unknown; Ada looked and bought; Web5 never said who it is.
        "customer": [
            person("ada", Tier="gold"),
            person("eve", Tier="gold"),
            person("ben"),
            person("web5", "unknown"),
        ],
        "attributes": [("ada", 1, 1, None), ("eve", 1, 0, None), ("web5", 1, 0, None)],
        "activity": [
            ("ada", "Product view", NINE, None, False),
            ("ada", "Checkout", NINE, None, False),
            ("eve", "Product view", NINE, None, True),
            ("web5", "Product view", NINE, None, True),
            (None, "Checkout", NINE, None, True),
        ],
    }
)

PAGES = [
    # what the page says, the rule, members
    (
        "known, looked at products, never checked out",
        {
            "except": [
                {"intersect": [{"IdentityStatus": "known"}, {"product_views": {"gt": 0}}]},
                {"checkouts": {"gt": 0}},
            ]
        },
        "eve",
    ),
    (
        "no loyalty tier, never checked out",
        {"except": [{"Tier": None}, {"activity": {"where": {"Title": "Checkout"}}}]},
        "ben web5",
    ),
    (
        "known now, was active while still unknown",
        {"IdentityStatus": "known", "activity": {"where": {"was_unknown_at_event": True}}},
        "eve",
    ),
    (
        "unknown, looked at products",
        {"IdentityStatus": "unknown", "product_views": {"ge": 1}},
        "web5",
    ),
]


def members(engine, world, written):
    found = rule_members(world.tables(engine), rule(written), ("rule",))
    return " ".join(sorted(str(one) for (one,) in engine.rows(found)))


@pytest.mark.parametrize(("said", "written", "expected"), PAGES)
def test_the_segments_of_the_page(engine, said, written, expected):
    assert members(engine, PAGE, written) == expected


@pytest.mark.parametrize(("said", "written", "expected"), PAGES)
def test_a_customer_is_in_a_segment_or_not_but_never_in_doubt(engine, said, written, expected):
    flags = segment_flags(PAGE.tables(engine), [segment(written)])

    assert {row[1] for row in engine.rows(flags)} == {True, False}


SETS = World(
    {
        "customer": customers(("a", "A"), ("b", "B"), ("c", "C"), ("d", "D"), ("e", None)),
        "activity": [
            ("a", "x", NINE, 1, None),
            ("a", "x", NINE, 2, None),
            ("b", "y", NINE, 9, None),
        ],
        "visits": [("c", "home", 3), ("gone", "home", 3)],
        "scores": [("a", 7, "high")],
        "orders": [
            ("o1", "1", "7", 10, None),
            ("o2", "2", "8", 20, None),
            ("o3", "9", None, 30, None),
            ("o4", None, None, 40, None),
        ],
        "lines": [
            ("l1", "o1", "Mug"),
            ("l2", "o1", "Mug"),
            ("l3", "o2", "Tea"),
            ("l4", "o9", "Mug"),
        ],
        # Contacts 1 and 2 are one customer: one of the keys is an alternate.
        "alternate_keys": [
            ("Shop|Contacts|1", "a"),
            ("Shop|Contacts|2", "a"),
            ("Shop|Friends|7", "b"),
            ("Shop|Friends|8", "c"),
        ],
    }
)
A_B, B_C = {"Name": {"in": ["A", "B"]}}, {"Name": {"in": ["B", "C"]}}

CASES = [
    # rule, members
    ({"union": [A_B, B_C]}, "a b c"),
    ({"intersect": [A_B, B_C]}, "b"),
    ({"except": [A_B, B_C]}, "a"),
    ({"except": [{"not": {"Name": "E"}}, A_B, {"Name": "D"}]}, "c e"),
    ({"union": [{"except": [A_B, B_C]}, {"Name": "D"}]}, "a d"),
    ({"not": {"any": [A_B, B_C]}}, "d e"),
    ({"not": {"Name": {"ne": "A"}}}, "a e"),  # a missing value is no answer, not holds for it
    ({"Name": {"ne": "A"}}, "b c d"),
    ({"Name": "A", "scores.Score": {"gt": 5}}, "a"),
    ({"scores.Band": None}, "b c d e"),
    ({"product_views": None}, "a b c d e"),
    ({"activity": {"where": {"Title": "x"}}}, "a"),
    ({"activity": {"count": {"eq": 0}}}, "c d e"),
    ({"activity": {"where": {"Title": "x"}, "count": 0}}, "b c d e"),
    ({"activity": {"count": {"le": 1}}}, "b c d e"),
    ({"activity": {"where": {"Amount": {"gt": 1}}, "count": 1}}, "a b"),
    ({"visits": {"where": {"times": {"ge": 3}}}}, "c"),
    ({"scores": {"count": {"ge": 1}}}, "a"),
    ({"customer": {"where": {"scores.Score": 7}}}, "a"),
    ({"orders": {"path": ["ordered_by"]}}, "a"),
    ({"orders": {"path": ["ordered_by"], "count": 2}}, "a"),
    ({"orders": {"path": ["ordered_for"]}}, "b c"),
    ({"lines": {"path": ["line_of", "ordered_by"], "where": {"Product": "Mug"}, "count": 2}}, "a"),
    ({"lines": {"path": ["line_of", "ordered_for"], "where": {"Product": "Tea"}}}, "c"),
]


@pytest.mark.parametrize(("written", "expected"), CASES)
def test_the_members_of_a_rule(engine, written, expected):
    assert members(engine, SETS, written) == expected


def test_rules_over_one_table_read_it_once_whatever_their_number():
    segments = [
        segment({"activity": {"where": {"Title": f"t{n}"}, "count": {"ge": n}}}, f"s{n}")
        for n in range(20)
    ]
    query = statements.select(segment_flags(unbound(), segments))

    assert query.count('FROM "activity"') == 1


AGES = World(
    {
        "customer": customers(
            *((f"c{n}", None, None, age) for n, age in enumerate([5, 9, 9, None, 1]))
        )
    }
)
QUICK = [
    # quick choice, members
    ({"by": "Age", "top": 1}, "c1"),  # of equal ages the smaller CustomerId
    ({"by": "Age", "top": 2}, "c1 c2"),
    ({"by": "Age", "bottom": 2}, "c0 c4"),
    ({"by": "Age", "top": 9}, "c0 c1 c2 c4"),  # never a customer without a value
    ({"by": "Age", "top_percent": 1}, "c1"),  # rounded up
    ({"by": "Age", "top_percent": 25}, "c1"),
    ({"by": "Age", "top_percent": 26}, "c1 c2"),
    ({"by": "Age", "bottom_percent": 50}, "c0 c4"),
    ({"by": "Age", "top_percent": 100}, "c0 c1 c2 c4"),
    ({"by": "product_views", "top": 3}, ""),
]


@pytest.mark.parametrize(("quick", "expected"), QUICK)
def test_the_members_of_a_quick_segment(engine, quick, expected):
    chosen = Segment.model_validate({"name": "s", "quick": quick})
    flags = segment_flags(AGES.tables(engine), [chosen])

    found = sorted(str(one) for one, inside in engine.rows(flags) if inside)
    assert " ".join(found) == expected


def counts(engine, *segments):
    return engine.rows(
        rule_counts(SETS.tables(engine), segments).order_by("segment", "position").drop("segment")
    )


def test_each_part_of_a_rule_is_counted_alone_and_after_those_before_it(engine):
    written = {
        "except": [
            {"union": [{"Name": "A"}, B_C, {"Name": "D"}]},
            {"Name": {"in": ["A", "D"]}},
            {"not": {"Name": "C"}},
        ]
    }

    assert [
        (path, alone, left) for _, path, _, alone, left in counts(engine, segment(written))
    ] == [
        ("rule", 1, 1),
        ("except[0]", 4, 4),
        ("except[0].union[0]", 1, 1),
        ("except[0].union[1]", 2, 3),
        ("except[0].union[2]", 1, 4),
        ("except[1]", 2, 2),
        ("except[2]", 4, 1),
        ("except[2].not", 1, 4),
    ]


def test_columns_that_must_all_hold_are_counted_one_by_one(engine):
    found = counts(engine, segment({"Name": A_B["Name"], "activity": {"where": {"Title": "y"}}}))

    assert [row[1:] for row in found] == [
        ("rule", "Name: [A, B], activity: {where: {Title: y}}", 1, 1),
        ("Name", "Name: [A, B]", 2, 2),
        ("activity", "activity: {where: {Title: y}}", 1, 1),
    ]


TEXTS = [
    # rule, its text
    ({"Name": "A"}, "Name: A"),
    ({"Tier": None}, "Tier: {is_null: true}"),
    ({"Age": {"ge": 1, "lt": 5}}, "Age: {ge: 1, lt: 5}"),
    ({"Seen": {"within_last": "30 days"}}, "Seen: {within_last: 30 days}"),
    ({"Name": {"in": ["a"], "ignore_case": True}}, "Name: {in: [a], ignore_case: true}"),
    ({"not": {"Consent": True}}, "not: {Consent: true}"),
    ({"any": [{"Name": "A"}, {"Age": 1}]}, "any: [{Name: A}, {Age: 1}]"),
    ({"orders": {"path": ["ordered_by"], "count": 0}}, "orders: {count: 0, path: [ordered_by]}"),
    ({"Name": {"in": ["x" * 60, "y" * 60]}}, f"Name: [{'x' * 60}, {'y' * 50}…"),
]


@pytest.mark.parametrize(("written", "text"), TEXTS)
def test_a_part_is_shown_as_it_is_written_cut_where_it_is_long(engine, written, text):
    assert counts(engine, segment(written))[0][2] == text


def test_a_quick_segment_is_one_part(engine):
    chosen = Segment.model_validate({"name": "s", "quick": {"by": "Age", "top": 3}})

    assert counts(engine, chosen) == [(0, "quick", "by: Age, top: 3", 0, 0)]


def test_without_customers_nobody_fits(engine):
    tables = World().tables(engine)
    found = rule_counts(tables, [segment({"Name": "A"})])

    assert engine.rows(found.select("members", "so_far")) == [(0, 0)]
