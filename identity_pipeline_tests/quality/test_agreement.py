"""Agreement with the truth: what is counted by groups is what comparing every pair gives."""

import random
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.quality.agreement import cells_of, judged_scope, measure_agreement
from identity_pipeline_tests.builders import write_environment
from identity_pipeline_tests.shop import write_shop

KEYS = {"record": "int64", "table": "string", "identifier": "string"}
TRUTH = {"identifier": "string", "person": "string"}


def measured(opened, environment, rows):
    """Numbers by scope and metric; `rows` are record, table and person of one key each."""
    keys = [(record, table, str(n)) for n, (record, table, _) in enumerate(rows)]
    truth = [(str(n), person) for n, (*_, person) in enumerate(rows)]
    with opened.transaction() as engine:
        tables = engine.relation(KEYS, keys), engine.relation(TRUTH, truth)
        found = measure_agreement(engine, environment, *tables)
    return {(scope, metric): value for scope, metric, value in found}


def share(part, whole):
    return Fraction(part, whole) if whole else None


def by_comparing(rows):
    """The same numbers from every pair of records, one by one."""
    known = [(record, person) for record, _, person in rows if person is not None]
    pairs = list(combinations(known, 2))
    joined = [pair for pair in pairs if pair[0][0] == pair[1][0]]
    true = [pair for pair in pairs if pair[0][1] == pair[1][1]]
    right = [pair for pair in joined if pair[0][1] == pair[1][1]]
    customers, persons = (
        [
            {n for n, row in enumerate(known) if row[side] == one}
            for one in {row[side] for row in known}
        ]
        for side in (0, 1)
    )
    exact = len([one for one in customers if one in persons])
    of = [
        [next(group for group in groups if n in group) for groups in (customers, persons)]
        for n in range(len(known))
    ]
    pure = sum((Fraction(len(c & p), len(c)) for c, p in of), Fraction())
    whole = sum((Fraction(len(c & p), len(p)) for c, p in of), Fraction())
    shares = {
        "pair": (share(len(right), len(joined)), share(len(right), len(true))),
        "cluster": (share(exact, len(customers)), share(exact, len(persons))),
        "bcubed": tuple(one / len(known) if known else None for one in (pure, whole)),
    }
    found = {"records": len(known), "customers": len(customers), "persons": len(persons)}
    found |= {"pairs_right": len(right), "pairs_joined": len(joined), "pairs_true": len(true)}
    found["customers_right"] = exact
    for kind, (precision, recall) in shares.items():
        numbers = {"precision": precision, "recall": recall}
        if precision is not None and recall is not None:
            total = precision + recall
            numbers["f1"] = 2 * precision * recall / total if total else Fraction()
        found |= {
            f"{kind}_{name}": Decimal(round(one * 10**6)) / 10**6
            for name, one in numbers.items()
            if one is not None
        }
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Contacts are profiles themselves; visits are events that name visitors."""
    return load_environment(write_shop(tmp_path_factory.mktemp("shop")))


@pytest.mark.parametrize("seed", range(4))
def test_numbers_by_groups_are_those_of_comparing_every_pair(opened, shop, seed):
    chance = random.Random(seed)
    people = [f"p{n}" for n in range(3 + 12 * seed)] + [None]
    rows = [
        (chance.randrange(30), chance.choice(["contacts", "visits"]), chance.choice(people))
        for _ in range(80)
    ]
    of_contacts = [row for row in rows if row[1] == "contacts"]

    found = measured(opened, shop, rows)

    for scope, some in (("all", rows), ("customer_records", of_contacts)):
        expected = by_comparing(some)
        assert {metric: found[scope, metric] for metric in expected} == expected


CASES = [
    # rows of record and person, metric, value
    ([(1, "a"), (1, "a"), (2, "b")], "pair_f1", Decimal(1)),
    ([(1, "a"), (1, "b")], "pair_precision", Decimal(0)),
    ([(1, "a"), (1, "b")], "pair_recall", None),  # no person has two records
    ([(1, "a"), (2, "a")], "pair_precision", None),  # no customer has two records
    ([(1, "a"), (2, "a")], "pair_recall", Decimal(0)),
    ([(1, "a"), (1, None)], "customers_right", Decimal(1)),  # nobody's record is left out
    ([(1, "a"), (1, "a"), (1, "b")], "pair_precision", Decimal("0.333333")),
    ([(1, "a"), (1, "a"), (1, "b")], "bcubed_precision", Decimal("0.555556")),
    ([], "records", Decimal(0)),
]


@pytest.mark.parametrize(("rows", "metric", "value"), CASES)
def test_what_a_number_is_in_small_worlds(opened, shop, rows, metric, value):
    found = measured(opened, shop, [(record, "contacts", person) for record, person in rows])

    assert found.get(("all", metric)) == value


def test_a_table_by_itself_is_a_scope_where_only_its_own_pairs_count(opened, shop):
    rows = [(1, "contacts", "a"), (1, "contacts", "b"), (1, "visits", "a")]

    found = measured(opened, shop, rows)

    assert (found["all", "pairs_joined"], found["contacts", "pairs_joined"]) == (3, 1)


def test_keys_that_the_truth_does_not_have_count_nowhere(opened, shop):
    with opened.transaction() as engine:
        keys = engine.relation(KEYS, [(1, "contacts", "x"), (1, "contacts", "y")])
        truth = engine.relation(TRUTH, [("x", "a"), ("z", "a")])
        found = cells_of(engine, shop, keys, truth)

    assert [(one.shared, one.customer, one.person) for one in found["all"]] == [(1, 1, 1)]


def test_records_are_judged_without_visitors_where_events_name_some(tmp_path, shop):
    small = load_environment(write_environment(tmp_path))

    assert (judged_scope(shop), judged_scope(small)) == ("customer_records", "all")


def test_an_environment_of_one_table_has_one_scope(opened, tmp_path):
    unify = (
        "tables: [{table: contacts}]\ncolumns: {Name: [contacts.Name]}\n"
        "known_if: {any_of: [Name]}\n"
    )
    environment = load_environment(write_environment(tmp_path, {"unify.yaml": unify}))

    found = measured(opened, environment, [(1, "contacts", "a"), (1, "contacts", "a")])

    assert {scope for scope, _ in found} == {"all"}
    assert found["all", "pair_f1"] == 1
