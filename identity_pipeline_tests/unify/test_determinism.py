"""The same records in another order, or on other threads, are the same customers."""

import random

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.unify.story import Story, Table, table

RULES = {
    "tables": [
        {
            "table": "contacts",
            "deduplicate": [
                {"name": "D1", "conditions": [{"column": "Name"}, {"column": "Phone"}]},
                {"name": "D2", "conditions": [{"column": "Email", "normalize": ["lower"]}]},
            ],
        },
        {
            "table": "members",
            "automatic": "never",  # its winner is the first row, which an order decides
            "match": [
                {"name": "M1", "conditions": [{"left": "contacts.Email", "right": "Email"}]},
                {
                    "name": "M2",
                    "conditions": [
                        {"left": "contacts.Phone", "right": "Phone"},
                        {"left": "contacts.Name", "right": "Name", "precision": "medium"},
                    ],
                },
            ],
        },
        {
            "table": "web",
            "automatic": "never",
            "include_all": False,
            "match": [
                {"name": "W1", "conditions": [{"left": "members.Nr", "right": "Member"}]},
                {"name": "W2", "conditions": [{"left": "contacts.Email", "right": "Email"}]},
            ],
        },
    ],
    "columns": {"Name": ["contacts.Name", "members.Name"], "Email": ["contacts.Email"]},
    "known_if": {"any_of": ["Email"], "or_from": ["members"]},
    "overrides": {"never_match": "n/{ingestion_date}/*.csv"},
}


def world(seed: int) -> dict[str, Table]:
    """Three tables in which values collide often and are often missing."""
    rng = random.Random(seed)

    def pick(kind: str, among: int) -> str | None:
        return rng.choice([None, *(f"{kind}{n}" for n in range(among))])

    def rows(prefix: str, count: int, *kinds: tuple[str, int]) -> list[tuple[object, ...]]:
        return [(f"{prefix}{n}", *(pick(*kind) for kind in kinds)) for n in range(count)]

    people = (("ann", 12), ("p", 25), ("e", 40))
    return {
        "contacts": table("Id Name Phone Email", *rows("c", 60, *people)),
        "members": table("Nr Name Phone Email", *rows("m", 50, *people)),
        "web": table("User Member Email", *rows("w", 80, ("m", 50), ("e", 40))),
    }


NEVER = [("S_Contacts", f"c{n}", "S_Members", f"m{n}") for n in range(20)] + [
    ("S_Contacts", f"c{n}", "S_Contacts", f"c{n + 1}") for n in range(20, 40)
]
TABLES = ("customer", "alternate_key", "customer_id_history")


def outcome(tables: dict[str, Table], threads: int = 2) -> dict[str, list[tuple[object, ...]]]:
    with open_engine(None) as opened:
        opened.connection.execute(f"set threads = {threads}")
        story = Story(opened, RULES)
        story.run(tables, never=NEVER)
        return {name: story.rows(f"from customer.{name} order by all") for name in TABLES}


def shuffled(tables: dict[str, Table], seed: int) -> dict[str, Table]:
    rng = random.Random(seed)
    return {
        name: Table(content.columns, rng.sample(content.rows, len(content.rows)))
        for name, content in tables.items()
    }


@pytest.mark.parametrize("seed", range(2))
def test_rows_in_another_order_are_the_same_customers(seed):
    tables = world(seed)

    assert outcome(shuffled(tables, seed)) == outcome(tables)


def test_one_two_or_four_threads_give_the_same_tables():
    one, two, four = (outcome(world(99), threads) for threads in (1, 2, 4))

    assert one == two == four


@pytest.mark.parametrize("seed", range(2))
def test_nobody_under_never_match_shares_a_customer(seed):
    with open_engine(None) as opened:
        story = Story(opened, RULES)
        story.run(world(seed), never=NEVER)
        owner = story.ids()

    product = {"S_Contacts": "Contacts", "S_Members": "Members"}
    together = [
        line
        for line in NEVER
        if (one := owner.get(f"{product[line[0]]} {line[1]}"))
        and one == owner.get(f"{product[line[2]]} {line[3]}")
    ]
    assert together == []


def test_records_added_and_taken_away_again_leave_ids_as_they_were():
    with open_engine(None) as opened:
        story = Story(opened, RULES)
        full = world(7)
        fewer = full | {"web": Table(full["web"].columns, full["web"].rows[:40])}
        story.run(fewer, never=NEVER)
        before = story.ids()
        story.run(full, never=NEVER)
        story.run(fewer, never=NEVER)

        assert story.ids() == before
