"""What must not grow with the square of a group: links, KeyRings, parting under never match."""

import json
import random

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.unify import keyring, parting
from identity_pipeline_tests.unify.story import Story, table

FILES = {"never_match": "n/{ingestion_date}/*.csv"}


def rule(*columns, **more):
    conditions = [{"column": column} for column in columns]
    return {"name": "-".join(columns), "conditions": conditions, **more}


def contacts(rules, **more):
    tables = [{"table": "contacts", "include_all": True, "deduplicate": rules, **more}]
    return {"tables": tables, "overrides": FILES}


def never(one, other):
    return ("S_Contacts", one, "S_Contacts", other)


def all_alike(size):
    return {"contacts": table("Id Mail", *((f"c{n:05}", "a@x.org") for n in range(size)))}


DEDUPLICATIONS = [
    # rules, automatic
    ([rule("A")], "never"),
    ([rule("A"), rule("B")], "never"),
    ([rule("A", "B"), rule("C"), rule("B")], "never"),
    ([rule("A", exceptions=[{"column": "C", "operator": "different"}]), rule("B")], "never"),
    ([rule("A"), rule("B")], "always"),
]


def some_rows(chance):
    """Rows that share a few values; some keys have two rows."""
    values = ["x", "y", "z", None]
    keys = [f"k{chance.randrange(30)}" for _ in range(34)]
    return [(key, *(chance.choice(values) for _ in "ABC")) for key in keys]


@pytest.mark.parametrize("seed", range(12))
def test_a_large_group_is_parted_by_stars_as_by_every_pair(monkeypatch, seed):
    chance = random.Random(seed)
    rules, automatic = DEDUPLICATIONS[seed % len(DEDUPLICATIONS)]
    tables = {"contacts": table("Id A B C", *some_rows(chance))}
    keys = sorted({row[0] for row in tables["contacts"].rows})
    foes = [never(*chance.sample(keys, 2)) for _ in range(chance.randrange(1, 8))]
    found = []
    for most in (10**6, 0):
        monkeypatch.setattr(parting, "MOST_PAIRED_ROWS", most)
        with open_engine(None) as opened:
            story = Story(opened, contacts(rules, automatic=automatic))
            story.run(tables, never=foes)
            found.append(story.keyrings())
    by_pairs, by_stars = found

    assert by_stars == by_pairs


def test_two_foes_in_a_large_group_cost_a_link_a_row_not_a_link_a_pair(opened):
    story = Story(opened, contacts([rule("Mail")]))
    story.run(all_alike(3000), never=[never("c00000", "c02999")])

    assert story.rows("select count(*) from unify.contacts_duplicates") == [(2999,)]


def test_only_the_foe_leaves_a_large_group(opened):
    story = Story(opened, contacts([rule("Mail")]))
    story.run(all_alike(1500), never=[never("c00000", "c00700")])
    sizes = "select count(*) from customer.alternate_key group by CustomerId order by 1"

    assert story.rows(sizes) == [(1,), (1499,)]


@pytest.fixture
def ring(opened, monkeypatch):
    """The KeyRing of a customer with so many keys, where five are listed."""
    monkeypatch.setattr(keyring, "MOST_LISTED_KEYS", 5)

    def of(size):
        story = Story(opened, contacts([rule("Mail")]))
        story.run(all_alike(size))
        [(text,)] = story.rows("select distinct KeyRing from customer.alternate_key")
        [listed] = json.loads(text)
        return listed

    return of


def test_a_key_ring_lists_every_key_up_to_the_most(ring):
    assert ring(5)["keys"] == [f"c{number:05}" for number in range(5)]


def test_a_key_ring_of_more_keys_lists_the_preferred_one_and_their_number(ring):
    assert ring(6) == {
        "dataSourceName": "S",
        "tableName": "Contacts",
        "preferredKey": "c00005",
        "keys": ["c00005"],
        "numberOfKeys": 6,
    }
