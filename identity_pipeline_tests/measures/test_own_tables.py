"""Customer and business measures: which rows their tables have, and what is in them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline_tests.measures.world import (
    World,
    acts,
    customers,
    measure,
)

WORLD = World(
    {
        "customer": [("ADA", "A", None, 1), ("BEN", "B", None, 2), ("EVE", "B", None, None)],
        "activity": acts(
            "ADA SalesOrder 07-01T10:00 Shoes 10.00",
            "ADA SalesOrder 07-02T10:00 Shoes 5.00",
            "ADA SalesOrder 07-03T10:00 - 1.00",
            "BEN SalesOrder 07-03T10:00 Hats 2.00",
            "BEN Other 07-04T10:00 Help",
            "- Other 07-04T10:00 Help",  # nobody's: it is in no measure
        ),
    }
)
SALES = {"ActivityType": "SalesOrder"}
SUMS = {"revenue": {"sum": "activity.Amount"}, "orders": {"count": "activity", "where": SALES}}
TABLES = [
    # what it shows, measure, rows
    (
        "a customer measure has a row a customer and dimension, a missing one included",
        {"kind": "customer", "by": ["Title"], "count": "activity", "where": SALES},
        {("ADA", "Shoes", 2), ("ADA", None, 1), ("BEN", "Hats", 1)},
    ),
    (
        "calculations stand side by side; a count of none is 0 where the row is there",
        {"kind": "customer", "by": ["Title"], "calculations": SUMS},
        {
            ("ADA", "Shoes", Decimal(15), 2),
            ("ADA", None, Decimal(1), 1),
            ("BEN", "Hats", Decimal(2), 1),
            ("BEN", "Help", None, 0),
        },
    ),
    (
        "the measure's where holds for all calculations",
        {"kind": "customer", "calculations": SUMS, "where": {"Title": "Shoes"}},
        {("ADA", Decimal(15), 2)},
    ),
    (
        "the measure's window holds for all calculations",
        {"kind": "business", "calculations": SUMS, "window": "24 days"},
        {(Decimal(3), 2)},
    ),
    (
        "a row that no calculation counts makes no row",
        {
            "kind": "business",
            "by": ["ActivityType"],
            "calculations": {
                "a": {"count": "activity", "where": {"Title": "Shoes"}},
                "b": {"count": "activity", "where": {"Title": "Hats"}},
            },
        },
        {("SalesOrder", 2, 1)},
    ),
    (
        "a business measure without dimensions is one number",
        {"kind": "business", "count": "customer", "where": {"Tier": "B"}},
        {(2,)},
    ),
    (
        "which is 0 where nothing counts",
        {"kind": "business", "count": "customer", "where": {"Tier": "C"}},
        {(0,)},
    ),
    (
        "or no value where nothing is added up",
        {"kind": "business", "sum": "activity.Amount", "where": {"Title": "Boots"}},
        {(None,)},
    ),
    (
        "null_as takes the place of no value",
        {"kind": "business", "sum": "activity.Amount", "where": {"Title": "Boots"}, "null_as": 7},
        {(Decimal(7),)},
    ),
    (
        "a formula calculates with its siblings, another formula included",
        {
            "kind": "customer",
            "calculations": {"double": {"formula": "each * 2"}, **SUMS}
            | {"each": {"formula": "revenue / orders"}},
        },
        {
            ("ADA", Decimal("10.666666"), Decimal(16), 3, Decimal("5.333333")),
            ("BEN", Decimal(4), Decimal(2), 1, Decimal(2)),
        },
    ),
    (
        "customers are counted by their attributes as well",
        {"kind": "business", "by": ["visits"], "count": "customer"},
        {(3, 1), (2, 1), (None, 1)},
    ),
    (
        "a customer measure's formula may use the customer's attributes",
        {
            "kind": "customer",
            "by": ["Title"],
            "calculations": {
                "here": {"count": "activity", "where": SALES},
                "share": {"formula": "here / visits"},
            },
        },
        {
            ("ADA", "Shoes", 2, Decimal("0.666667")),
            ("ADA", None, 1, Decimal("0.333333")),
            ("BEN", "Hats", 1, Decimal("0.500000")),
        },
    ),
]


@pytest.mark.parametrize(
    ("words", "rows"), [case[1:] for case in TABLES], ids=[c[0] for c in TABLES]
)
def test_the_table_of_a_measure(engine, words, rows):
    kinds = {"CustomerId": "string", "visits": "int64"}
    attributes = engine.relation(kinds, [("ADA", 3), ("BEN", 2), ("EVE", None)])
    tables = replace(WORLD.store(engine), attributes=attributes)

    found = measure_table(tables, measure(**words))

    assert set(engine.rows(found)) == rows


def test_without_any_row_a_business_number_is_there_all_the_same(engine):
    counted = {"n": {"count": "activity"}, "u": {"count_unique": "activity.Title"}}
    words = {"calculations": counted | {"s": {"sum": "activity.Amount"}}}

    found = measure_table(World().store(engine), measure(kind="business", **words))

    assert engine.rows(found) == [(0, 0, None)]


def test_a_measure_of_a_customer_measure_reads_its_table(engine):
    kinds = {"CustomerId": "string", "Title": "string", "n": "int64"}
    by_title = engine.relation(kinds, [("ADA", "Shoes", 2), ("ADA", "Hats", 5), ("BEN", None, 1)])
    tables = replace(WORLD.store(engine), measures={"by_title": by_title})

    found = measure_table(tables, measure(kind="customer", sum="by_title.n"))

    assert set(engine.rows(found)) == {("ADA", 7), ("BEN", 1)}


def test_columns_are_the_customer_the_dimensions_and_the_calculations_in_their_order(engine):
    words = {"kind": "customer", "by": ["is_shown", "Title"], "calculations": SUMS}

    found = measure_table(World({"customer": customers("A")}).store(engine), measure(**words))

    assert found.columns == ("CustomerId", "is_shown", "Title", "revenue", "orders")
