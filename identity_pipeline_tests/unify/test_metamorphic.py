"""What must follow when input changes in a known way, whatever the right customers are.

Order and threads are in `test_determinism`.
"""

import random

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.unify.story import Story, Table
from identity_pipeline_tests.unify.test_determinism import NEVER, RULES, world

CUSTOMER_TABLES = ("contacts", "members", "web")
EXACT = {"tables": RULES["tables"][:1], "columns": {"Name": ["contacts.Name"]}}
EXACT["known_if"] = {"any_of": ["Name"]}
COMPONENTS = RULES | {"linking": "components"}


def without(tables: dict[str, Table], name: str, seed: int) -> dict[str, Table]:
    """The tables with half of the rows of one of them."""
    rows = tables[name].rows
    kept = sorted(random.Random(seed).sample(range(len(rows)), len(rows) // 2))
    return tables | {name: Table(tables[name].columns, [rows[place] for place in kept])}


def together(tables: dict[str, Table], unify: dict[str, object]) -> set[frozenset[str]]:
    """Pairs of keys that are in one customer."""
    with open_engine(None) as opened:
        story = Story(opened, unify)
        story.run(tables)
        owners = story.ids()
    held: dict[str, list[str]] = {}
    for key, owner in owners.items():
        held.setdefault(owner, []).append(key)
    return {frozenset((a, b)) for keys in held.values() for a in keys for b in keys if a < b}


@pytest.mark.parametrize("seed", [1])
def test_more_rows_never_part_what_deduplication_joined(seed):
    many = {"contacts": world(seed)["contacts"]}

    assert together(without(many, "contacts", seed), EXACT) <= together(many, EXACT)


@pytest.mark.parametrize("name", CUSTOMER_TABLES)
def test_more_rows_never_part_what_components_joined(name):
    many = world(11)

    assert together(without(many, name, 11), COMPONENTS) <= together(many, COMPONENTS)


@pytest.mark.parametrize("seed", [1])
def test_more_rows_of_the_last_table_change_nothing_among_the_others(seed):
    many = world(seed)
    among_others = {pair for pair in together(many, RULES) if not any("Web" in key for key in pair)}
    fewer = together(without(many, "web", seed), RULES)

    assert {pair for pair in fewer if not any("Web" in key for key in pair)} == among_others


@pytest.mark.parametrize("seed", [1])
def test_assignment_joins_nothing_that_components_part(seed):
    tables = world(seed)

    assert together(tables, RULES) <= together(tables, COMPONENTS)


@pytest.mark.parametrize(("name", "seed"), [("contacts", 0), ("members", 2)])
def test_rows_that_came_and_went_were_never_there(name, seed):
    with open_engine(None) as opened:
        story = Story(opened, RULES)
        many = world(seed)
        fewer = without(many, name, seed)
        story.run(fewer, never=NEVER)
        before = story.ids(), story.rows(CUSTOMERS)
        story.run(many, never=NEVER)
        story.run(fewer, never=NEVER)

        assert (story.ids(), story.rows(CUSTOMERS)) == before


# All but PreviousCustomerId, which tells of what came and went.
CUSTOMERS = "select * exclude (PreviousCustomerId) from customer.customer order by CustomerId"


def test_a_never_match_that_came_and_went_was_never_there():
    with open_engine(None) as opened:
        story = Story(opened, RULES)
        story.run(world(4))
        before = story.ids()
        story.run(world(4), never=NEVER)
        story.run(world(4))

        assert story.ids() == before


def test_a_rule_that_is_tried_last_changes_no_record_that_matched_before():
    """Rules are tried in order: a new last rule speaks for those that nothing matched."""
    *others, last = RULES["tables"]
    later = {"name": "W3", "conditions": [{"left": "members.Email", "right": "Email"}]}
    more = RULES | {"tables": [*others, last | {"match": [*last["match"], later]}]}
    tables = world(5)

    assert together(tables, RULES) <= together(tables, more)
