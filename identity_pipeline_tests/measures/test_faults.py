"""Measures that cannot be calculated are refused before there is data, with place and remedy."""

from dataclasses import replace

import ibis
import pytest
from pydantic import ValidationError

from identity_pipeline.measures.check import measure_problems
from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline.measures.order import tables_in_order
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.terms.errors import InsightError
from identity_pipeline_tests.measures.world import ENVIRONMENT, NO_ACTIVITIES, UNBOUND, measure

CALCULATED = {"a": {"count": "activity"}, "b": {"sum": "activity.Amount"}}
FAULTS = [
    # measure, place, what the message says
    ({"count": "activty"}, ("count",), "Did you mean 'activity'"),
    ({"count": "stray"}, ("count",), "no table 'stray'"),
    ({"sum": "activity.amount"}, ("sum",), "no column 'amount'. Did you mean 'Amount'"),
    ({"sum": "activity.Title"}, ("sum",), "'sum' needs numbers; 'Title' is text"),
    ({"average": "activity.is_shown"}, ("average",), "'is_shown' is a boolean"),
    ({"sum": "orders.Placed"}, ("sum",), "'Placed' is a date"),
    ({"max": "activity.Title", "null_as": 0}, ("null_as",), "'max' gives text here"),
    ({"count": "activity", "where": {"Titel": "x"}}, ("where", "Titel"), "Did you mean 'Title'"),
    ({"count": "activity", "where": {"Title": 1}}, ("where", "Title", "eq"), "which is text"),
    ({"count": "orders", "window": "3 days"}, ("window",), "needs 'time', .* one of .*Placed"),
    ({"first": "orders.Note"}, ("first",), "needs 'time'"),
    ({"last": "scores.Score"}, ("last",), "needs 'time', .* the table has none"),
    ({"last": "orders.Note", "time": "Note"}, ("time",), "must be a date or a timestamp"),
    ({"last": "orders.Note", "time": "Palced"}, ("time",), "Did you mean 'Placed'"),
    ({"count": "orders", "path": ["seller"]}, ("count",), "no path"),
    ({"count": "activity", "path": ["buyer"]}, ("path",), "'path' is for sources"),
    ({"arg_max": {"of": "activity.X", "by": "Amount"}}, ("arg_max", "of"), "no column 'X'"),
    ({"arg_min": {"of": "activity.Title", "by": "X"}}, ("arg_min", "by"), "no column 'X'"),
    ({"formula": "nmae + 1"}, ("formula",), "Did you mean 'name'"),
    ({"formula": "1 + 1"}, ("formula",), "names no measure"),
    ({"formula": "m + 1"}, ("formula",), "in a circle: m -> m"),
    ({"formula": "title + 1"}, ("formula",), "needs numbers; 'title' is text"),
    ({"name": "tier", "count": "activity"}, ("name",), "already the name of a column of Customer"),
    (
        {"kind": "business", "by": ["Titel"], "count": "activity"},
        ("by", 0),
        "Did you mean 'Title'",
    ),
    (
        {"kind": "customer", "by": ["Title", "CustomerId"], "count": "activity"},
        ("by", 1),
        "two columns called 'CustomerId'",
    ),
    (
        {"name": "title", "kind": "customer", "by": ["Title"], "count": "activity"},
        ("by", 0),
        "two columns called 'Title'",
    ),
    ({"kind": "business", "formula": "name"}, ("formula",), "no number 'name'"),
    ({"kind": "customer", "formula": "name + 1"}, ("formula",), "none that reads rows"),
    (
        {"kind": "business", "calculations": CALCULATED | {"c": {"sum": "activity.Title"}}},
        ("calculations", "c", "sum"),
        "needs numbers",
    ),
    (
        {"kind": "business", "calculations": CALCULATED | {"c": {"formula": "a / bb"}}},
        ("calculations", "c", "formula"),
        "Did you mean 'b'",
    ),
    (
        {"kind": "business", "calculations": CALCULATED | {"c": {"count": "orders"}}},
        ("calculations", "c", "count"),
        "over one table: 'a' reads 'activity', 'c' reads 'orders'",
    ),
    (
        {
            "kind": "business",
            "calculations": {"a": {"count": "orders"}, "b": {"count": "orders", "path": ["buyer"]}},
        },
        ("calculations", "b", "path"),
        "along one path",
    ),
    (
        {"kind": "business", "calculations": CALCULATED, "where": {"Titel": "x"}},
        ("where", "Titel"),
        "Did you mean 'Title'",
    ),
]
OTHERS = [measure("name", count="activity"), measure("title", last="activity.Title")]


def calculate(tables, words):
    """Build the table of a measure, of whichever kind, among other measures."""
    asked = measure(**words)
    if asked.kind == "customer_attribute":
        return customer_attributes(tables, [asked, *OTHERS])
    attributes = ibis.table({"CustomerId": "string", "name": "int64"}, name="attributes")
    return measure_table(replace(tables, attributes=attributes), asked)


@pytest.mark.parametrize(("words", "place", "message"), FAULTS)
def test_a_fault_is_told_with_its_place_and_a_remedy(words, place, message):
    with pytest.raises(InsightError, match=message) as caught:
        calculate(UNBOUND, words)

    assert caught.value.place == place


TEMPLATES = [
    # template, what is declared, what the message says
    ("transaction_count", (), "activities of the type SalesOrder: declare one in activities.yaml"),
    ("total_transaction_value", ("Loyalty",), "SalesOrder: .* with the attribute 'Amount'"),
    ("loyalty_points_earned", ("SalesOrder",), "Loyalty: .* with the attribute 'Points'"),
]


@pytest.mark.parametrize(("template", "declared", "message"), TEMPLATES)
def test_a_template_says_which_activities_it_needs(template, declared, message):
    activities = tuple(one for one in ENVIRONMENT.activities if one.type in declared)
    environment = ENVIRONMENT.model_copy(update={"activities": activities})

    with pytest.raises(InsightError, match=message):
        calculate(replace(UNBOUND, environment=environment), {"template": template})


def test_a_template_without_any_activities_says_which_it_needs():
    environment = ENVIRONMENT.model_copy(update={"activities": ()})
    tables = replace(NO_ACTIVITIES, environment=environment)

    with pytest.raises(InsightError, match="SalesOrder: declare one in"):
        calculate(tables, {"template": "transaction_count"})


def test_points_that_are_text_cannot_be_added_up():
    assert UNBOUND.activity is not None
    activity = UNBOUND.activity.mutate(Points=UNBOUND.activity.Title)

    with pytest.raises(InsightError, match="the attribute 'Points' is text"):
        calculate(replace(UNBOUND, activity=activity), {"template": "loyalty_points_earned"})


def test_a_circle_of_formulas_is_named_from_its_smallest_name():
    measures = [
        measure("z", formula="c"),
        measure("c", formula="b"),
        measure("b", formula="a"),
        measure("a", formula="c"),
    ]

    with pytest.raises(InsightError, match="in a circle: a -> c -> b -> a"):
        customer_attributes(UNBOUND, measures)


def test_an_attribute_points_at_formulas_where_it_reads_an_attribute_as_a_column():
    with pytest.raises(InsightError, match="is a customer attribute: use it in a 'formula'"):
        calculate(UNBOUND, {"sum": "customer.name"})


def test_an_attribute_does_not_read_the_table_of_a_measure():
    tables = replace(UNBOUND, measures={"own": ibis.table({"CustomerId": "string"}, name="own")})

    with pytest.raises(InsightError, match="calculated after customer attributes"):
        calculate(tables, {"count": "own"})


def test_tables_that_others_read_are_calculated_first():
    measures = [
        measure("top", kind="business", count="middle"),
        measure("attribute", count="activity"),
        measure("middle", kind="customer", count="below"),
        measure("below", kind="customer", count="activity"),
    ]

    assert [one.name for one in tables_in_order(measures)] == ["below", "middle", "top"]


def test_two_attributes_of_one_name_are_refused():
    with pytest.raises(InsightError, match="'name' is already the name of another"):
        customer_attributes(UNBOUND, [*OTHERS, measure("name", count="activity")])


def test_every_faulty_measure_is_reported_and_no_other_for_its_sake():
    measures = [
        measure("broken", sum="activity.Title"),
        measure("uses_broken", formula="broken + sound"),
        measure("sound", count="activity"),
        measure("circle_a", formula="circle_b"),
        measure("circle_b", formula="circle_a"),
        measure("title", last="activity.Title"),
        measure("text", formula="title + 1"),
        measure("reads_text", kind="business", sum="customer.title"),
        measure("reads_broken", kind="business", sum="customer.broken"),
        measure("on_top", kind="customer", sum="below.n"),
        measure("below", kind="customer", calculations={"n": {"count": "activity"}}),
        measure("sound", count="orders"),
        measure("ring_a", kind="customer", count="ring_b"),
        measure("ring_b", kind="customer", count="ring_a"),
        measure("too_early", count="below"),
        measure("reads_business", kind="customer", count="reads_text"),
    ]

    found = [(one.measure, one.place) for one in measure_problems(UNBOUND, measures)]

    assert found == [
        *[(0, ("sum",)), (3, ("formula",)), (6, ("formula",)), (7, ("sum",)), (11, ("name",))],
        *[(12, ("count",)), (14, ("count",)), (15, ("count",))],
    ]


REFUSED = [
    # measure, what the message says
    ({"formula": "a + 1", "where": {"x": 1}}, "a formula, which reads no rows: write 'where'"),
    ({"formula": "a + 1", "window": "3 days"}, "write 'window' where the numbers are"),
    ({"count": "activity", "sum": "activity.X"}, "needs exactly one of"),
    ({}, "needs exactly one of .* it has none"),
    ({"count": "activity", "by": ["x"]}, "a customer attribute is one value a customer"),
    ({"formula": "a" * 1001}, "at most 1000 characters"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_a_measure_that_makes_no_sense_by_itself_is_no_term(words, message):
    with pytest.raises(ValidationError, match=message):
        measure(**words)
