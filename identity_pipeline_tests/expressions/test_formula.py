"""Formulas are read, never executed; their arithmetic is exact."""

from decimal import Decimal

import ibis
import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.expressions.formula import calculate, read_formula
from identity_pipeline.terms.errors import InsightError

VALUES = [
    # formula over i = 7, d = 2.50, fine = 0.123456789012, none, zero = 0; its value
    ("i", 7),
    ("i + i * i", 56),
    ("(i + i) * i", 98),
    ("i - -i", 14),
    ("+i", 7),
    ("i + d", Decimal("9.50")),
    ("d * d * d", Decimal("15.625")),
    ("0.1 + 0.2 - 0.3 + zero", Decimal(0)),
    ("1_000 * i", 7000),
    ("fine + i", Decimal("7.123456789012")),
    ("fine * i", Decimal("0.864197523")),  # nine places of a factor count
    ("i / 2", Decimal("3.5")),
    ("-1 / 3 + zero", Decimal("-0.333333")),
    ("d / 1000000 + zero", Decimal("0.000003")),  # a half goes away from zero
    ("-d / 1000000 + zero", Decimal("-0.000003")),
    ("i / zero", None),
    ("i + none", None),
    ("none * zero", None),
    ("i\n  + 1", 8),
]
COLUMNS = {
    "i": "int64",
    "d": "decimal(38, 2)",
    "fine": "decimal(38, 12)",
    "none": "int64",
    "zero": "int64",
    "text": "string",
}
ROW = (7, Decimal("2.50"), Decimal("0.123456789012"), None, 0, "x")


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_the_value_of_a_formula(text, value):
    with open_engine(None) as opened:
        table = opened.engine.relation(COLUMNS, [ROW])
        columns = {name: table[name] for name in table.columns}

        found = opened.engine.rows(table.select(f=calculate(read_formula(text), columns)))

    assert found == [(value,)]


REFUSED = [
    # formula, what the message says
    ("i **  2", r"'i \*\* 2' is not for a formula"),
    ("i // 2", "is not for a formula"),
    ("i % 2", "is not for a formula"),
    ("max(i, 2)", r"'max\(i, 2\)' is not for a formula"),
    ("i.real", "'i.real' is not for a formula"),
    ("i if i else 1", "is not for a formula"),
    ("i > 1", "is not for a formula"),
    ("'text'", "is not for a formula"),
    ("i + True", "'True' is not for a formula"),
    ("2j", "is not for a formula"),
    ("i +", "'i \\+' is no formula"),
    ("", "is no formula"),
    ("i; i", "is no formula"),
    ("i\x00", "is no formula"),
    ("0x10 + i", "'0x10' is no decimal number"),
    ("1e30 + i", "more than 18 digits before the point"),
    ("1e-10 + i", "9 after it"),
    ("+".join(["i"] * 101), "more than 100 steps deep"),
    ("(" * 300 + "i" + ")" * 300, "is no formula"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_no_formula_is_refused(text, message):
    with pytest.raises(InsightError, match=message):
        read_formula(text)


UNFIT = [
    # formula, what the message says
    ("i + ii", "there is no 'ii' to calculate with. Did you mean 'i'"),
    ("i + text", "a formula needs numbers; 'text' is text"),
]


@pytest.mark.parametrize(("text", "message"), UNFIT)
def test_names_must_be_numbers_that_are_there(text, message):
    table = ibis.table(COLUMNS, name="t")
    columns = {name: table[name] for name in table.columns}

    with pytest.raises(InsightError, match=message):
        calculate(read_formula(text), columns)


def test_the_names_of_a_formula_are_told_once_each_in_their_order():
    assert read_formula("b / (a + b) * c").names == ("b", "a", "c")


def test_the_longest_sum_that_is_read_is_calculated_as_well():
    with open_engine(None) as opened:
        table = opened.engine.relation({"i": "int64"}, [(1,)])
        formula = read_formula("+".join(["i"] * 100))

        found = opened.engine.rows(table.select(f=calculate(formula, {"i": table.i})))

    assert found == [(100,)]
