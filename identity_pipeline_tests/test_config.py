"""Configuration: what is wrong is said at once, by file, line, key and remedy."""

import pytest

from identity_pipeline.config import load_environment, warnings
from identity_pipeline.terms.errors import ConfigError
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
        "limits.rejected: must be a number or a share such as 5%",
    ),
    (
        CONTACTS,
        "table: Contacts",
        "table: Contacts\nnull_markers: [NO]",
        "null_markers[0]: must be text; put it in quotes",
    ),
    (CONTACTS, "name: contacts", "name: Contacts", "'Contacts' does not fit"),
    (CONTACTS, "name: contacts", "name: visitors", "'visitors' is in sources/contacts.yaml too"),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), WRONG)
def test_what_is_wrong_is_said_with_its_place_and_remedy(tmp_path, file, old, new, expected):
    assert expected in message(tmp_path, changed(file, old, new))


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
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, files, expected):
    assert expected in message(tmp_path, files)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_environment(tmp_path / "nowhere")


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
    ],
)
def test_what_is_probably_not_meant_is_a_warning(tmp_path, old, new, expected):
    environment = load_environment(write_environment(tmp_path, changed(UNIFY, old, new)))

    assert expected in "\n".join(map(str, warnings(environment)))
