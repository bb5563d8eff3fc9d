"""Conditions of measures and segments, on a table's rows."""

from collections.abc import Mapping
from functools import reduce
from operator import and_, or_
from typing import Literal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from identity_pipeline.expressions.filters import value_passes
from identity_pipeline.terms.conditions import AllOf, AnyOf, Condition, NotOf, Test
from identity_pipeline.terms.errors import FilterError, InsightError, did_you_mean
from identity_pipeline.terms.filters import ColumnFilter
from identity_pipeline.terms.periods import Period, Unit

# Operators that a source's row filter knows too, by the names of its fields.
SHARED = (
    *("eq", "ne", "gt", "ge", "lt", "le", "any_of", "none_of", "contains", "starts_with"),
    "is_null",
)
UNITS: dict[Unit, Literal["D", "W", "M", "Y"]] = {
    "day": "D",
    "week": "W",
    "month": "M",
    "year": "Y",
}
# An operator as people write it, where its field has another name.
WRITTEN = {"any_of": "in", "none_of": "not_in"}

Place = tuple[str | int, ...]


def row_fits(
    table: ir.Table, condition: Condition, day: ir.DateValue, place: Place = ()
) -> ir.BooleanValue:
    """Whether a row fits a condition: true or false, never NULL.

    Args:
        table: any table; names and types of its columns are checked against the condition.
        condition: the condition.
        day: the day of the data, with which `within_last` ends.
        place: where the condition is written, for errors.

    Raises:
        InsightError: an unknown column, or a test that does not fit the column's type.
    """
    match condition:
        case AllOf():
            parts = enumerate(condition.all)
            return reduce(and_, [row_fits(table, c, day, (*place, "all", n)) for n, c in parts])
        case AnyOf():
            parts = enumerate(condition.any)
            return reduce(or_, [row_fits(table, c, day, (*place, "any", n)) for n, c in parts])
        case NotOf():
            return ~row_fits(table, condition.negated, day, (*place, "not"))
        case _:
            return _columns_fit(table, condition, day, place)


def _columns_fit(
    table: ir.Table, tests: Mapping[str, Test], day: ir.DateValue, place: Place
) -> ir.BooleanValue:
    answers = []
    for column, test in tests.items():
        if column not in table.columns:
            shown = tuple(name for name in table.columns if not name.startswith("_"))
            hint = did_you_mean(column, shown)
            raise InsightError((*place, column), f"there is no column '{column}'. {hint}")
        answers.append(value_fits(table[column], test, day, (*place, column)))
    return reduce(and_, answers)


def value_fits(
    value: ir.Value, test: Test, day: ir.DateValue, place: Place = ()
) -> ir.BooleanValue:
    """Whether a value passes a test: true or false, never NULL; `place` ends with its column."""
    shared = {name: getattr(test, name) for name in SHARED if name in test.operators}
    answers = [_own(value, name, test, day, place) for name in test.operators if name not in SHARED]
    if shared:
        column = str(place[-1]) if place else value.get_name()
        asked = ColumnFilter(column=column, ignore_case=test.ignore_case, **shared)
        try:
            answers.append(value_passes(value, asked))
        except FilterError as error:
            word = WRITTEN.get(error.operator, error.operator)
            raise InsightError((*place, word), str(error)) from None
    if test.none_of == ():  # compared with nothing, a missing value would pass
        answers.append(value.notnull())
    return reduce(and_, answers).fill_null(False)


def _own(
    value: ir.Value, operator: str, test: Test, day: ir.DateValue, place: Place
) -> ir.BooleanValue:
    kind, wanted = value.type(), getattr(test, operator)
    is_text = operator in ("not_contains", "ends_with")
    if is_text and not kind.is_string():
        raise _misfit(operator, kind, place, "only text can be searched")
    if not is_text and not (kind.is_date() or kind.is_timestamp()):
        raise _misfit(operator, kind, place, "it is for dates and timestamps")
    if operator == "month_of":
        return value.month() == ibis.literal(wanted, "int32")
    if not is_text:
        inside = within_last(value, wanted, day)
        return inside if operator == "within_last" else ~inside
    looked_for = ibis.literal(str(wanted))
    if test.ignore_case:
        value, looked_for = value.lower(), looked_for.lower()
    return value.endswith(looked_for) if operator == "ends_with" else ~value.contains(looked_for)


def _misfit(operator: str, kind: dt.DataType, place: Place, why: str) -> InsightError:
    column = place[-1] if place else "the value"
    return InsightError((*place, operator), f"'{operator}' does not fit '{column}' ({kind}): {why}")


def within_last(value: ir.Value, period: Period, day: ir.DateValue) -> ir.BooleanValue:
    """Whether a date or timestamp is in the period that ends with a day, that day included.

    `1 day` is that day alone; months and years go back by the calendar. Later moments, as of a
    clock that is ahead, are outside.
    """
    end = day.cast("timestamp") + ibis.interval(days=1)
    begin = end - ibis.interval(period.count, unit=UNITS[period.unit])
    moment = value.cast("timestamp")
    return (moment >= begin) & (moment < end)
