"""What a segment names must be there, and fit; said before there is data, with the nearest name."""

import pytest
from pydantic import ValidationError

from identity_pipeline.segments.membership import segment_faults
from identity_pipeline.terms.segments import Segment
from identity_pipeline_tests.segments.world import segment, unbound

FAULTS = [
    # rule, place, message
    (
        {"except": [{"Name": "A"}, {"all": [{"Name": "B"}, {"product_vews": 1}]}]},
        ("rule", "except", 1, "all", 1, "product_vews"),
        "there is no column or table 'product_vews'. Did you mean 'product_views'?",
    ),
    (
        {"not": {"Aeg": 1}},
        ("rule", "not", "Aeg"),
        "there is no column or table 'Aeg'. Did you mean 'Age'?",
    ),
    ({"scores.Scor": 1}, ("rule", "scores.Scor"), "Did you mean 'scores.Score'?"),
    ({"name": "A"}, ("rule", "name"), "Did you mean 'Name'?"),
    (
        {"Name": {"gt": 1}},
        ("rule", "Name", "gt"),
        "'gt' does not fit column 'Name', which is text",
    ),
    ({"Age": {"within_last": "3 days"}}, ("rule", "Age", "within_last"), "for dates and timest"),
    (
        {"activity": {"gt": 0}},
        ("rule", "activity"),
        "'activity' is a table, not a column of customers: write which rows a customer must have, "
        "as activity: {where: {...}, count: {ge: 1}}",
    ),
    (
        {"product_views": {"where": {"Title": "x"}}},
        ("rule", "product_views"),
        "'product_views' is a column, not a table: write a test of its value",
    ),
    (
        {"activty": {"where": {"Title": "x"}}},
        ("rule", "activty"),
        "there is no table 'activty'. Did you mean 'activity'?",
    ),
    (
        {"union": [{"activity": {"where": {"any": [{"Titel": "x"}]}}}]},
        ("rule", "union", 0, "activity", "where", "any", 0, "Titel"),
        "there is no column 'Titel'. Did you mean 'Title'?",
    ),
    (
        {"activity": {"where": {"Amount": {"starts_with": "1"}}}},
        ("rule", "activity", "where", "Amount", "starts_with"),
        "only text can be searched",
    ),
    (
        {"activity": {"count": {"contains": "1"}}},
        ("rule", "activity", "count", "contains"),
        "only text can be searched",
    ),
    (
        {"orders": {"where": {"Total": 1}}},
        ("rule", "orders"),
        "several paths lead from 'orders' to customers; choose with 'path': [ordered_by]",
    ),
    (
        {"orders": {"path": ["ordered"]}},
        ("rule", "orders"),
        "no path [ordered] leads from 'orders'",
    ),
]


@pytest.mark.parametrize(("written", "place", "message"), FAULTS)
def test_a_fault_of_a_rule_is_found_before_there_is_data(written, place, message):
    [(number, error)] = segment_faults(unbound(), [segment({"Name": "A"}, "ok"), segment(written)])

    assert (number, error.place) == (1, place)
    assert message in str(error)


OTHERS = [
    # what is written beside the name, place, message
    ({"quick": {"by": "Agee", "top": 1}}, ("quick", "by"), "Did you mean 'Age'?"),
    ({"quick": {"by": "Name", "top": 1}}, ("quick", "by"), "only numbers and dates have a top"),
    ({"quick": {"by": "activity", "top": 1}}, ("quick", "by"), "'activity' is a table"),
    ({"rule": {"Age": 1}, "project": "activity.Titel"}, ("project", 0), "Did you mean 'Title'?"),
    (
        {"rule": {"Age": 1}, "project": ["activity.Title", "activty.Title"]},
        ("project", 1),
        "there is no table 'activty'. Did you mean 'activity'?",
    ),
    (
        {"rule": {"Age": 1}, "project": "customer.Name"},
        ("project", 0),
        "in a segment's table anyway",
    ),
    ({"rule": {"Age": 1}, "project": "orders.Note"}, ("project", 0), "several paths lead from"),
    (
        {
            "rule": {"any": [{"orders": {"path": [p]}} for p in ("ordered_by", "ordered_for")]},
            "project": "orders.Note",
        },
        ("project", 0),
        "the rule takes several paths from 'orders'",
    ),
]


@pytest.mark.parametrize(("written", "place", "message"), OTHERS)
def test_a_fault_beside_the_rule_is_found_before_there_is_data(written, place, message):
    one = Segment.model_validate({"name": "s", **written})
    [(_, error)] = segment_faults(unbound(), [one])

    assert error.place == place
    assert message in str(error)


def test_every_segment_at_fault_is_named_drafts_too():
    segments = [
        segment({"Nam": "A"}, "a"),
        segment({"Name": "A"}, "b"),
        segment({"Nam": "A"}, "c", state="draft", project="activity.Titel"),
    ]

    assert [number for number, _ in segment_faults(unbound(), segments)] == [0, 2, 2]


REFUSED = [
    ({"name": "s"}, "write either 'rule' or 'quick'"),
    ({"name": "s", "quick": {"by": "Age"}}, "write one of 'top', 'bottom', 'top_percent'"),
    ({"name": "s", "quick": {"by": "Age", "top": 1, "bottom": 1}}, "write one of"),
    ({"name": "s", "rule": {"except": [{"Age": 1}]}}, "at least 2 items"),
    ({"name": "customerid", "rule": {"Age": 1}}, "name of a column"),
]


@pytest.mark.parametrize(("written", "message"), REFUSED)
def test_a_segment_that_cannot_be_is_refused(written, message):
    with pytest.raises(ValidationError, match=message):
        Segment.model_validate(written)
