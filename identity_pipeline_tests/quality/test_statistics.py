"""Numbers that need no truth: sizes, scores, ambiguities, and customers that contradict."""

from decimal import Decimal

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.quality.contradictions import contradictions
from identity_pipeline.quality.statistics import SIZES, score_range, size_range, statistics
from identity_pipeline.terms import names
from identity_pipeline_tests.unify.story import Story, table

UNIFY = {
    "tables": [
        {"table": "contacts"},
        {
            "table": "members",
            "match": [
                {
                    "name": "M",
                    "conditions": [
                        {"left": "contacts.Mail", "right": "Mail"},
                        {"left": "contacts.Name", "right": "Name", "precision": "low"},
                    ],
                }
            ],
        },
    ],
    "columns": {
        "Name": ["contacts.Name", "members.Name"],
        "Phone": ["contacts.Phone", "members.Phone", "members.Mobile"],
    },
    "known_if": {"any_of": [], "or_from": ["contacts"]},
}
CONTACTS = ("1", "a", "Annabell", "555-0101"), ("2", "b", "Bob", None), ("3", "a", "Anna", "1")
MEMBERS = (
    ("7", "a", "Annabel", "(555) 0101", None),
    ("8", "b", "BOB", "2", "3"),
    ("9", "z", "Zoe", None, None),
)


def counted(opened, contacts=CONTACTS, members=MEMBERS, **unify):
    """Statistics of a run, and its contradictions by column, as sorted numbers of values."""
    story = Story(opened, UNIFY | unify)
    tables = {
        "contacts": table("Id Mail Name Phone", *contacts),
        "members": table("Nr Mail Name Phone Mobile", *members),
    }
    story.run(tables)
    with opened.transaction() as engine:
        environment = story._environment(tables)
        engine.store(names.CONTRADICTIONS, contradictions(engine, environment))
        return statistics(engine, environment), story


@pytest.fixture(scope="module")
def told():
    """The statistics of one run, with its story."""
    with open_engine(None) as opened:
        yield counted(opened)


def of(rows, statistic):
    return {row[1:4]: int(row[4]) for row in rows if row[0] == statistic}


def test_customers_are_counted_by_how_many_keys_they_have(told):
    rows, _ = told

    assert of(rows, "customer_size") == {(None, None, "1"): 2, (None, None, "2"): 2}


def test_the_largest_customers_are_named_by_their_ids(told):
    rows, story = told

    [(largest, _)] = story.rows(
        "select CustomerId, count(*) n from customer.alternate_key group by 1 order by 2 desc, 1"
        " limit 1"
    )
    assert of(rows, "largest_customer")[None, None, largest] == 2


def test_links_are_counted_by_rule_and_tenth_of_the_score(told):
    rows, _ = told

    # annabell and annabel: one edit in eight letters; Bob and BOB: two in three, 0.33.
    assert of(rows, "match_links") == {
        ("members", "M", "0.8-0.9"): 1,
        ("members", "M", "0.3-0.4"): 1,
    }


def test_ambiguous_records_are_a_share_of_the_tables_records(told):
    rows, _ = told
    shares = {row[1]: row[4] for row in rows if row[0] == "ambiguity_percent"}

    assert of(rows, "ambiguous_records") == {
        ("members", None, None): 1,
        ("members", None, "several candidates"): 1,
    }
    assert shares == {"members": Decimal("33.3333")}


def found_contradictions(story):
    return story.rows(
        "select column_name, distinct_values from customer.contradictions order by all"
    )


def test_contradictions_are_different_values_of_a_customers_records(told):
    rows, story = told

    # Annabell and Annabel; Bob and BOB are one, 555-0101 and (555) 0101 too; 2 and 3 are two.
    assert found_contradictions(story) == [("Name", 2), ("Phone", 2)]
    assert of(rows, "contradicting_customers") == {
        (None, None, "Name"): 1,
        (None, None, "Phone"): 1,
    }


SAME = [
    # a contact's phone, a member's phone, whether they contradict
    ("555-0101", "555 0101", False),
    ("555.0101", "+5550101", False),
    ("A", " a ", False),
    ("1", None, False),
    ("1", "2", True),
    ("a@x", "b@x", True),
]


def test_case_blanks_and_marks_of_phones_do_not_contradict(opened):
    contacts = [(str(n), f"m{n}", f"Ann{n}", one) for n, (one, _, _) in enumerate(SAME)]
    members = [(str(n), f"m{n}", f"Ann{n}", other, None) for n, (_, other, _) in enumerate(SAME)]

    _, story = counted(opened, contacts=contacts, members=members)

    found = story.rows(
        "select Name from customer.contradictions join customer.customer using (CustomerId)"
    )
    assert {name for (name,) in found} == {
        f"Ann{n}" for n, (*_, differ) in enumerate(SAME) if differ
    }


def test_a_record_that_is_no_customer_contradicts_nobody(opened):
    steps = [UNIFY["tables"][0], {**UNIFY["tables"][1], "include_all": False}]

    _, story = counted(
        opened, contacts=CONTACTS[:0], members=[("8", "b", "B", "2", "3")], tables=steps
    )

    assert found_contradictions(story) == []


def test_a_renamed_column_contradicts_under_its_new_name(opened):
    _, story = counted(opened, rename={"Name": "FullName"})

    assert ("FullName", 2) in found_contradictions(story)


RANGES = [(1, "1"), (2, "2"), (3, "3-5"), (51, "51-100"), (101, "101+")]


@pytest.mark.parametrize(("first", "text"), RANGES)
def test_ranges_of_sizes_touch_and_do_not_overlap(first, text):
    assert size_range(first) == text
    assert list(SIZES) == sorted(set(SIZES))


def test_a_score_of_one_is_a_range_of_its_own():
    assert [score_range(part) for part in (0, 8, 9, 10)] == ["0.0-0.1", "0.8-0.9", "0.9-1.0", "1.0"]
