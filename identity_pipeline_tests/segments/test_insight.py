"""What segments share, and what tells their members from other customers."""

import dataclasses
from fractions import Fraction
from random import Random

import pytest

from identity_pipeline.segments.insight import differentiators, overlap
from identity_pipeline_tests.segments import oracle, random_rules
from identity_pipeline_tests.segments.world import World, customers

MEMBERS = {"segment": "string", "CustomerId": "string"}


def members(engine, **segments):
    """Members by segment, in words."""
    rows = [(name, one) for name, ids in segments.items() for one in ids.split()]
    return engine.keep(engine.relation(MEMBERS, rows))


def test_each_pair_of_segments_is_there_once_also_without_a_common_member(engine):
    pairs = overlap(members(engine, b="2 3 4", a="1 2 3", c="9"))

    assert sorted(engine.rows(pairs)) == [
        ("a", "b", 2, 1, 1),
        ("a", "c", 0, 3, 1),
        ("b", "c", 0, 3, 1),
    ]


def test_one_segment_overlaps_with_nothing(engine):
    assert engine.rows(overlap(members(engine, a="1"))) == []


SHOP = World(
    {
        # CustomerId, Name, Tier, Age
        "customer": customers(
            ("c1", "Ann", "gold", 20),
            ("c2", "Ann", "gold", 30),
            ("c3", "Bob", "gold", 40),
            ("c4", "Bob", None, 50),
            ("c5", "Cid", None, None),
        ),
        "attributes": [("c1", 1, 0, None), ("c4", 1, 0, None)],
    }
)


def found(engine, world, *columns, **segments):
    rows = differentiators(world.tables(engine), members(engine, **segments))
    return engine.rows(rows.order_by("segment", "rank").select(*columns))


def test_columns_are_ranked_by_how_much_members_differ_from_all_other_customers(engine):
    rows = found(engine, SHOP, "rank", "column", "score", "value", "is_at_most", s="c1 c2 c3")

    assert rows == [
        (1, "Tier", 1.0, "gold", False),
        (2, "Name", pytest.approx(2 / 3), "Ann", False),
        (3, "Age", 0.5, "40", True),
        (4, "checkouts", pytest.approx(1 / 6), None, True),
        (5, "product_views", pytest.approx(1 / 6), None, True),
    ]


def test_shares_are_of_members_and_of_all_others(engine):
    [row] = [
        r
        for r in found(engine, SHOP, "column", "share", "other_share", s="c1 c4 c5")
        if r[0] == "Tier"
    ]

    assert row == ("Tier", pytest.approx(1 / 3), 1.0)


def test_the_share_of_a_number_is_of_those_who_have_at_most_that(engine):
    rows = found(engine, SHOP, "column", "score", "value", "share", "other_share", s="c3 c4")

    assert rows[0] == ("Age", 1.0, "30", 0.0, 1.0)


def test_a_segment_of_all_customers_differs_from_nobody(engine):
    assert found(engine, SHOP, "column", s="c1 c2 c3 c4 c5") == []


def _many(kind):
    """40 customers with a text and a number that each has for itself, and a share of equal ones."""
    rows = [(f"c{n:02}", f"{kind}{n}", "gold" if n < 20 else None, 1000 + n) for n in range(40)]
    return World({"customer": customers(*rows)})


def test_texts_of_many_values_and_integers_that_are_keys_are_not_looked_at(engine):
    assert found(engine, _many("name"), "column", s="c01 c02") == [("Tier",)]


def test_keys_of_sources_are_not_looked_at(engine):
    tables = SHOP.tables(engine)
    keyed = tables.customers.mutate(Shop_Contacts_Id=tables.customers.Name)
    rows = differentiators(dataclasses.replace(tables, customers=keyed), members(engine, s="c1"))

    assert "Shop_Contacts_Id" not in {column for (column,) in engine.rows(rows.select("column"))}


def _score(world, ids, column):
    """The difference between members and others, by counting customers for each value."""
    rows = oracle.wide(world)
    inside = [one[column] for one in rows if one["CustomerId"] in ids]
    outside = [one[column] for one in rows if one["CustomerId"] not in ids]
    is_number = column not in ("Name", "Tier", "Consent", "IdentityStatus", "scores.Band")

    def share(group, value):
        if not is_number:
            return Fraction(sum(one == value for one in group), len(group))
        return Fraction(
            sum(one is None or (value is not None and one <= value) for one in group), len(group)
        )

    values = set(inside) | set(outside)
    return float(max(abs(share(inside, value) - share(outside, value)) for value in values))


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_the_largest_difference_over_all_values(engine, seed):
    world, random = random_rules.world(seed), Random(seed)
    ids = {f"c{n:02}" for n in range(25) if random.random() < 0.4}
    rows = found(engine, world, "column", "score", s=" ".join(sorted(ids)))

    assert dict(rows) == {column: pytest.approx(_score(world, ids, column)) for column, _ in rows}


def test_neither_the_order_of_rows_nor_the_number_of_threads_matters(engine):
    world = random_rules.world(7)
    columns = ("rank", "column", "score", "value", "share", "other_share")
    before = found(engine, world, *columns, s="c01 c02 c03", t="c07 c09")
    engine.connection.execute("set threads = 1")
    again = found(engine, random_rules.shuffled(world, 8), *columns, s="c01 c02 c03", t="c07 c09")

    assert again == before
