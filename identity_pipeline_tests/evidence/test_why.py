"""Why two records are one customer, or are not: small cases, told in words."""

import dataclasses
import json

import pytest

from identity_pipeline.defs.why import as_json
from identity_pipeline.evidence.records import NotPublished, UnknownRecord
from identity_pipeline.evidence.why import why
from identity_pipeline_tests.evidence.told import Told
from identity_pipeline_tests.unify.story import Story, table
from identity_pipeline_tests.unify.test_edge_cases import (
    MEMBERS,
    NEVER,
    VISITOR_RULES,
    equal,
    rule,
    same,
)


@pytest.fixture
def told(opened, tmp_path):
    return lambda unify: Told(Story(opened, unify), tmp_path / "told.duckdb")


def people(*rules, **more):
    return {"tables": [{"table": "people", "deduplicate": list(rules)}], **more}


def steps(explanation):
    return [(edge.one[-1], edge.other[-1], edge.rule) for edge in explanation.path]


def test_a_chain_of_rules_is_told_edge_by_edge(told):
    one = told(
        people(
            rule("Name+Phone", same("Name"), same("Phone")),
            rule("Name+Email", same("Name"), same("Email")),
        )
    )
    rows = [("1", "P", "555", None), ("2", "P", "555", "p@x"), ("3", "P", None, "p@x")]
    one.run({"people": table("Id Name Phone Email", *rows)})

    assert steps(one.explain("1", "3")) == [("1", "2", "Name+Phone"), ("2", "3", "Name+Email")]


def test_two_keys_that_share_a_value_are_one_step_apart(told):
    one = told(people(rule("Mail", same("Mail"))))
    one.run({"people": table("Id Mail", *((key, "a@x") for key in "1234"))})

    assert steps(one.explain("4", "2")) == [("4", "2", "Mail")]


def test_a_score_below_the_precision_is_told_with_what_is_wanted(told):
    one = told(people(rule("Fuzzy", same("City"), same("Email", precision=91))))
    rows = [("1", "Rome", "robert2020@hotmail.com"), ("2", "Rome", "robrt2020@hotmail.cm")]
    one.run({"people": table("Id City Email", *rows)})

    assert one.words("1", "2")[1:] == [
        "Deduplication rule Fuzzy: S People 1 and S People 2: does not fit",
        'City: "Rome" holds',
        'Email: "robert2020@hotmail.com" ~ "robrt2020@hotmail.cm" scores 0.91, 91 % wanted',
    ]


FAULTS = [
    # normalization, the one value, what is said
    ([], None, "Phone: Phone is missing in S People 1"),
    (["symbols"], "--", "Phone: nothing of Phone is left after normalization in S People 1"),
    (["dummies"], "555", "Phone: Phone is on a bypass list in S People 1"),
    ([], "556", 'Phone: "556" ~ "777" differ (score 0.00, equal wanted)'),
]


@pytest.mark.parametrize(("normalize", "value", "said"), FAULTS)
def test_a_condition_that_fails_says_what_is_wrong_with_the_value(told, normalize, value, said):
    phone = same("Phone", normalize=normalize)
    overrides = {"bypass": {"dummies": "d/{ingestion_date}/*.csv"}}
    one = told(people(rule("Phone", phone), overrides=overrides))

    one.run({"people": table("Id Phone", ("1", value), ("2", "777"))}, bypass_dummies=[("555",)])

    assert one.words("1", "2")[-1] == said


def test_aliases_are_compared_as_one_value(told):
    overrides = {"alias": {"same_firm": "a/{ingestion_date}/*.csv"}}
    name = same("Name", normalize=["lower", "same_firm"])
    one = told(people(rule("Name+City", name, same("City")), overrides=overrides))
    rows = [("1", "MSFT", "Rome"), ("2", "microsoft", "Oslo")]

    one.run({"people": table("Id Name City", *rows)}, alias_same_firm=[("Microsoft", "MSFT")])

    [outcome] = one.explain("1", "2").rules
    assert [(c.left_value, c.right_value, c.holds) for c in outcome.conditions] == [
        ("msft", "msft", True),
        ("Rome", "Oslo", False),
    ]


def test_an_exception_that_fired_is_told(told):
    twins = rule(
        "Family", same("Last"), same("Born"), exceptions=[same("First", operator="different")]
    )
    one = told(people(twins))
    one.run({"people": table("Id Last Born First", *[("1", "L", "1", "A"), ("2", "L", "1", "B")])})

    assert one.words("1", "2")[1:] == [
        "Deduplication rule Family: S People 1 and S People 2: does not fit",
        'Last: "L" holds',
        'Born: "1" holds',
        'exception: First different from First: "A" ~ "B" holds',
    ]


def test_a_better_candidate_is_told_with_what_made_it_better(told):
    one = told(VISITOR_RULES)
    one.run({"members": MEMBERS, "web": table("User Member", ("V", "707"), ("V", "709"))})

    assert one.words("V", "709")[1:] == [
        "Match rule W1: S Members 709 and S Web V: fits",
        'Nr = Member: "709" holds',
        "S Web V went to S Members 707, the better candidate: by winners' own values, not by an "
        "alternate's",
    ]


def match_by(*rules):
    return {"tables": [{"table": "contacts"}, {"table": "members", "match": list(rules)}]}


BY_EMAIL, BY_PHONE = (rule(name, equal(f"contacts.{name}", name)) for name in ("Email", "Phone"))
TWO_CONTACTS = table("Id Email Phone", ("C1", "a@x", "1"), ("C2", "b@x", "2"))


def test_an_earlier_rule_that_took_the_record_is_named(told):
    one = told(match_by(BY_EMAIL, BY_PHONE))
    one.run({"contacts": TWO_CONTACTS, "members": table("Nr Email Phone", ("M", "a@x", "2"))})

    said = one.words("M", "C2")
    assert "the earlier rule Email took S Members M to S Contacts C1" in said


def test_an_always_match_that_took_the_record_is_named(told):
    files = {"overrides": {"always_match": "a/{ingestion_date}/*.csv"}}
    one = told(match_by(BY_EMAIL) | files)
    one.run(
        {"contacts": TWO_CONTACTS, "members": table("Nr Email", ("M", "a@x"))},
        always=[("S_Members", "M", "S_Contacts", "C2")],
    )

    assert "always match took S Members M to S Contacts C2 first" in one.words("M", "C1")
    assert one.words("M", "C2")[1].startswith("1. S Members M ~ S Contacts C2: Always match")


def test_a_never_match_through_a_third_record_is_told_with_its_line(told):
    one = told(VISITOR_RULES | NEVER)
    one.run(
        {"members": MEMBERS, "web": table("User Member", ("V", "707"), ("W", "707"))},
        never=[("S_Members", "709", "S_Web", "X"), ("S_Web", "W", "S_Web", "V")],
    )

    assert one.words("W", "707")[1:] == [
        "Never match: S Web W and S Web V (f.csv, line 3).",
        "Match rule W1: S Members 707 and S Web W: fits",
        'Nr = Member: "707" holds',
        "refused by never match",
        "Deduplication rule SameVisitor: S Web W and S Web V: does not fit",
        'User: "W" ~ "V" differ (score 0.00, equal wanted)',
    ]


def test_the_pair_of_rows_that_comes_nearest_is_told(told):
    fuzzy = rule("Fuzzy", equal("contacts.City", "City"), equal("contacts.Name", "Name"))
    unify = match_by(fuzzy)
    unify["tables"][0]["deduplicate"] = [rule("City", same("City"), same("Mail"))]
    one = told(unify)
    contacts = table(
        "Id City Name Mail", ("C1", "R", "anna", "a"), ("C2", "R", "bob", "a"), ("D", "R", "x", "b")
    )
    one.run({"contacts": contacts, "members": table("Nr City Name", ("M", "R", "anne"))})

    # C2 is asked for; through its alternate C1 it comes nearer.
    assert one.words("C2", "M")[1:3] == [
        "Match rule Fuzzy: S Contacts C1 (an alternate of C2) and S Members M: does not fit",
        'City: "R" holds',
    ]


def test_a_rule_over_several_tables_compares_the_rows_of_one_record(told):
    both = rule("Both", equal("contacts.Phone", "Phone"), equal("members.Card", "Card"))
    unify = match_by(BY_EMAIL)
    unify["tables"].append({"table": "web", "match": [both]})
    one = told(unify)
    one.run(
        {
            "contacts": table("Id Email Phone", ("C", "a@x", "1")),
            "members": table("Nr Email Card", ("M", "a@x", "k")),
            "web": table("User Phone Card", ("V", "1", "l"), ("W", "1", "k")),
        }
    )

    assert one.words("V", "C")[1:] == [
        "Match rule Both: S Contacts C, S Members M and S Web V: does not fit",
        'Phone: "1" holds',
        'Card: "k" ~ "l" differ (score 0.00, equal wanted)',
        "Deduplication rule Same match columns: S Web V and S Web W: does not fit",
        'Phone: "1" holds',
        'Card: "l" ~ "k" differ (score 0.00, equal wanted)',
    ]
    assert [edge.values for edge in one.explain("W", "C").path] == [(("1", "1"), ("k", "k"))]


def test_records_that_no_rule_compares_are_said_to_be_so(told):
    unify = match_by(BY_EMAIL)
    unify["tables"].append({"table": "web"})
    one = told(unify)
    web = table("User", ("V",))
    one.run({"contacts": TWO_CONTACTS, "members": table("Nr Email"), "web": web})

    said = "No active rule compares a table of the one with a table of the other."
    assert one.words("V", "C1")[-1] == said


def test_a_key_and_itself_are_one_key(told):
    one = told(match_by(BY_EMAIL))
    one.run({"contacts": TWO_CONTACTS, "members": table("Nr Email", ("M", None))})

    [said] = one.words("C1", "S:Contacts:C1")
    assert said.startswith("S Contacts C1 is one key: customer ")


REFERENCES = [
    # reference, what it is
    ("S:Members:1", "S|Members|1"),
    ("S|Contacts|1", "S|Contacts|1"),
    ("C:2", "S|Contacts|C:2"),  # no table is called C
]


@pytest.mark.parametrize(("reference", "identifier"), REFERENCES)
def test_a_record_is_named_by_its_key_with_or_without_its_table(told, reference, identifier):
    one = told(match_by(BY_EMAIL))
    contacts = table("Id Email", ("1", "a@x"), ("C:2", "b@x"))
    one.run({"contacts": contacts, "members": table("Nr Email", ("1", "c@x"))})

    assert one.explain(reference, "C:2").one.identifier == identifier


def test_a_customer_is_its_leading_key_also_by_the_first_digits_of_an_old_id(told):
    one = told(match_by(BY_EMAIL))
    contacts = table("Id Email", ("C1", "a@x"), ("C2", "b@x"))
    one.run({"contacts": contacts, "members": table("Nr Email", ("M", None))})
    old = one.story.ids()["Members M"]
    one.run({"contacts": contacts, "members": table("Nr Email", ("M", "b@x"))})

    assert one.explain(old[:6], "C1").one.identifier == "S|Contacts|C2"


FAULTY = [
    # reference, what is said
    ("1", "several tables have the key '1': write one of S:Contacts:1, S:Members:1"),
    ("S:Members:9", "S Members has no key '9'"),
    ("9", "no profile table has the key '9', and no CustomerId begins so"),
    ("", "no profile table has the key '', and no CustomerId begins so"),
]


@pytest.mark.parametrize(("reference", "said"), FAULTY)
def test_a_name_of_no_record_or_of_several_is_answered(told, reference, said):
    one = told(match_by(BY_EMAIL))
    contacts = table("Id Email", ("1", "a@x"), ("2", "b@x"))
    one.run({"contacts": contacts, "members": table("Nr Email", ("1", "c@x"))})

    with pytest.raises(UnknownRecord) as error:
        one.explain(reference, "2")
    assert str(error.value) == said


def test_json_has_the_same_keys_joined_or_apart(told):
    one = told(match_by(BY_EMAIL))
    one.run({"contacts": TWO_CONTACTS, "members": table("Nr Email", ("M", "a@x"))})

    joined, apart = (json.loads(as_json(one.explain("M", key))) for key in ("C1", "C2"))

    keys = ["one", "other", "relation", "path", "rules", "never", "keys", "maxima", "held"]
    assert list(joined) == keys
    assert list(apart) == list(joined)
    assert joined["path"][0] | {"first_seen": None} == dataclasses.asdict(
        one.explain("M", "C1").path[0]
    ) | {
        "columns": [["Email", "contacts.Email"]],
        "values": [["a@x", "a@x"]],
        "scores": [1.0],
        "is_winner": [True, True],
        "first_seen": None,
    }


def test_a_file_of_an_earlier_version_is_said_to_be_one(opened, told):
    one = told(match_by(BY_EMAIL))
    one.run({"contacts": TWO_CONTACTS, "members": table("Nr Email")})

    with pytest.raises(NotPublished, match="no table Records_S_Contacts: an earlier version"):
        why(opened.engine, one.environment, "C1", "C2")
