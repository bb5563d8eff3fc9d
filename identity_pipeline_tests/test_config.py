"""Configuration: what is wrong is said at once, by file, line, key and remedy."""

import json
import re
from pathlib import Path

import pytest

from identity_pipeline.config import load_environment, source_problem
from identity_pipeline.config_warnings import warnings
from identity_pipeline.expressions.check import filter_problems
from identity_pipeline.terms.environment import override_sources
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import Unification
from identity_pipeline.terms.wording import PATTERNS
from identity_pipeline_tests.builders import FILES, write_environment


def changed(file, old, new):
    assert FILES[file].count(old) >= 1
    return {file: FILES[file].replace(old, new, 1)}


def message(tmp_path, files):
    with pytest.raises(ConfigError) as caught:
        load_environment(write_environment(tmp_path, files))
    return str(caught.value)


def test_a_sound_environment_is_read(tmp_path):
    environment = load_environment(write_environment(tmp_path))

    assert environment.unify.order == ("contacts", "visitors")


CONTACTS, UNIFY = "sources/contacts.yaml", "unify.yaml"
WRONG = [
    # file, text, replaced by, what the message says
    (
        UNIFY,
        "known_if:",
        "known_iff:",
        "unify.yaml:11, known_iff: unknown key 'known_iff'. Did you mean 'known_if'?",
    ),
    (
        UNIFY,
        "right: Mail",
        "rigth: Mail",
        "tables[1].match[0].conditions[0].rigth: unknown key 'rigth'. Did you mean 'right'?",
    ),
    (
        UNIFY,
        "right: Mail",
        "right: Mial",
        "unify.yaml:7, tables[1].match[0].conditions[0].right: table 'visitors' has no column 'Mial'. Did you mean 'Mail'?",
    ),
    (
        UNIFY,
        "left: contacts.Email",
        "left: contact.Email",
        "no table of the match order is called 'contact'. Did you mean 'contacts'?",
    ),
    (
        UNIFY,
        "left: contacts.Email",
        "left: visitors.Mail",
        "'visitors' is not above 'visitors' in the match order",
    ),
    (
        UNIFY,
        "- table: visitors",
        "- table: visitor",
        "no source is called 'visitor'. Did you mean 'visitors'?",
    ),
    (
        UNIFY,
        "normalize: [lower]}]}\ncol",
        "normalize: [lowr]}]}\ncol",
        "no normalization and no list is called 'lowr'. Did you mean 'lower'?",
    ),
    (
        UNIFY,
        "column: Email",
        "column: Joined, precision: 80",
        "'Joined' is date: only text can be compared fuzzily",
    ),
    (
        UNIFY,
        "[contacts.Name]",
        "[contacts.Nme]",
        "columns.Name[0]: table 'contacts' has no column 'Nme'. Did you mean 'Name'?",
    ),
    (
        UNIFY,
        "any_of: [Email]",
        "any_of: [E-mail]",
        "no unified column is 'E-mail'. Did you mean 'Email'?",
    ),
    (UNIFY, "  Name: [contacts.Name]", "  CustomerId: [contacts.Name]", "two columns 'CustomerId'"),
    (UNIFY, "tables:", "tables:\n  - table: visitors", "'visitors' is in the match order twice"),
    (
        UNIFY,
        "known_if:",
        "exclude: [contacts.Name]\nknown_if:",
        "'contacts.Name' is excluded, yet a unified column uses it",
    ),
    (
        UNIFY,
        "  - table: contacts\n",
        "  - table: contacts\n    keep: {most_recent: Name}\n",
        "'Name' is text; recency needs a date",
    ),
    (UNIFY, "known_if:", "tables: []\nknown_if:", "the key is written twice"),
    (UNIFY, "columns:\n", "columns: [\n", "not YAML"),
    (
        CONTACTS,
        "Joined: date",
        "Joined: dat",
        "columns.Joined: 'dat' is not known. Did you mean 'date'?",
    ),
    (
        CONTACTS,
        "primary_key: Id\ncol",
        "primary_key: ID\ncol",
        "table 'contacts' has no column 'ID'. Did you mean 'Id'?",
    ),
    (CONTACTS, "{ingestion_date}", "today", "needs {ingestion_date}"),
    (CONTACTS, "table: Contacts\n", "", "table: is missing"),
    (
        CONTACTS,
        "table: Contacts",
        "table: Contacts\nformat: {kind: cvs}",
        "'cvs' is not known. Did you mean 'csv'?",
    ),
    (
        CONTACTS,
        "table: Contacts",
        "table: Contacts\nlimits: {rejected: lots}",
        "limits.rejected: must be a share from 0% to 100%, as 5%",
    ),
    (
        CONTACTS,
        "table: Contacts",
        "table: Contacts\nnull_markers: [NO]",
        "null_markers[0]: YAML reads NO as false, not as text: put it in quotes",
    ),
    (
        CONTACTS,
        "name: contacts",
        "name: Contacts",
        "name: must be small letters, digits and single underscores",
    ),
    (CONTACTS, "name: contacts", "name: visitors", "'visitors' is in sources/contacts.yaml too"),
]

TABLE, KNOWN, FIRST = "table: Contacts", "known_if:", "  - table: contacts\n"
LANDING = "landing/x/{ingestion_date}/*.csv"
# Added to a sound file, at its place: file, after which text, the addition, what the message says.
ADDED = [
    # what YAML reads otherwise than it is written
    (CONTACTS, TABLE, "null_markers: NO", "null_markers: must be a list, as [NO]"),
    (CONTACTS, TABLE, "owner: 2022-07-23", "owner: YAML reads 2022-07-23 as a date, not as text"),
    (CONTACTS, TABLE, "owner: [a]", "owner: must be text, not a list"),
    (CONTACTS, "Joined: date", "  NO: text", "columns.NO: YAML does not read the key NO as text"),
    (
        CONTACTS,
        TABLE,
        "row_filter: {column: Joined, gt: 2022-07-23}",
        "row_filter.gt: YAML reads 2022-07-23 as a date",
    ),
    (
        CONTACTS,
        TABLE,
        "owner: 2022-13-40",
        "contacts.yaml:4: column 8: not YAML: '2022-13-40' reads as a date",
    ),
    (CONTACTS, TABLE, "owner: \x07", "contacts.yaml:4: a control character (code 7) is no text"),
    (CONTACTS, TABLE, "\towner: x", "contacts.yaml:4: column 1: not YAML: a tab cannot indent"),
    (CONTACTS, TABLE, "owner: &it [*it]", "owner[0]: the value contains itself"),
    # of several kinds of value, the one that was meant
    (CONTACTS, TABLE, "row_filter: {column: Joined}", "row_filter: a filter needs an operator"),
    (
        CONTACTS,
        TABLE,
        "row_filter: {all: [{column: Name, starts_wth: x}]}",
        "row_filter.all[0].starts_wth: unknown key 'starts_wth'. Did you mean 'starts_with'?",
    ),
    (
        CONTACTS,
        TABLE,
        "row_filter: {all: [{column: Nam, eq: x}]}",
        "row_filter.all[0].column: table 'contacts' has no column 'Nam'",
    ),
    (CONTACTS, TABLE, "format: csv", "format: must be a mapping, as {kind: csv}"),
    (
        CONTACTS,
        TABLE,
        "format: {kind: csv, delimiter: '||'}",
        "format.delimiter: must be one character",
    ),
    (CONTACTS, "Joined: date", "  Left: [date]", "columns.Left: must be a type, as text"),
    (
        CONTACTS,
        "Joined: date",
        "  Left: {typ: date}",
        "columns.Left.typ: unknown key 'typ'. Did you mean 'type'?",
    ),
    (
        CONTACTS,
        "Joined: date",
        "  name: text",
        "columns.name: columns must differ by more than case",
    ),
    (CONTACTS, TABLE, "deletes: x", "deletes: 'deletes' is for 'refresh: incremental'"),
    (
        UNIFY,
        FIRST,
        "    keep: {most_recen: Joined}",
        "tables[0].keep: must be most_filled, {most_recent: Column}",
    ),
    (UNIFY, FIRST, "    keep: newest", "tables[0].keep: must be most_filled"),
    (UNIFY, "columns:", "  Tier: contacts.Name", "columns.Tier: must be a list, as [table.Column]"),
    (UNIFY, "columns:", "  Tier: [Name]", "columns.Tier[0]: must be written table.Column"),
    # overrides and ids
    (
        UNIFY,
        None,
        "overrides: {never_match: landing/x.csv}",
        "overrides.never_match: 'landing/x.csv' needs {ingestion_date}",
    ),
    (
        UNIFY,
        None,
        f"overrides: {{bypass: {{lower: '{LANDING}'}}}}",
        "overrides.bypass.lower: 'lower' is a normalization",
    ),
    (
        UNIFY,
        None,
        "customer_id: {columns: [contacts.Nme]}",
        "customer_id.columns[0]: table 'contacts' has no column 'Nme'. Did you mean 'Name'?",
    ),
    (UNIFY, None, "customer_id: {columns: [Emial]}", "no table has 'Emial'. Did you mean 'Email'?"),
    (
        UNIFY,
        None,
        "customer_id: {secret_env: s3cret}",
        "secret_env: must be the name of an environment variable",
    ),
    # columns of Customer
    (
        UNIFY,
        None,
        "rename: {Nme: Title}",
        "rename.Nme: no unified column is 'Nme'. Did you mean 'Name'?",
    ),
    (UNIFY, None, "rename: {Name: EMAIL}", "rename.Name: Customer would have two columns 'EMAIL'"),
    (
        UNIFY,
        None,
        "rename: {Name: shop_contacts_id}",
        "two columns 'shop_contacts_id' (case does not count)",
    ),
    (
        UNIFY,
        None,
        "rename: {Name: Web_Visitors_Visitor_Alternate}",
        "two columns 'Web_Visitors_Visitor_Alternate'",
    ),
    (
        UNIFY,
        None,
        "separate: [visitors.Mial]",
        "separate[0]: table 'visitors' has no column 'Mial'",
    ),
    (UNIFY, None, "exclude: [visitor.Mail]", "no table of the match order is called 'visitor'"),
    (
        UNIFY,
        None,
        "groups: [{columns: [A], from: {contacts: [Nme]}}]",
        "groups[0].from.contacts[0]: table 'contacts' has no column 'Nme'",
    ),
    (
        UNIFY,
        None,
        "groups: [{columns: [A, B], from: {contacts: [Name]}}]",
        "groups[0].from.contacts: 'contacts' must list 2 columns",
    ),
    (
        UNIFY,
        None,
        "clusters: [{name: Home, rules: [{name: N, conditions: [{column: Nme}]}]}]",
        "no unified column is 'Nme'. Did you mean 'Name'?",
    ),
    (
        UNIFY,
        None,
        "clusters: [{name: Home, rules: [{name: N, conditions: [{column: Name, normalize: [lowr]}]}]}]",
        "no normalization and no list is called 'lowr'",
    ),
    (UNIFY, None, "rename: {Name: _x}", "rename.Name: '_x' is no name for a column of Customer"),
    (UNIFY, None, "rename: {Name: ''}", "rename.Name: '' is no name for a column of Customer"),
    (
        UNIFY,
        None,
        "clusters: [{name: Household, rules: [{name: N, conditions: [{column: Name}]}]}]",
        "clusters[0].name: 'HouseholdId' is the automatic household's",
    ),
    (
        UNIFY,
        None,
        "clusters: [{name: Home, rules: [{name: N, active: false, conditions: [{column: Name}]}]}]",
        "clusters[0]: 'Home' has no active rule",
    ),
    # match rules
    (
        UNIFY,
        FIRST,
        "    match: [{name: M, conditions: [{left: visitors.Mail, right: Email}]}]",
        "tables[0].match: the first table of the match order has nothing",
    ),
    (
        UNIFY,
        "    match:",
        "      - {name: Mail, conditions: [{left: contacts.Name, right: Mail}]}",
        "tables[1].match[0].name: two rules of 'visitors' are called 'Mail'",
    ),
    (
        UNIFY,
        "    match:",
        "      - {name: J, conditions: [{left: contacts.Joined, right: Mail, precision: high}]}",
        "'Joined' is date: only text can be compared fuzzily",
    ),
    (
        UNIFY,
        "    match:",
        "      - {name: P, conditions: [{left: contacts.Name, right: Mail, precision: hihg}]}",
        "precision: must be a whole number from 1 to 100, or low, medium",
    ),
]


def added(file, after, addition):
    text = FILES[file]
    place = text.index(after) + len(after.rstrip("\n")) if after else len(text.rstrip("\n"))
    return {file: f"{text[:place]}\n{addition}{text[place:]}"}


@pytest.mark.parametrize(("file", "after", "addition", "expected"), ADDED)
def test_what_is_added_wrongly_is_said_once(tmp_path, file, after, addition, expected):
    text = message(tmp_path, added(file, after, addition))

    assert (expected in text, text.count(expected), "nput should" in text) == (True, 1, False)


@pytest.mark.parametrize(("file", "old", "new", "expected"), WRONG)
def test_what_is_wrong_is_said_with_its_place_and_remedy(tmp_path, file, old, new, expected):
    assert expected in message(tmp_path, changed(file, old, new))


def test_a_file_with_problems_does_not_hide_those_of_others(tmp_path):
    files = changed(CONTACTS, "Joined: date", "Joined: dat")
    files |= changed(UNIFY, "right: Mail", "right: Mial")

    text = message(tmp_path, files)

    assert [text.startswith("2 problems"), "'dat'" in text, "'Mial'" in text] == [True] * 3


# Visitors with a number beside their mail, and contacts with a date.
NUMBERED = FILES["sources/visitors.yaml"].replace("Mail: text", "Mail: text\n  Visits: integer")
NUMBERED = NUMBERED.replace("[Visitor, Mail]", "[Visitor, Mail, Visits]")
BY_DATE = "by: most_recent, recency: {contacts: Joined, visitors: Visits}"
GROUP = "groups: [{columns: [A, B], by: most_recent, reference: B, from: {contacts: [Name, Joined], visitors: [Mail, %s]}}]"
RECENCIES = [
    # unify.yaml has too, what the message says
    (
        f"  Tier: {{from: [contacts.Name, visitors.Mail], {BY_DATE}}}",
        "columns.Tier.recency: dates cannot be compared with numbers",
    ),
    (GROUP % "Visits", "groups[0].from: dates cannot be compared with numbers"),
    (GROUP % "null", "groups[0].from.visitors[1]: 'visitors' needs a column for 'B' too"),
    (GROUP % "Mail", "groups[0].from.visitors[1]: 'Mail' is text; recency needs a date"),
]


@pytest.mark.parametrize(("addition", "expected"), RECENCIES)
def test_recency_compares_dates_with_dates_and_numbers_with_numbers(tmp_path, addition, expected):
    files = added(UNIFY, "columns:" if addition.startswith(" ") else None, addition)

    assert expected in message(tmp_path, files | {"sources/visitors.yaml": NUMBERED})


def test_nothing_is_said_about_the_columns_of_a_file_with_problems(tmp_path):
    files = changed(CONTACTS, "Joined: date", "Joined: dat")
    files |= added(UNIFY, FIRST, "    keep: {most_recent: Joined}")

    assert message(tmp_path, files).startswith("1 problem ")


def test_a_column_that_begins_as_the_pipelines_own_cannot_be_selected(tmp_path):
    files = changed(CONTACTS, "  Name: text", "  _id: text\n  Name: text")
    files[CONTACTS] = files[CONTACTS].replace("[Id, Name", "[Id, _id, Name")

    text = message(tmp_path, files)

    assert "contacts.yaml:14, profile.columns[1]: '_id' cannot be selected" in text


def test_every_undeclared_column_of_a_source_is_listed(tmp_path):
    text = message(tmp_path, changed(CONTACTS, "[Id, Name, Email", "[Id, Nme, Emial"))

    assert re.findall(r"columns\[\d\]: .*? has no column '(\w+)'", text) == ["Nme", "Emial"]


def test_every_problem_is_listed_at_once(tmp_path):
    files = changed(UNIFY, "right: Mail", "right: Mial")
    files[UNIFY] = files[UNIFY].replace("[contacts.Name]", "[contacts.Nme]")

    text = message(tmp_path, files)

    assert [text.startswith("2 problems"), "'Mial'" in text, "'Nme'" in text] == [True] * 3


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"extra.yaml": "a: 1\n"}, "extra.yaml: not read: known files are unify.yaml"),
        ({"unify.yaml": ""}, "unify.yaml: the file is empty"),
        ({"unify.yaml": "- a\n"}, "unify.yaml:1: must be a mapping"),
        ({"segments.yaml": "a: 1\n"}, "segments.yaml:1, a: unknown key 'a'. Known: segments."),
        ({"sources/b.yml": "a: 1\n"}, "sources/b.yml: not read"),
        (
            {"sources/b.yaml": FILES[CONTACTS].replace(": contacts", ": b")},
            "b.yaml:3, table: another source is Shop Contacts too",
        ),
        (
            {"sources/b.yaml": FILES[CONTACTS].replace(": contacts", ": custom")},
            "name: the table unify.custom_matches of custom matches is in the way",
        ),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, files, expected):
    assert expected in message(tmp_path, files)


OWN_WORDS = [
    # file, text, replaced by, what the message says
    (UNIFY, "  Name: [", "  Record: [", "'Record' is a word of unification's own"),
    (CONTACTS, "Name", "group", "'group' is a word of unification's own"),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), OWN_WORDS)
def test_words_of_unification_are_refused_as_columns(tmp_path, file, old, new, expected):
    everywhere = {file: FILES[file].replace(old, new)}

    assert expected in message(tmp_path, everywhere)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_environment(tmp_path / "nowhere")


def test_a_folder_without_files_says_what_is_missing(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_environment(tmp_path)

    assert [problem.file for problem in caught.value.problems][-2:] == ["sources/", "unify.yaml"]


def test_a_file_that_is_not_utf_8_is_named_with_its_line(tmp_path):
    folder = write_environment(tmp_path)
    (folder / UNIFY).write_bytes(b"# one\n# M\xfcller\n")

    with pytest.raises(ConfigError, match=r"unify\.yaml:2: not UTF-8: save it as UTF-8"):
        load_environment(folder)


def test_the_name_of_a_file_of_overrides_is_taken(tmp_path):
    files = added(UNIFY, None, f"overrides: {{bypass: {{b: '{LANDING}'}}}}")
    files["sources/b.yaml"] = (
        FILES[CONTACTS].replace("name: contacts", "name: bypass_b").replace("Shop", "B")
    )

    assert "'bypass_b' is the name of a file of overrides" in message(tmp_path, files)


def test_overrides_are_sources_that_may_shrink_to_nothing(tmp_path):
    lists = f"overrides: {{never_match: '{LANDING}', alias: {{firms: '{LANDING}'}}}}"
    environment = load_environment(write_environment(tmp_path, added(UNIFY, None, lists)))

    found = override_sources(environment)

    assert {name: (s.primary_key, s.limits.shrink_to) for name, s in found.items()} == {
        "never_match": ("Table1", 0.0),
        "alias_firms": ("Value", 0.0),
    }


def test_a_filter_that_does_not_fit_its_column_is_said_with_its_line(tmp_path):
    text = "row_filter:\n  any:\n    - {column: Name, eq: x}\n    - {column: Name, in: [5]}"
    environment = load_environment(write_environment(tmp_path, added(CONTACTS, TABLE, text)))

    found = [
        str(source_problem(environment, "contacts", place, wrong))
        for place, wrong in filter_problems(environment.source("contacts"))
    ]

    assert [line.split(": ")[0] for line in found] == [
        "sources/contacts.yaml:7, row_filter.any[1].in"
    ]


def test_every_pattern_of_the_terms_has_words_for_people():
    schemas = json.dumps([SourceTable.model_json_schema(), Unification.model_json_schema()])

    asked = {json.loads(f'"{text}"') for text in re.findall(r'"pattern": "(.*?)"', schemas)}

    assert asked <= set(PATTERNS)


def test_the_sample_is_sound_and_nothing_in_it_is_probably_not_meant():
    sample = load_environment(Path(__file__).parents[1] / "data" / "contoso")

    assert (sample.name, warnings(sample)) == ("contoso", [])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "normalize: [lower]}]}\ncol",
            "precision: 80}]}\ncol",
            "rule 'Mail' has no exact condition",
        ),
        (
            "    match:\n      - {name: Mail",
            "    match:\n      - {active: false, name: Mail",
            "'visitors' has no match rule",
        ),
        (
            "[contacts.Email, visitors.Mail]",
            "[contacts.Joined, visitors.Mail]",
            "columns.Email: 'Email' combines columns of different types (date, text)",
        ),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(tmp_path, old, new, expected):
    environment = load_environment(write_environment(tmp_path, changed(UNIFY, old, new)))

    assert expected in "\n".join(map(str, warnings(environment)))
