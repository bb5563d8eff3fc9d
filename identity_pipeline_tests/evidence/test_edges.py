"""Edges: what joins the keys of each record, since when, and which edges hold it together."""

import datetime
import itertools

import networkx as nx
import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.evidence.told import Told
from identity_pipeline_tests.unify.story import FIRST_DAY, Story, table
from identity_pipeline_tests.unify.test_determinism import NEVER, RULES, shuffled, world

FUZZY = {
    "name": "D3",
    "conditions": [{"column": "Phone"}, {"column": "Name", "precision": "medium"}],
}
OVERRIDES = {
    "never_match": "n/{ingestion_date}/*.csv",
    "always_match": "a/{ingestion_date}/*.csv",
}
ALWAYS = [("S_Contacts", "c1", "S_Members", "m1"), ("S_Contacts", "c2", "S_Contacts", "c3")]


def told(opened, tmp_path, unify=None):
    return Told(Story(opened, unify or RULES), tmp_path / "told.duckdb")


def worldly(linking):
    contacts, *others = RULES["tables"]
    contacts = contacts | {"deduplicate": [*contacts["deduplicate"], FUZZY]}
    return RULES | {"tables": [contacts, *others], "linking": linking, "overrides": OVERRIDES}


WORLDS = [(seed, linking) for seed in range(3) for linking in ("assignment", "components")]


@pytest.mark.parametrize(("seed", "linking"), WORLDS)
def test_edges_join_the_keys_of_each_record_and_nothing_else(opened, tmp_path, seed, linking):
    one = told(opened, tmp_path, worldly(linking))
    one.run(world(seed), never=NEVER, always=ALWAYS)

    graph = nx.Graph(one.edges("left_identifier, right_identifier"))
    graph.add_nodes_from(key for (key,) in one.story.rows("select identifier from unify.keys"))

    records = one.story.rows("select list(identifier) from unify.keys group by record")
    assert {frozenset(keys) for keys in nx.connected_components(graph)} == {
        frozenset(keys) for (keys,) in records
    }


@pytest.mark.parametrize(("seed", "linking"), WORLDS)
def test_a_bridge_is_an_edge_without_which_keys_part(opened, tmp_path, seed, linking):
    one = told(opened, tmp_path, worldly(linking))
    one.run(world(seed), never=NEVER, always=ALWAYS)

    columns = "left_identifier, right_identifier, rule, left_values, shared_by, is_bridge"
    edges = [row for row in one.edges(columns) if row[0] != row[1]]

    graph = nx.MultiGraph((one, other) for one, other, *_ in edges)
    for same in _sharing(edges):
        graph.add_edges_from(itertools.combinations(same, 2))
    parting = {frozenset(pair) for pair in nx.bridges(nx.Graph(graph))}
    expected = {
        (one, other, rule)
        for one, other, rule, *_ in edges
        if {one, other} in parting and graph.number_of_edges(one, other) == 1
    }
    assert {
        (one, other, rule) for one, other, rule, *_, is_bridge in edges if is_bridge
    } == expected
    assert 0 < len(expected) < len(edges)


def _sharing(edges):
    """The keys that share values under a rule with two others or more."""
    hubs = {}
    for one, other, rule, values, shared_by, _ in edges:
        if shared_by > 2:
            hubs.setdefault((one, rule, tuple(values)), {one}).add(other)
    return hubs.values()


def test_rows_in_another_order_give_the_same_edges(tmp_path):
    def edges(tables):
        with open_engine(None) as opened:
            one = told(opened, tmp_path, worldly("assignment"))
            one.run(tables, never=NEVER, always=ALWAYS)
            return one.edges("* exclude (record)")

    assert edges(shuffled(world(4), 4)) == edges(world(4))


BY_MAIL = {
    "tables": [
        {
            "table": "people",
            "deduplicate": [
                {"name": "Mail", "conditions": [{"column": "Mail", "normalize": ["lower"]}]},
                {
                    "name": "Name",
                    "conditions": [{"column": "City"}, {"column": "Name", "precision": "high"}],
                },
            ],
        }
    ]
}


def test_an_edge_tells_the_values_compared_and_their_scores(opened, tmp_path):
    one = told(opened, tmp_path, BY_MAIL)
    one.run(
        {
            "people": table(
                "Id Mail City Name", ("1", "A@x", "R", "annabel"), ("2", "a@x", "R", "annabl")
            )
        }
    )

    columns = "rule, left_columns, left_values, right_values, round(score, 3), is_bridge"
    assert one.edges(columns) == [
        ("Mail", ["Mail"], ["a@x"], ["a@x"], 1.0, False),
        ("Name", ["City", "Name"], ["R", "annabel"], ["R", "annabl"], 0.857, False),
    ]


def test_rows_that_share_a_value_are_linked_to_the_smallest_key_and_are_no_bridges(
    opened, tmp_path
):
    one = told(opened, tmp_path, BY_MAIL)
    rows = [(key, "a@x", key, key) for key in ("3", "1", "2")]
    one.run({"people": table("Id Mail City Name", *rows)})

    assert one.edges("left_identifier, right_identifier, shared_by, is_bridge") == [
        ("S|People|1", "S|People|2", 3, False),
        ("S|People|1", "S|People|3", 3, False),
    ]


def test_custom_matches_and_rows_of_one_key_are_edges_of_their_own_kind(opened, tmp_path):
    one = told(opened, tmp_path, BY_MAIL | {"overrides": OVERRIDES})
    rows = [("1", "a@x", None, None), ("1", "b@x", None, None), ("2", "c@x", None, None)]
    one.run(
        {"people": table("Id Mail City Name", *rows)},
        always=[("S_People", "1", "S_People", "2")],
    )

    assert one.edges("right_identifier, kind, rule, is_bridge") == [
        ("S|People|1", "same key", "Same primary key", False),
        ("S|People|2", "always match", "Always match", True),
    ]


def test_an_edge_keeps_the_date_when_it_was_first_there(opened, tmp_path):
    one = told(opened, tmp_path, BY_MAIL)
    both = {"people": table("Id Mail City Name", ("1", "a", "R", "x"), ("2", "a", "R", "y"))}
    apart = {"people": table("Id Mail City Name", ("1", "a", "R", "x"), ("2", "b", "R", "y"))}
    found = []
    for content in (both, both, apart, both):
        one.run(content)
        found.append(one.edges("first_seen"))

    first = [(FIRST_DAY + datetime.timedelta(days=1),)]
    assert found == [first, first, [], first]


def test_an_edge_that_is_new_has_the_day_of_the_data(opened, tmp_path):
    one = told(opened, tmp_path, BY_MAIL)
    rows = [("1", "a", "R", "annabel"), ("2", "a", "S", "annabl"), ("2", "a", "R", "annabl")]
    one.run({"people": table("Id Mail City Name", *rows[:2])})
    one.run({"people": table("Id Mail City Name", *rows)})

    days = [FIRST_DAY + datetime.timedelta(days=n) for n in (1, 2)]
    found = one.edges("first_seen, rule")
    assert found == [(days[0], "Mail"), (days[1], "Name"), (days[1], "Same primary key")]


def test_a_part_without_the_first_row_keeps_its_edges_and_its_winner(opened, tmp_path):
    one = told(opened, tmp_path, BY_MAIL | {"overrides": OVERRIDES})
    rows = [
        ("Z", "a", None, None),
        ("A", "a", None, None),
        ("B", "a", "R", None),
        ("C", "a", None, None),
    ]
    one.run(
        {"people": table("Id Mail City Name", *rows)}, never=[("S_People", "Z", "S_People", "A")]
    )

    winners = "select _key, _rules from unify.people_winners order by all"
    assert one.edges("left_identifier, right_identifier") == [
        ("S|People|A", "S|People|B"),
        ("S|People|A", "S|People|C"),
    ]
    assert one.story.rows(winners) == [("B", "Mail"), ("Z", None)]
