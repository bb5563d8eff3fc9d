"""Guards in `unify.yaml`: identifier types that no column has, and values that make no sense."""

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline.terms.identifiers import identifier_types
from identity_pipeline_tests.builders import UNIFY, write_environment

WRONG = [
    # what is written, the key, what is said of it
    ("records_per_value: {Emial: 5}", "guards.records_per_value.Emial", "Did you mean 'Email'?"),
    ("values_per_customer: {Card: 1}", "guards.values_per_customer.Card", "Known:"),
    ("placeholder_values: {Nme: [x]}", "guards.placeholder_values.Nme", "Did you mean 'Name'?"),
    ("records_per_value: {Email: 0}", "guards.records_per_value.Email", "must be at least 1"),
    ("keys_per_customer: none", "guards.keys_per_customer", "a whole number"),
    ("placeholder: false", "guards.placeholder", "placeholders"),
]


@pytest.mark.parametrize(("line", "key", "said"), WRONG)
def test_a_wrong_guard_is_named_with_its_key_and_what_is_known(tmp_path, line, key, said):
    folder = write_environment(tmp_path, {"unify.yaml": f"{UNIFY}guards: {{{line}}}\n"})

    with pytest.raises(ConfigError) as error:
        load_environment(folder)

    problem = str(error.value).splitlines()[1]
    assert problem.startswith(f"unify.yaml:{len(UNIFY.splitlines()) + 1}, {key}: ")
    assert said in problem


def test_an_identifier_type_is_the_semantic_type_else_the_unified_column_else_the_name(tmp_path):
    sources = {
        "sources/contacts.yaml": CONTACTS_WITH_TYPE,
    }
    environment = load_environment(write_environment(tmp_path, sources))

    assert identifier_types(environment) == {
        "contacts": {"Id": "Id", "Name": "FullName", "Email": "Email", "Joined": "Joined"},
        "visitors": {"Visitor": "Visitor", "Mail": "Email"},
    }


CONTACTS_WITH_TYPE = """\
name: contacts
data_source: Shop
table: Contacts
landing: landing/contacts/{ingestion_date}/*.csv
primary_key: Id
columns:
  Id: text
  Name: {type: text, semantic: FullName}
  Email: text
  Joined: date
profile:
  primary_key: Id
  columns: [Id, Name, Email, Joined]
"""
