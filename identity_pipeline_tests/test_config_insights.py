"""Insights that name what is not there are answered with file, line, key and the nearest name."""

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs.validation import check_types
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline_tests.shop import ACTIVITIES, RELATIONSHIPS, write_shop

MEASURES = """\
measures:
  - {name: views, kind: customer_attribute, count: activity}
"""
SEGMENTS = """\
segments:
  - {name: viewers, rule: {views: {gt: 0}}}
  - {name: planned, state: draft, rule: {views: {gt: 0}}}
"""
EXPORTS = """\
consents:
  - {purpose: news, rule: {Email: {is_null: false}}}
exports:
  - {name: ads, kind: hashed_audience, segment: viewers, to: "file:x", consent: news}
"""
ENRICHMENTS = "enrichments:\n  - {name: domain, kind: email_domain, email: Email}\n"
SOUND = {
    "measures.yaml": MEASURES,
    "segments.yaml": SEGMENTS,
    "exports.yaml": EXPORTS,
    "enrichments.yaml": ENRICHMENTS,
}


def message(folder, files):
    environment = write_shop(folder, SOUND | files)
    with pytest.raises(ConfigError) as caught:
        load_environment(environment)
    return str(caught.value)


def test_insights_that_fit_are_read(tmp_path):
    environment = load_environment(write_shop(tmp_path, SOUND))

    assert [one.name for one in environment.segments] == ["viewers", "planned"]
    assert [one.name for one in environment.exports] == ["ads"]


CASES = [
    # file, its text, what is said
    (
        "relationships.yaml",
        RELATIONSHIPS.replace("orders.OrderId", "order.OrderId"),
        "relationships.yaml:2, relationships[0].to: no source is 'order'. Did you mean 'orders'?",
    ),
    (
        "relationships.yaml",
        RELATIONSHIPS.replace("orders.OrderId", "orders.Contact"),
        "'orders.Contact' is no key: a foreign key names OrderId",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace("key: Visit", "key: Visits"),
        "activities.yaml:4, activities[0].key: table 'visits' has no column 'Visits'. "
        "Did you mean 'Visit'?",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace("time: At\n    event", "time: What\n    event"),
        "'What' is text; a time is a timestamp or a date",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace("table: contacts}", "table: orders}"),
        "'orders' takes no part in unification",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace("Amount: Total", "Title: Total, Amount: Total"),
        "'Title' is a column that every activity has",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace(", Amount: Total", ""),
        "type 'SalesOrder' needs the attribute 'Amount'",
    ),
    (
        "measures.yaml",
        MEASURES.replace("name: views", "name: city"),
        "measures.yaml:2, measures[0].name: Customer has a column 'city'",
    ),
    (
        "measures.yaml",
        MEASURES.replace("count: activity", "count: activity, sum: activity.Amount"),
        "needs exactly one of count",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("name: planned", "name: viewers"),
        "segments.yaml:3, segments[1].name: 'viewers' is there twice under 'segments'",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("name: planned", "name: rules"),
        "a table of all segments is called 'segment_rules'; choose another",
    ),
    (
        "activities.yaml",
        ACTIVITIES.replace(
            "customer: Visitor\n", "customer: Visitor\n    attributes: {orderid: Page}\n"
        ),
        "'OrderId' is spelled 'orderid' in another table; spell them alike",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("{gt: 0}", "{greater: 0}", 1),
        "unknown key 'greater'",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("segment: viewers", "segment: viewer"),
        "exports.yaml:4, exports[0].segment: no segment is 'viewer'. Did you mean 'viewers'?",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("segment: viewers", "segment: planned"),
        "segment 'planned' is a draft: it has no members",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("consent: news", "consent: nwes"),
        "no purpose under 'consents' is 'nwes'. Did you mean 'news'?",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("segment: viewers,", "segment: viewers, identifiers: {email: Mail},"),
        "exports[0].identifiers.email: Customer has no column 'Mail'. Did you mean 'Email'?",
    ),
    (
        "enrichments.yaml",
        ENRICHMENTS.replace("name: domain", "name: orders"),
        "a table is called 'orders' already",
    ),
    (
        "enrichments.yaml",
        ENRICHMENTS.replace("email: Email", "email: EMail"),
        "Customer has no column 'EMail'. Did you mean 'Email'?",
    ),
]


@pytest.mark.parametrize(("file", "text", "expected"), CASES)
def test_what_is_not_there_is_named(tmp_path, file, text, expected):
    assert expected in message(tmp_path, {file: text})


TYPED = [
    # file, its text, what is said
    (
        "measures.yaml",
        MEASURES.replace("count: activity", "sum: activity.Amonut"),
        "measures.yaml:2, measures[0].sum: ",
        "Did you mean 'Amount'?",
    ),
    (
        "measures.yaml",
        MEASURES.replace("count: activity", "count: activity, where: {Titel: Look}"),
        "measures.yaml:2, measures[0].where.Titel: there is no column 'Titel'.",
        "Did you mean 'Title'?",
    ),
    (
        "measures.yaml",
        MEASURES.replace("count: activity", "sum: line.Quantity"),
        "measures.yaml:2, measures[0].sum: ",
        "Did you mean 'lines'?",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("viewers, rule: {views", "viewers, rule: {veiws"),
        "segments.yaml:2, segments[0].rule.veiws: ",
        "Did you mean 'views'?",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("{views: {gt: 0}}", "{views: {gt: many}}", 1),
        "segments.yaml:2, segments[0].rule.views.gt: ",
        "'gt' does not fit",
    ),
    (
        "segments.yaml",
        SEGMENTS.replace("{views: {gt: 0}}", "{activty: {where: {Title: Look}}}", 1),
        "segments.yaml:2, segments[0].rule.activty: ",
        "Did you mean 'activity'?",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("rule: {Email", "rule: {EMail"),
        "exports.yaml:2, consents[0].rule.EMail: ",
        "Did you mean 'Email'?",
    ),
    (
        "exports.yaml",
        EXPORTS.replace("viewers, to", "viewers, identifiers: {email: Joined}, to"),
        "exports.yaml:4, exports[0].identifiers.email: ",
        "not text",
    ),
]


@pytest.mark.parametrize(("file", "text", "place", "remedy"), TYPED)
def test_what_does_not_fit_its_type_is_named_before_anything_runs(
    tmp_path, file, text, place, remedy
):
    environment = load_environment(write_shop(tmp_path, SOUND | {file: text}))

    with pytest.raises(ConfigError) as caught:
        check_types(environment)

    [line] = str(caught.value).splitlines()[1:] or [str(caught.value)]
    assert line.startswith(place)
    assert remedy in line


def test_insights_that_fit_their_types_pass(tmp_path):
    environment = load_environment(write_shop(tmp_path, SOUND))

    assert check_types(environment) is None
