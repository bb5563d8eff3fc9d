"""The engine agrees with a slow plain-Python reading of the rules, on random tables."""

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests import oracle
from identity_pipeline_tests.oracle import Condition, Customer
from identity_pipeline_tests.unify.story import Story, Table
from identity_pipeline_tests.unify.test_determinism import RULES, world

CONTACT_RULES = [
    [Condition("Name"), Condition("Phone")],
    [Condition("Email", normalize=str.lower)],
]
MEMBER_RULES = [
    [Condition("Email", left=("contacts", "Email"))],
    [
        Condition("Phone", left=("contacts", "Phone")),
        Condition("Name", left=("contacts", "Name"), precision=60),
    ],
]
WEB_RULES = [
    [Condition("Member", left=("members", "Nr"))],
    [Condition("Email", left=("contacts", "Email"))],
]


def records(content: Table) -> list[oracle.Record]:
    return [dict(zip(content.columns, row, strict=True)) for row in content.rows]


def by_the_oracle(tables: dict[str, Table]) -> tuple[set[str], set[str]]:
    """Customers as their keys, and the keys of the contacts that lead their groups."""
    contacts = oracle.deduplicate("contacts", 1, records(tables["contacts"]), CONTACT_RULES)
    members = oracle.deduplicate("members", 2, records(tables["members"]), [])
    web = oracle.deduplicate("web", 3, records(tables["web"]), [])
    customers = [Customer([group]) for group in contacts]
    oracle.match(customers, members, MEMBER_RULES)
    oracle.match(customers, web, WEB_RULES)
    keyrings = {
        ", ".join(
            sorted(
                f"{g.table.capitalize()} {next(iter(r.values()))}" for g in c.groups for r in g.rows
            )
        )
        for c in customers
        if {g.table for g in c.groups} != {"web"}  # Include all is off there
    }
    return keyrings, {group.key for group in contacts}


@pytest.mark.parametrize("seed", range(100, 103))
def test_customers_and_winners_are_those_of_the_oracle(seed):
    tables = world(seed)
    with open_engine(None) as opened:
        story = Story(opened, RULES)
        story.run(tables)

        winners = {str(key) for (key,) in story.rows("select _key from unify.contacts_winners")}
        assert (story.keyrings(), winners) == by_the_oracle(tables)
