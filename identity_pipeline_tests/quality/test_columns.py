"""Profiles of source columns: exact numbers, the most frequent values, likely placeholders."""

import random
from collections import Counter
from decimal import Decimal

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.quality.columns import Counted, Value, profile_columns, profiled_columns
from identity_pipeline.terms import names
from identity_pipeline_tests.builders import write_environment
from identity_pipeline_tests.sources.warehouse import declare

TYPES = {"id": "string", "name": "string", "amount": "decimal(38, 2)"}


def profiled(opened, rows):
    """What is said of each column of `orders`, by column and what it is."""
    source = declare()
    with opened.transaction() as engine:
        engine.store(names.current(source.name), engine.relation(TYPES, rows))
        table = profile_columns(engine, source, tuple(source.columns))
        found = engine.rows(table.order_by("column_name"))
    return {row[1]: dict(zip(table.columns, row, strict=True)) for row in found}


def test_numbers_are_those_of_counting_by_hand(opened):
    chance = random.Random(1)
    values = [None, *(f"n{n}" * (1 + n % 3) for n in range(20))]
    column = [chance.choice(values) for _ in range(200)]
    filled = Counter(value for value in column if value)
    top = sorted(filled.items(), key=lambda item: (-item[1], item[0]))[:5]

    found = profiled(opened, [(str(n), value, None) for n, value in enumerate(column)])["name"]

    assert (found["rows"], found["nulls"]) == (200, column.count(None))
    assert found["distinct_values"] == len(filled)
    assert (found["min_length"], found["max_length"]) == (
        min(map(len, filled)),
        max(map(len, filled)),
    )
    assert [(one["value"], one["rows"]) for one in found["top_values"]] == top


def test_values_that_occur_once_are_not_shown(opened):
    found = profiled(opened, [("1", "Ann", 1), ("2", "Bob", 2)])

    assert found["name"]["top_values"] == []


def test_a_column_without_values_and_a_table_without_rows_have_numbers_too(opened):
    empty = profiled(opened, [])["name"]
    unfilled = profiled(opened, [("1", None, None)])["amount"]

    assert (empty["rows"], empty["distinct_values"]) == (0, 0)
    assert (unfilled["nulls"], unfilled["min_length"]) == (1, None)


def test_a_number_is_shown_as_the_text_that_conditions_compare(opened):
    found = profiled(opened, [("1", None, Decimal("12.5")), ("2", None, Decimal("12.5"))])

    assert found["amount"]["top_values"] == [{"value": "12.5", "rows": 2}]


def unique(count):
    return [f"person{n}" for n in range(count)]


PLACEHOLDERS = [
    # values of a column, what is likely a placeholder
    ([*unique(100), *["guest42"] * 30], ["guest42"]),
    ([*unique(100), *["x9"] * 40, *["y9"] * 30, *["z9"] * 2], ["x9", "y9"]),
    ([*unique(100), *["smith"] * 6, *["jones"] * 5, *["brown"] * 4, *["green"] * 3], []),
    ([*["Bronze"] * 90, *["Silver"] * 5, *["Gold"] * 2], []),  # kinds, not people
    ([*unique(100), *["pair"] * 4], []),  # too few to say
    ([*unique(3), "unknown", "unknown"], ["unknown"]),  # on the shipped list
    ([*unique(100), *["n/a"] * 2, *["a1"] * 4, *["a2"] * 4, *["a3"] * 4], ["n/a"]),
    (["same"] * 50, []),  # one value only: nothing to compare it with
]


@pytest.mark.parametrize(("values", "likely"), PLACEHOLDERS)
def test_likely_placeholders_stand_out_or_are_listed(opened, values, likely):
    found = profiled(opened, [(str(n), value, None) for n, value in enumerate(values)])

    assert [one["value"] for one in found["name"]["likely_placeholders"]] == likely


def test_a_listed_value_is_found_behind_many_frequent_ones(opened):
    values = [f"v{n}" for n in range(20) for _ in range(3)] + ["none", "none"]

    found = profiled(opened, [(str(n), value, None) for n, value in enumerate(values)])

    assert found["name"]["likely_placeholders"] == [{"value": "none", "rows": 2}]


def test_what_follows_the_last_repeated_value_occurs_once():
    counted = Counted(105, 0, 101, (1, 9), [Value("guest", 5)])

    assert [one.value for one in counted.likely_placeholders] == ["guest"]


ASKED = [
    ("all", ("Visitor", "Mail", "Page")),
    ("unified", ("Visitor", "Mail")),
    ("none", ()),
]


@pytest.mark.parametrize(("asked", "columns"), ASKED)
def test_the_environment_says_which_columns_are_profiled(tmp_path, asked, columns):
    files = write_environment(tmp_path)
    visitors = files / "sources" / "visitors.yaml"
    visitors.write_text(visitors.read_text().replace("Mail: text", "Mail: text\n  Page: text"))
    (files / "unify.yaml").write_text(
        (files / "unify.yaml").read_text() + f"quality: {{profiles: {asked}}}\n"
    )
    environment = load_environment(files)

    assert profiled_columns(environment, environment.source("visitors")) == columns
