"""What becomes of scored pairs: here the scores are given, so Splink is not needed."""

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs.reviews import review_checks
from identity_pipeline.defs.unify import match_asset
from identity_pipeline.terms import extras
from identity_pipeline.unify import splink_model
from identity_pipeline.unify.splink_model import ScoredPair
from identity_pipeline_tests.builders import write_environment
from identity_pipeline_tests.test_config_comparisons import SOURCES, SPLINK
from identity_pipeline_tests.unify.story import Story, table
from identity_pipeline_tests.unify.test_edge_cases import NEVER, equal

NAME, MAIL = equal("contacts.Name", "Name"), equal("contacts.Mail", "Mail")
MODEL = {
    "compare": [{**NAME, "kind": "name"}, {**MAIL, "kind": "email"}],
    "block_on": [[NAME], [MAIL]],
}
OTHER_NAMES = {**NAME, "operator": "different", "precision": 60}
PEOPLE = {
    "contacts": table(
        "Id Name Mail", ("1", "Ann", "a@x"), ("2", "Bob", "a@x"), ("3", "Eve", "e@x")
    ),
    "members": table("Id Name Mail", ("7", "Anne", "a@x"), ("8", "Eve", "f@x"), ("9", "Zoe", None)),
}
# Of both compared columns, of the mailbox alone, of the name alone.
BOTH, MAILBOX, NAMES = 0.99, 0.96, 0.85


@pytest.fixture
def scores(monkeypatch):
    """Scores by what is equal: the first three letters of the name, the mailbox."""
    monkeypatch.setattr(
        splink_model, "score_pairs", lambda model, left, right: _scored(left, right)
    )


def _scored(left, right):
    for one in left.to_pylist():
        for other in right.to_pylist():
            named = one["c0"][:3] == other["c0"][:3]
            mailed = one["c1"] is not None and one["c1"] == other["c1"]
            if named or mailed:
                probability = BOTH if named and mailed else MAILBOX if mailed else NAMES
                levels = (float(named), float(mailed))
                yield ScoredPair(one["id"], other["id"], probability, 1.0, levels, levels)


def story(opened, unify=None, **more):
    match = [{"name": "S1", "splink": MODEL, **more}]
    tables = [{"table": "contacts"}, {"table": "members", "match": match}]
    return Story(opened, {"tables": tables, **(unify or {})})


def matched(told):
    return told.rows("select key, left_key, score from unify.members_matches order by key")


def test_the_more_probable_of_two_records_is_taken_and_the_other_is_an_ambiguity(opened, scores):
    told = story(opened)

    told.run(PEOPLE)

    ambiguous = told.rows("select key, chosen_key, other_key from unify.members_ambiguities")
    assert matched(told) == [("7", "1", BOTH), ("8", None, None), ("9", None, None)]
    assert ambiguous == [("7", "1", "2")]


def test_a_pair_between_the_limits_is_listed_with_what_was_compared(opened, scores):
    told = story(opened)

    told.run(PEOPLE)

    listed = told.rows(
        "select rule, left_table, left_key, right_key, probability, scores, left_values,"
        " right_values from unify.members_reviews"
    )
    values = (["eve", "e@x"], ["eve", "f@x"])
    assert listed == [("S1", "contacts", "3", "8", NAMES, [1.0, 0.0], *values)]


def test_an_exception_refuses_a_pair_however_probable(opened, scores):
    told = story(opened, exceptions=[OTHER_NAMES])

    told.run({**PEOPLE, "contacts": table("Id Name Mail", ("2", "Bob", "a@x"))})

    assert matched(told) == [("7", None, None), ("8", None, None), ("9", None, None)]


def test_never_match_refuses_a_pair_and_the_next_is_taken(opened, scores):
    told = story(opened, unify=NEVER)

    told.run(PEOPLE, never=[("S_Contacts", "1", "S_Members", "7")])

    assert matched(told)[0] == ("7", "2", MAILBOX)


def test_components_join_every_record_that_a_pair_links(opened, scores):
    told = story(opened, unify={"linking": "components"})

    told.run(PEOPLE)

    assert "Contacts 1, Contacts 2, Members 7" in told.keyrings()


def test_a_pair_that_another_rule_joined_is_not_listed(opened, scores):
    told = story(opened)
    exact = {"name": "Last", "conditions": [NAME]}
    told.unify["tables"][1]["match"].append(exact)

    told.run(PEOPLE)

    assert told.rows("select count(*) from unify.members_reviews") == [(0,)]


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: name)
    files = {**SOURCES, "unify.yaml": SPLINK}
    return load_environment(write_environment(tmp_path, files))


def test_a_table_with_a_probabilistic_rule_has_a_table_and_a_check_of_pairs(
    environment, monkeypatch
):
    monkeypatch.setattr("identity_pipeline.defs.reviews.version", lambda name: "5.0.0")

    asset = match_asset(environment, "visitors")

    assert "visitors_reviews" in {key.path[-1] for key in asset.keys}
    assert [one.name for one in asset.check_specs] == ["pairs_to_review"]


def test_other_tables_have_none(environment):
    assert review_checks(environment, "contacts") == []
