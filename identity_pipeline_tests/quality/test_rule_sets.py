"""Precision and recall of three rule sets on a generated world, side by side."""

import json
from decimal import Decimal
from itertools import combinations

import duckdb
import pyarrow.csv
import pytest

from identity_pipeline.worlds.generate import generate
from identity_pipeline.worlds.plan import World
from identity_pipeline_tests.quality.rule_sets import RULE_SETS, agreement, measure

PEOPLE = 600


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rule_sets") / "world"
    generate(World(PEOPLE, 1, 0.1, 1), folder, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def measured(world):
    return {name: measure(world, name) for name in RULE_SETS}


def pairs_of(groups):
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}


def by_comparing(world, warehouse):
    """Precision and recall from the pairs themselves."""
    truth = pyarrow.csv.read_csv(world / "truth.csv").to_pylist()
    person = {f"{r['DataSource']}|{r['Table']}|{r['Key']}": r["Person"] for r in truth}
    persons, customers = {}, {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for identifier, record in connection.execute(
            "select identifier, record from unify.keys"
        ).fetchall():
            persons.setdefault(person[identifier], set()).add(identifier)
            customers.setdefault(record, set()).add(identifier)
    true, joined = pairs_of(persons), pairs_of(customers)
    return [
        Decimal(round(10**6 * len(true & joined) / len(some))) / 10**6 for some in (joined, true)
    ]


@pytest.mark.parametrize("name", RULE_SETS)
def test_precision_and_recall_are_those_of_comparing_every_pair(world, measured, name):
    found = agreement(measured[name])

    shares = [found["all", f"pair_{share}"] for share in ("precision", "recall")]
    assert shares == by_comparing(world, measured[name])


def test_the_default_rules_find_most_and_a_name_beside_the_address_keeps_strangers_apart(measured):
    found = {name: agreement(warehouse) for name, warehouse in measured.items()}

    def share(name, word):
        return found[name]["all", f"pair_{word}"]

    side_by_side = {n: (str(share(n, "precision")), str(share(n, "recall"))) for n in found}
    assert share("default", "recall") > 1.5 * share_of_others(share, "recall"), json.dumps(
        side_by_side
    )
    assert share("default", "precision") > share("exact e-mail", "precision")
    assert share("name High + e-mail High", "precision") > share("exact e-mail", "precision")


def share_of_others(share, word):
    return float(max(share(name, word) for name in RULE_SETS if name != "default"))
