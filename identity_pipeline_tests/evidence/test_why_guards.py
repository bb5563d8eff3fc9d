"""Why two records are apart: which guard stood in the way."""

import pytest

from identity_pipeline_tests.evidence.told import Told
from identity_pipeline_tests.unify.story import Story, table

MAIL = {"name": "Mail", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}
FOUR = [("7", "m", "b"), ("8", "m", None), ("9", "m", None)]

CASES = [
    # guards, the mail of the contact, of the member, lines of the explanation
    ({}, "n/a", ["Mail is a placeholder in S Contacts 1, Mail is a placeholder in S Members 7"]),
    (
        {"records_per_value": {"Mail": 3}},
        "m",
        [
            "Mail is past its limit in S Contacts 1 (4 keys carry it, 3 may), "
            "Mail is past its limit in S Members 7 (4 keys carry it, 3 may)"
        ],
    ),
    (
        {"values_per_customer": {"Card": 1}},
        "m",
        ['One Card a customer: "a" and "b".', "refused: one Card a customer"],
    ),
    (
        {"keys_per_customer": 3},
        "m",
        [
            "Held for review since 2024-01-02: together they would be a customer of 4 keys, "
            "and 3 may be.",
            "held for review",
        ],
    ),
]


@pytest.mark.parametrize(
    ("guards", "mail", "wanted"), CASES, ids=["placeholder", "limit", "maximum", "size"]
)
def test_the_guard_that_kept_two_records_apart_is_told(opened, tmp_path, guards, mail, wanted):
    steps = [
        {"table": "contacts", "automatic": "never"},
        {"table": "members", "automatic": "never", "match": [MAIL]},
    ]
    told = Told(Story(opened, {"tables": steps, "guards": guards}), tmp_path / "told.duckdb")
    members = [(key, mail, card) for key, _, card in FOUR]
    told.run(
        {
            "contacts": table("Id Mail Card", ("1", mail, "a")),
            "members": table("Nr Mail Card", *members),
        }
    )

    words = told.words("S:Contacts:1", "S:Members:7")

    assert [line for line in words if any(one in line for one in wanted)] != []
    assert [one for one in wanted if not any(one in line for line in words)] == []


def test_links_between_customers_that_are_held_are_no_edges(opened, tmp_path):
    steps = [
        {"table": "contacts", "automatic": "never"},
        {"table": "members", "automatic": "never", "match": [MAIL]},
    ]
    guards = {"keys_per_customer": 3}
    told = Told(Story(opened, {"tables": steps, "guards": guards}), tmp_path / "told.duckdb")

    told.run(
        {
            "contacts": table("Id Mail Card", ("1", "m", "a")),
            "members": table("Nr Mail Card", *FOUR),
        }
    )

    assert told.edges("left_identifier, right_identifier") == []
