"""Configuration of comparisons and probabilistic rules: what is wrong is said with its remedy."""

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.config_warnings import warnings
from identity_pipeline.terms import extras
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline_tests.builders import CONTACTS, FILES, VISITORS, write_environment

SOURCES = {
    "sources/contacts.yaml": CONTACTS.replace(
        "  Joined: date\n", "  Joined: date\n  Age: integer\n"
    ).replace("Joined]", "Joined, Age]"),
    "sources/visitors.yaml": VISITORS.replace(
        "  Mail: text\n", "  Mail: text\n  Name: text\n  Seen: timestamp\n  Age: decimal\n"
    ).replace("Mail]", "Mail, Name, Seen, Age]"),
}
CONDITION = "{left: contacts.Email, right: Mail, normalize: [lower]}"
PLACE = "tables[1].match[0].conditions[0]"


def problems(tmp_path, unify):
    files = {**SOURCES, "unify.yaml": unify}
    try:
        environment = load_environment(write_environment(tmp_path, files))
    except ConfigError as error:
        return str(error)
    return "\n".join(map(str, warnings(environment)))


def with_condition(condition):
    return FILES["unify.yaml"].replace(CONDITION, condition)


SOUND = [
    "{left: contacts.Email, right: Mail}, {left: contacts.Joined, right: Seen, "
    "compare: difference, within: 30 days}",
    "{left: contacts.Email, right: Mail}, {left: contacts.Age, right: Age, "
    "compare: difference, within: 2.5}",
    "{left: contacts.Email, right: Mail}, {left: contacts.Name, right: Name, "
    "compare: jaro_winkler, precision: 90}",
    "{left: contacts.Name, right: Name, normalize: [name, phonetic]}",
]
WRONG = [
    # condition, what the message says
    (
        "{left: contacts.Name, right: Name, compare: jaro}",
        f"{PLACE}.compare: 'jaro' is not known. Known: edits, jaro_winkler, difference.",
    ),
    (
        "{left: contacts.Name, right: Name, compare: jaro_winkler}",
        f"{PLACE}: 'compare: jaro_winkler' needs a 'precision' below 100 %, as 90",
    ),
    (
        "{left: contacts.Joined, right: Seen, compare: jaro_winkler, precision: 90}",
        f"{PLACE}.precision: 'Joined' is date: only text can be compared fuzzily",
    ),
    (
        "{left: contacts.Name, right: Name, within: 2}",
        f"{PLACE}.within: 'within' goes with 'compare: difference'",
    ),
    (
        "{left: contacts.Age, right: Age, compare: difference}",
        "'compare: difference' needs 'within', as 2 or 30 days",
    ),
    (
        "{left: contacts.Age, right: Age, compare: difference, within: 2, precision: 80}",
        "a difference has 'within' instead of 'precision'",
    ),
    (
        "{left: contacts.Age, right: Age, compare: difference, within: 2, normalize: [lower]}",
        "numbers and dates have no normalization; lists of values they may have",
    ),
    (
        "{left: contacts.Joined, right: Seen, compare: difference, within: 3 months}",
        f"{PLACE}.within: must be a number, as 2, or a period in days or weeks, as 30 days",
    ),
    (
        "{left: contacts.Age, right: Age, compare: difference, within: 0}",
        f"{PLACE}.within: must be above 0; for equal values leave out 'compare'",
    ),
    (
        "{left: contacts.Age, right: Age, compare: difference, within: 30 days}",
        f"{PLACE}.within: 'Age' is integer: 30 days lie between dates or timestamps",
    ),
    (
        "{left: contacts.Joined, right: Seen, compare: difference, within: 2}",
        f"{PLACE}.within: 'Joined' is date: a number needs numbers",
    ),
    (
        "{left: contacts.Age, right: Mail, compare: difference, within: 2}",
        f"{PLACE}.within: 'Mail' is text: a number needs numbers",
    ),
    (
        "{left: contacts.Name, right: Name, normalize: [phonetic], precision: 80}",
        "two values sound alike or do not: 'phonetic' goes without a 'precision'",
    ),
    (
        "{left: contacts.Joined, right: Seen, normalize: [phonetic]}",
        f"{PLACE}.normalize[0]: 'Joined' is date: only text has a sound",
    ),
    (
        "{left: contacts.Name, right: Name, normalize: [phonetics]}",
        "no normalization and no list is called 'phonetics'. Did you mean 'phonetic'?",
    ),
    (
        "{left: contacts.Name, right: Name, compare: jaro_winkler, precision: 90}",
        "rule 'Mail' has no exact condition: it compares every pair of rows",
    ),
]

RULE = """\
      - name: S1
        splink:
          compare:
            - {left: contacts.Name, right: Name, kind: name}
            - {left: contacts.Email, right: Mail, kind: email}
          block_on:
            - [{left: contacts.Email, right: Mail}]
            - [{left: contacts.Name, right: Name, normalize: [phonetic]}]
          accept: 95%
          review: 80%
"""
SPLINK = FILES["unify.yaml"].replace("columns:", f"{RULE}columns:", 1)
MODEL = "tables[1].match[1].splink"
WRONG_MODELS = [
    # text, replaced by, what the message says
    ("splink:", "spink:", "match[1].spink: unknown key 'spink'. Did you mean 'splink'?"),
    ("kind: name", "kind: nome", f"{MODEL}.compare[0].kind: 'nome' is not known"),
    ("kind: name", "kind: name, precision: 80", "'precision' is of conditions"),
    (
        "contacts.Name, right: Name, kind",
        "contacts.Nam, right: Name, kind",
        f"{MODEL}.compare[0].left: table 'contacts' has no column 'Nam'. Did you mean 'Name'?",
    ),
    (
        "[{left: contacts.Email, right: Mail}]",
        "[{left: contacts.Email, right: Mial}]",
        f"{MODEL}.block_on[0][0].right: table 'visitors' has no column 'Mial'. "
        "Did you mean 'Mail'?",
    ),
    ("right: Name, kind: name", "right: Age, kind: name", "'Age' is decimal: 'name' compares text"),
    ("review: 80%", "review: 96%", "'review' must not be above 'accept'"),
    ("accept: 95%", "accept: 100%", "'accept' must be a share between 0% and 100%, as 90%"),
    (
        "right: Name, normalize: [phonetic]",
        "right: Name, precision: 80",
        "'block_on' has columns that must be equal, without a 'precision'",
    ),
    (
        "            - [{left: contacts.Name, right: Name, normalize: [phonetic]}]\n",
        "",
        "every way of 'block_on' has contacts.Email, so nothing is learnt of it",
    ),
    (
        "            - {left: contacts.Email, right: Mail, kind: email}\n",
        "",
        "'compare' needs two comparisons or more",
    ),
    (
        "{left: contacts.Email, right: Mail, kind: email}",
        "{left: visitors.Mail, right: Mail, kind: email}",
        "'left' is of 'contacts' and of 'visitors': a rule compares two tables",
    ),
]


@pytest.mark.parametrize("condition", SOUND)
def test_conditions_of_each_kind_are_read_and_nothing_is_said_of_them(tmp_path, condition):
    assert problems(tmp_path, with_condition(condition)) == ""


@pytest.mark.parametrize(("condition", "expected"), WRONG)
def test_a_condition_that_cannot_hold_is_told_with_its_remedy(tmp_path, condition, expected):
    assert expected in problems(tmp_path, with_condition(condition))


CLUSTERS = [
    # condition, what the message says
    ("{column: Joined, compare: difference, within: 30 days}", None),
    ("{column: Joined, compare: difference, within: 2}", "within: 'Joined' is date: a number"),
    ("{column: Name, compare: difference, within: 2}", "within: 'Name' is text: a number needs"),
    ("{column: Joined, normalize: [phonetic]}", "'Joined' is date: only text has a sound"),
]


@pytest.mark.parametrize(("condition", "expected"), CLUSTERS)
def test_a_cluster_compares_unified_columns_by_their_types(tmp_path, condition, expected):
    unify = FILES["unify.yaml"].replace("columns:", "columns:\n  Joined: [contacts.Joined]", 1)
    unify += f"clusters: [{{name: Age, rules: [{{name: R, conditions: [{condition}]}}]}}]\n"

    found = problems(tmp_path, unify)

    assert (
        found == ""
        if expected is None
        else "clusters[0].rules[0].conditions[0]" in found and expected in found
    )


def test_a_probabilistic_rule_is_read_and_nothing_is_said_of_it(tmp_path):
    assert problems(tmp_path, SPLINK) == ""


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_MODELS)
def test_a_model_that_cannot_be_is_told_with_its_remedy(tmp_path, old, new, expected):
    assert SPLINK.count(old) == 1 or old in ("splink:",)

    assert expected in problems(tmp_path, SPLINK.replace(old, new, 1))


@pytest.mark.parametrize(
    ("unify", "expected"),
    [
        (
            SPLINK,
            f"{MODEL}: the package splink is missing: pip install 'identity-pipeline[splink]'",
        ),
        (
            with_condition("{left: contacts.Name, right: Name, normalize: [phonetic]}"),
            "the package doublemetaphone is missing: pip install 'identity-pipeline[phonetic]'",
        ),
    ],
)
def test_a_missing_package_is_told_with_its_extra(tmp_path, monkeypatch, unify, expected):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)

    assert expected in problems(tmp_path, unify)


def test_a_rule_that_is_not_active_needs_no_package(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    unify = SPLINK.replace("- name: S1", "- name: S1\n        active: false")
    unify = unify.replace("normalize: [phonetic]", "normalize: [lower]")

    assert "splink" not in problems(tmp_path, unify)
