"""Conditions on rows: every operator, AND, OR, NOT; a missing value passes only `is_null: true`."""

import datetime
from collections.abc import Iterator
from decimal import Decimal

import ibis
import pytest
from pydantic import TypeAdapter, ValidationError

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.registry import open_engine
from identity_pipeline.expressions.row_conditions import row_fits
from identity_pipeline.terms.conditions import Condition
from identity_pipeline.terms.errors import InsightError

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
COLUMNS = {
    "Id": "string",
    "Name": "string",
    "Pieces": "int64",
    "Price": "decimal(18, 2)",
    "Gift": "boolean",
    "Day": "date",
    "At": "timestamp(6)",
    "_hidden": "int64",
}
MAY_31 = datetime.date(2024, 5, 31)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


ROWS = [
    ("1", "Zoë", 1, Decimal("0.10"), True, MAY_31, at("2024-05-31T23:59:59"), 1),
    ("2", "BEN%", 2, Decimal("2.00"), False, datetime.date(2023, 5, 31), at("2024-06-01T00:00"), 1),
    (
        "3",
        "ben_x",
        -3,
        Decimal("2.50"),
        False,
        datetime.date(2024, 5, 1),
        at("2024-05-30T00:00"),
        1,
    ),
    ("4", None, None, None, None, None, None, None),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with open_engine(None) as opened:
        yield opened.engine


def fitting(engine, condition, day=MAY_31):
    """The ids of the rows that fit, in one word."""
    rows = engine.relation(COLUMNS, ROWS)
    fits = row_fits(rows, CONDITION.validate_python(condition), ibis.literal(day))
    return "".join(sorted(str(one) for (one,) in engine.rows(rows.filter(fits).select("Id"))))


FITS = [
    # condition, ids of the rows that fit
    ({"Name": "Zoë"}, "1"),
    ({"Name": "zoË"}, ""),
    ({"Name": {"eq": "zoË", "ignore_case": True}}, "1"),
    ({"Name": {"ne": "Zoë"}}, "23"),
    ({"Name": ["Zoë", "ben_x"]}, "13"),
    ({"Name": {"in": ["ZOË", "BEN_X"], "ignore_case": True}}, "13"),
    ({"Name": {"not_in": ["Zoë"]}}, "23"),
    ({"Name": {"not_in": ["ZOË"], "ignore_case": True}}, "23"),
    ({"Name": {"contains": "%"}}, "2"),
    ({"Name": {"contains": "_"}}, "3"),  # neither is a wildcard
    ({"Name": {"contains": "EN", "ignore_case": True}}, "23"),
    ({"Name": {"not_contains": "EN"}}, "13"),
    ({"Name": {"not_contains": "en", "ignore_case": True}}, "1"),
    ({"Name": {"starts_with": "b"}}, "3"),
    ({"Name": {"ends_with": "X"}}, ""),
    ({"Name": {"ends_with": "X", "ignore_case": True}}, "3"),
    ({"Name": {"ends_with": "%"}}, "2"),
    ({"Name": None}, "4"),
    ({"Name": {"is_null": False}}, "123"),
    ({"Pieces": 2}, "2"),
    ({"Pieces": {"gt": -3}}, "12"),
    ({"Pieces": {"ge": 1, "lt": 2}}, "1"),
    ({"Pieces": {"le": 1.5}}, "13"),
    ({"Pieces": {"in": [1, 2.0]}}, "12"),
    ({"Price": 0.1}, "1"),
    ({"Price": {"gt": 2, "ne": 2.5}}, ""),
    ({"Gift": True}, "1"),
    ({"Gift": {"ne": True}}, "23"),
    ({"Day": "2024-05-31"}, "1"),
    ({"Day": {"lt": "2024-05-01"}}, "2"),
    ({"Day": {"month_of": "May"}}, "123"),
    ({"Day": {"month_of": 6}}, ""),
    ({"At": {"month_of": "june"}}, "2"),
    ({"At": {"ge": "2024-06-01T02:00:00+02:00"}}, "2"),
    ({"Name": {"is_null": False}, "Gift": False}, "23"),
    ({"all": [{"Pieces": {"gt": 0}}, {"Gift": False}]}, "2"),
    ({"any": [{"Name": None}, {"Gift": True}]}, "14"),
    ({"not": {"Gift": True}}, "234"),  # of a missing value nothing holds, so the opposite does
    ({"not": {"any": [{"Gift": True}, {"Pieces": {"lt": 0}}]}}, "24"),
    ({"all": [{"not": {"Name": None}}, {"not": {"not": {"Gift": False}}}]}, "23"),
    ({"Name": []}, ""),
    ({"Name": {"not_in": []}}, "123"),
]


@pytest.mark.parametrize(("condition", "ids"), FITS)
def test_the_rows_that_fit(engine, condition, ids):
    assert fitting(engine, condition) == ids


WITHIN = [
    # column, period, the day of the data, ids of the rows within the period that ends with it
    ("Day", "1 day", MAY_31, "1"),
    ("Day", "30 days", MAY_31, "1"),
    ("Day", "31 days", MAY_31, "13"),  # 1 May is the first of 31 days that end with the 31st
    ("Day", "1 month", MAY_31, "13"),  # from the 1st
    ("Day", "1 month", datetime.date(2024, 6, 30), ""),  # 31 May is not in June
    ("Day", "1 year", MAY_31, "13"),
    ("Day", "1 year", datetime.date(2024, 5, 30), "23"),
    ("At", "1 day", MAY_31, "1"),  # midnight after it is the next day
    ("At", "2 days", MAY_31, "13"),  # midnight before it is the day
    ("At", "1 week", datetime.date(2024, 6, 5), "123"),
    ("At", "1 week", datetime.date(2024, 6, 6), "12"),
]


@pytest.mark.parametrize(("column", "period", "day", "ids"), WITHIN)
def test_a_period_ends_with_the_day_of_the_data_that_day_included(engine, column, period, day, ids):
    assert fitting(engine, {column: {"within_last": period}}, day) == ids


@pytest.mark.parametrize(("column", "period", "day", "ids"), WITHIN)
def test_outside_a_period_is_every_other_row_that_has_a_value(engine, column, period, day, ids):
    others = "".join(sorted({"1", "2", "3"} - set(ids)))

    assert fitting(engine, {column: {"not_within_last": period}}, day) == others


def test_a_row_fits_or_not_but_is_never_in_doubt(engine):
    rows = engine.relation(COLUMNS, ROWS)
    every = [CONDITION.validate_python(condition) for condition, _ in FITS]
    answers = {f"a{n}": row_fits(rows, one, ibis.literal(MAY_31)) for n, one in enumerate(every)}

    assert None not in {one for row in engine.rows(rows.select(**answers)) for one in row}


REFUSED = [
    # condition, place, message
    ({"Nmae": 1}, ("Nmae",), "there is no column 'Nmae'. Did you mean 'Name'?"),
    ({"any": [{"Id": "1"}, {"not": {"day": 1}}]}, ("any", 1, "not", "day"), "Did you mean 'Day'?"),
    ({"Name": {"gt": 1}}, ("Name", "gt"), "'gt' does not fit column 'Name', which is text"),
    ({"Pieces": "1"}, ("Pieces", "eq"), "'eq' does not fit column 'Pieces', which is a number"),
    ({"Pieces": [1, "2"]}, ("Pieces", "in"), "of another kind"),
    ({"Pieces": {"not_in": ["2"]}}, ("Pieces", "not_in"), "of another kind"),
    ({"Gift": 1}, ("Gift", "eq"), "which is a boolean"),
    ({"Pieces": {"ends_with": "1"}}, ("Pieces", "ends_with"), "only text can be searched"),
    ({"Day": {"not_contains": "1"}}, ("Day", "not_contains"), "only text can be searched"),
    ({"Name": {"within_last": "1 day"}}, ("Name", "within_last"), "it is for dates and timestamps"),
    ({"Pieces": {"month_of": 1}}, ("Pieces", "month_of"), "it is for dates and timestamps"),
    ({"Day": {"gt": "July"}}, ("Day", "gt"), "write it as 2022-07-23"),
    ({"all": [{"Day": {"gt": 7}}]}, ("all", 0, "Day", "gt"), "of another kind"),
]


@pytest.mark.parametrize(("condition", "place", "message"), REFUSED)
def test_a_condition_that_does_not_fit_is_refused_before_there_is_data(condition, place, message):
    table = ibis.table(COLUMNS, name="rows")

    with pytest.raises(InsightError) as refused:
        row_fits(table, CONDITION.validate_python(condition), ibis.literal(MAY_31))
    assert refused.value.place == place
    assert message in str(refused.value)


def test_columns_of_our_own_are_not_offered():
    with pytest.raises(InsightError) as refused:
        row_fits(
            ibis.table(COLUMNS), CONDITION.validate_python({"hidden": 1}), ibis.literal(MAY_31)
        )
    assert "_hidden" not in str(refused.value)


UNREADABLE = [
    ({"Name": {}}, "a test needs an operator"),
    ({"Name": {"ignore_case": True}}, "a test needs an operator"),
    ({"Day": {"within_last": "30"}}, "must be a period, as 30 days"),
    ({"Day": {"month_of": "Mai"}}, "valid integer"),
    ({"Day": {"month_of": 13}}, "less than or equal to 12"),
    ({"all": []}, "at least 1 item"),
    ({"Name": {"like": "x"}}, "Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("condition", "message"), UNREADABLE)
def test_a_condition_that_cannot_be_read_is_refused(condition, message):
    with pytest.raises(ValidationError, match=message):
        CONDITION.validate_python(condition)
