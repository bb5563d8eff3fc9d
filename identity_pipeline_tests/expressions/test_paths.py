"""Paths from a table to customers: one is found by itself, several need a choice."""

from pathlib import Path

import ibis
import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.expressions.paths import (
    MAX_HOPS,
    InsightTables,
    paths_from,
    rows_of_customers,
    the_path,
)
from identity_pipeline.terms.activities import Relationship
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import Unification

PLACE = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}


def source(name, columns, profile=None):
    names = columns.split()
    return SourceTable.model_validate(
        {
            "name": name,
            "data_source": "S",
            "table": name.capitalize(),
            "landing": f"{name}/{{ingestion_date}}/*.csv",
            "primary_key": names[0],
            "columns": dict.fromkeys(names, "text"),
            "profile": {"primary_key": profile, "columns": [profile]} if profile else None,
        }
    )


def environment(sources, *relationships):
    found = {one.name: one for one in sources}
    profiles = [{"table": name} for name, one in found.items() if one.profile]
    unify = Unification.model_validate(
        {"tables": profiles, "columns": {"Id": ["people.Id"]}, "known_if": {"any_of": []}}
    )
    foreign = [
        Relationship.model_validate({"name": f"r{number}", "from": one, "to": other})
        for number, (one, other) in enumerate(relationships)
    ]
    return Environment(
        name="paths", folder=Path(), sources=found, unify=unify, relationships=tuple(foreign)
    )


PEOPLE = source("people", "Id", profile="Id")
ORDERS = source("orders", "Order Buyer Receiver")
LINES = source("lines", "Line Order")
BOUGHT, RECEIVED = ("orders.Buyer", "people.Id"), ("orders.Receiver", "people.Id")
OF_ORDER = ("lines.Order", "orders.Order")


def names(path):
    return [link.name for link in path]


def test_one_path_is_found_by_itself():
    found = the_path(environment([PEOPLE, ORDERS, LINES], BOUGHT, OF_ORDER), "lines", ())

    assert names(found) == ["r1", "r0"]


def test_several_paths_are_an_error_that_lists_them():
    asked = environment([PEOPLE, ORDERS, LINES], BOUGHT, RECEIVED, OF_ORDER)

    with pytest.raises(InsightError, match=r"several paths .* \[r2, r0\]; \[r2, r1\]"):
        the_path(asked, "lines", ())


def test_a_path_is_chosen_by_the_names_of_its_relationships():
    asked = environment([PEOPLE, ORDERS, LINES], BOUGHT, RECEIVED, OF_ORDER)

    assert names(the_path(asked, "lines", ("r2", "r1"))) == ["r2", "r1"]


def test_a_path_that_is_none_names_those_there_are():
    with pytest.raises(InsightError, match=r"no path \[r9\] .*; there are: \[r0\]"):
        the_path(environment([PEOPLE, ORDERS], BOUGHT), "orders", ("r9",))


def test_a_table_without_relationship_says_where_to_declare_one():
    with pytest.raises(InsightError, match=r"declare one in relationships\.yaml"):
        the_path(environment([PEOPLE, ORDERS], ("people.Id", "orders.Order")), "orders", ())


def test_a_circle_is_not_walked():
    first, second = source("first", "A B"), source("second", "B A")
    asked = environment([PEOPLE, first, second], ("first.B", "second.B"), ("second.A", "first.A"))

    assert list(paths_from(asked, "first")) == []


@pytest.mark.parametrize(("hops", "found"), [(MAX_HOPS, 1), (MAX_HOPS + 1, 0)])
def test_a_path_has_at_most_twenty_hops(hops, found):
    chain = [source(f"t{number}", "Id Next") for number in range(hops)]
    links = [(f"t{number}.Next", f"t{number + 1}.Id") for number in range(hops - 1)]
    asked = environment([PEOPLE, *chain], *links, (f"t{hops - 1}.Next", "people.Id"))

    assert len(list(paths_from(asked, "t0"))) == found


@pytest.fixture
def engine():
    with open_engine(None) as opened:
        yield opened.engine


def rows_of(engine, columns, *rows):
    placed = [(*row, None, "f", line) for line, row in enumerate(rows, 1)]
    return engine.relation(dict.fromkeys(columns.split(), "string") | PLACE, placed)


def test_rows_belong_to_customers_by_winners_and_alternates_and_once(engine):
    asked = environment([PEOPLE, ORDERS, LINES], BOUGHT, OF_ORDER)
    tables = InsightTables(
        environment=asked,
        day=ibis.literal("2024-01-01").cast("date"),
        customers=engine.relation({"CustomerId": "string"}, [("ann",)]),
        alternate_keys=engine.relation(
            {"CustomerId": "string", "Identifier": "string"},
            [("ann", "S|People|1"), ("ann", "S|People|2")],
        ),
        sources={
            # O1 was delivered twice in one full file: its first row counts.
            "orders": rows_of(
                engine,
                "Order Buyer Receiver",
                ("O1", "1", None),
                ("O1", "2", None),
                ("O2", "2", None),
                ("O3", "9", None),
            ),
            "lines": rows_of(
                engine, "Line Order", ("a", "O1"), ("b", "O2"), ("c", "O3"), ("d", None)
            ),
        },
    )

    found = rows_of_customers(tables, "lines")

    assert engine.rows(found.select("Line", "CustomerId").order_by("Line")) == [
        ("a", "ann"),
        ("b", "ann"),
    ]


def test_an_unknown_table_is_answered_with_the_nearest(engine):
    asked = environment([PEOPLE, ORDERS], BOUGHT)
    tables = InsightTables(
        environment=asked,
        day=ibis.literal("2024-01-01").cast("date"),
        customers=engine.relation({"CustomerId": "string"}, []),
        alternate_keys=engine.relation({"CustomerId": "string", "Identifier": "string"}, []),
        sources={"orders": rows_of(engine, "Order Buyer Receiver")},
    )

    with pytest.raises(InsightError, match=r"no table 'order'\. Did you mean 'orders'"):
        rows_of_customers(tables, "order")
