"""Customer attributes: one value a customer, and what a missing one is."""

from dataclasses import replace
from decimal import Decimal

import ibis
import ibis.expr.operations as ops
import pytest

from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline_tests.measures.world import (
    DAY,
    UNBOUND,
    World,
    acts,
    customers,
    measure,
    random_world,
)

WORLD = World(
    {
        "customer": customers("ADA", "BEN", "EVE"),
        "activity": acts(
            "ADA SalesOrder 07-01T10:00 Checkout 10.10",
            "ADA SalesOrder 07-02T10:00 Checkout 20.20",
            "ADA SalesOrder 07-02T10:00 - 0.01",
            "BEN Other 07-03T10:00 View",
            "- Other 07-04T10:00 View",
        ),
    }
)
CHECKOUT = {"Title": "Checkout"}
VALUES = [
    # measure, the values of ADA, BEN and EVE
    ({"count": "activity"}, (3, 1, None)),
    ({"count": "activity", "null_as": 0}, (3, 1, 0)),
    # BEN has activities, none of which counts: as EVE, who has none
    ({"count": "activity", "where": CHECKOUT}, (2, None, None)),
    ({"count": "activity", "where": CHECKOUT, "null_as": 0}, (2, 0, 0)),
    ({"count": "activity.Title"}, (2, 1, None)),
    ({"count": "activity.Amount"}, (3, None, None)),
    ({"count_unique": "activity.Title"}, (1, 1, None)),
    ({"sum": "activity.Amount"}, (Decimal("30.31"), None, None)),
    ({"sum": "activity.Amount", "null_as": 0}, (Decimal("30.31"), Decimal("0.00"), Decimal(0))),
    ({"average": "activity.Amount"}, (Decimal("10.103333"), None, None)),
    ({"max": "activity.Title"}, ("Checkout", "View", None)),
    ({"min": "activity.Amount"}, (Decimal("0.01"), None, None)),
    ({"first": "activity.Amount"}, (Decimal("10.10"), None, None)),
    # two rows of one moment: the larger ActivityId is later
    ({"last": "activity.Amount"}, (Decimal("0.01"), None, None)),
    # a row without a value is no last row
    ({"last": "activity.Title"}, ("Checkout", "View", None)),
    ({"arg_max": {"of": "activity.ActivityId", "by": "Amount"}}, ("a01", None, None)),
    ({"arg_min": {"of": "activity.ActivityId", "by": "Amount"}}, ("a02", None, None)),
    ({"count": "activity", "window": "25 days"}, (2, 1, None)),
    ({"count": "activity", "window": "24 days"}, (None, 1, None)),
    ({"count": "customer"}, (1, 1, 1)),
]


@pytest.mark.parametrize(("words", "values"), VALUES)
def test_the_value_of_an_attribute_for_each_customer(engine, words, values):
    found = customer_attributes(WORLD.store(engine), [measure(**words)])

    assert dict(engine.rows(found)) == dict(zip(("ADA", "BEN", "EVE"), values, strict=True))


FORMULAS = [
    # formula over visits (3, 1, none) and spent (30.31, none, none); values of ADA and BEN
    ("visits + 1", (4, 2)),
    ("visits - 1.5", (Decimal("1.5"), Decimal("-0.5"))),
    ("-visits * 2", (-6, -2)),
    ("spent * visits", (Decimal("90.93"), None)),
    ("spent / visits", (Decimal("10.103333"), None)),
    ("visits / (visits - 3)", (None, Decimal("-0.5"))),  # a division by zero gives no value
    ("0.1 + 0.2 + 0 * visits", (Decimal("0.3"), Decimal("0.3"))),
    ("spent * spent", (Decimal("918.6961"), None)),
]


@pytest.mark.parametrize(("text", "values"), FORMULAS)
def test_a_formula_is_exact_and_has_no_value_without_its_parts(engine, text, values):
    parts = [measure("visits", count="activity"), measure("spent", sum="activity.Amount")]

    found = customer_attributes(WORLD.store(engine), [measure("f", formula=text), *parts])

    assert {row[0]: row[1] for row in engine.rows(found)} == {
        **dict(zip(("ADA", "BEN"), values, strict=True)),
        "EVE": None,
    }


def test_formulas_are_calculated_after_what_they_name_and_stand_where_they_are_written(engine):
    measures = [
        measure("twice_more", formula="more * 2"),
        measure("more", formula="visits + 1", null_as=-1),
        measure("visits", count="activity"),
    ]

    found = customer_attributes(WORLD.store(engine), measures)

    assert set(engine.rows(found)) == {("ADA", 8, 4, 3), ("BEN", 4, 2, 1), ("EVE", -2, -1, None)}


def test_a_formula_sees_what_null_as_put_in_place(engine):
    measures = [
        measure("spent", sum="activity.Amount", null_as=0),
        measure("f", formula="spent + 1"),
    ]

    found = customer_attributes(WORLD.store(engine), measures)

    assert dict(engine.rows(found.select("CustomerId", "f"))) == {
        "ADA": Decimal("31.31"),
        "BEN": Decimal(1),
        "EVE": Decimal(1),
    }


def test_rows_belong_to_customers_by_the_path_of_their_relationships(engine):
    place = (DAY, "f.csv", 1)
    world = World(
        {
            "customer": customers("ADA", "BEN"),
            # k2 is ADA's alternate key
            "alternate_keys": [("S|Contacts|k1", "ADA"), ("S|Contacts|k2", "ADA")],
            "orders": [
                ("o1", "k1", None, None, None, None, *place),
                ("o2", "k2", None, None, None, None, *place),
                ("o3", "nobody", None, None, None, None, *place),
            ],
            "lines": [(f"l{n}", f"o{n}", Decimal(n), *place) for n in (1, 2, 3)],
        }
    )

    found = customer_attributes(world.store(engine), [measure(sum="lines.Price")])

    assert dict(engine.rows(found)) == {"ADA": Decimal(3), "BEN": None}


def test_last_goes_by_where_a_row_was_delivered_when_two_have_one_time(engine):
    rows = [
        ("o1", "k", None, None, DAY, "a later line", DAY, "f.csv", 3),
        ("o2", "k", None, None, DAY, "z", DAY, "f.csv", 2),
        ("o3", "k", None, None, None, "no time", DAY, "f.csv", 9),
    ]
    keys = [("S|Contacts|k", "ADA")]
    world = World({"customer": customers("ADA"), "alternate_keys": keys, "orders": rows})

    found = customer_attributes(world.store(engine), [measure(last="orders.Note", time="Placed")])

    assert engine.rows(found) == [("ADA", "a later line")]


def test_without_attributes_there_is_still_a_row_a_customer(engine):
    found = customer_attributes(WORLD.store(engine), [measure(kind="business", count="customer")])

    assert set(engine.rows(found)) == {("ADA",), ("BEN",), ("EVE",)}


def test_a_thousand_attributes_are_one_aggregation_and_one_join_a_table():
    measures = [measure(f"a{n}", sum="activity.Amount") for n in range(100)]
    measures += [measure(f"o{n}", sum="orders.Total") for n in range(100)]

    found = customer_attributes(UNBOUND, measures).op()

    aggregations, joins = found.find(ops.Aggregate), found.find(ops.JoinLink)
    # orders are joined to alternate keys as well
    assert (len(aggregations), len(joins)) == (2, 3)


def test_formulas_on_formulas_do_not_grow_the_query_twofold_each():
    measures = [measure("f0", count="activity")]
    measures += [measure(f"f{n}", formula=f"f{n - 1} + f{n - 1}") for n in range(1, 40)]

    query = ibis.to_sql(customer_attributes(UNBOUND, measures), dialect="duckdb")

    assert len(query) < 60_000


def test_attributes_of_an_earlier_run_are_not_read(engine):
    tables = random_world(1).store(engine)
    earlier = replace(tables, attributes=ibis.table({"CustomerId": "string"}, name="earlier"))
    asked = [measure(max="customer.Steps")]

    assert customer_attributes(earlier, asked).equals(customer_attributes(tables, asked))
