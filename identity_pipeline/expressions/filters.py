"""Filters as conditions on a table's rows."""

import datetime
import decimal
from functools import reduce
from operator import and_, or_

import ibis
import ibis.expr.types as ir

from identity_pipeline.terms.errors import FilterError, did_you_mean
from identity_pipeline.terms.filters import (
    OPERATORS,
    AllOf,
    AnyOf,
    ColumnFilter,
    Filter,
    Value,
)

_TEXT_ONLY = ("contains", "starts_with")


def passes(table: ir.Table, condition: Filter) -> ir.BooleanValue:
    """Whether a row passes a filter: true or false, never NULL.

    A row whose value is missing passes only `is_null: true`.

    Args:
        table: any table, stored or not; only its columns' names and types are looked at.
        condition: the filter.

    Raises:
        FilterError: a column the table does not have, or a value its type cannot be compared with.
    """
    match condition:
        case AllOf():
            return reduce(and_, [passes(table, part) for part in condition.all])
        case AnyOf():
            return reduce(or_, [passes(table, part) for part in condition.any])
        case ColumnFilter():
            return _holds(table, condition)


def _holds(table: ir.Table, test: ColumnFilter) -> ir.BooleanValue:
    if test.column not in table.columns:
        raise FilterError(
            test.column,
            "",
            f"no column '{test.column}'. {did_you_mean(test.column, table.columns)}",
        )
    return value_passes(table[test.column], test)


def value_passes(value: ir.Value, test: ColumnFilter) -> ir.BooleanValue:
    """Whether a value passes a filter's operators; raises FilterError as `passes`."""
    answers = [
        _compare(value, operator, getattr(test, operator), test)
        for operator in OPERATORS
        if getattr(test, operator) is not None
    ]
    if test.is_null is not None:
        answers.append(value.isnull() if test.is_null else value.notnull())
    return reduce(and_, answers).fill_null(False)


def _compare(
    value: ir.Value, operator: str, wanted: Value | tuple[Value, ...], test: ColumnFilter
) -> ir.BooleanValue:
    many = wanted if isinstance(wanted, tuple) else (wanted,)
    if operator in _TEXT_ONLY and not value.type().is_string():
        raise _misfit(value, operator, test, "only text can be searched")
    literals = [_like(value, one, operator, test) for one in many]
    if test.ignore_case and value.type().is_string():
        value, literals = value.lower(), [literal.lower() for literal in literals]
    return _OPERATIONS[operator](value, literals)


_OPERATIONS = {
    "eq": lambda value, wanted: value == wanted[0],
    "ne": lambda value, wanted: value != wanted[0],
    "gt": lambda value, wanted: value > wanted[0],
    "ge": lambda value, wanted: value >= wanted[0],
    "lt": lambda value, wanted: value < wanted[0],
    "le": lambda value, wanted: value <= wanted[0],
    "any_of": lambda value, wanted: value.isin(wanted),
    "none_of": lambda value, wanted: value.notin(wanted),
    "contains": lambda value, wanted: value.contains(wanted[0]),
    "starts_with": lambda value, wanted: value.startswith(wanted[0]),
}


def _like(value: ir.Value, wanted: Value, operator: str, test: ColumnFilter) -> ir.Scalar:
    """The wanted value as a literal of the column's kind; numbers exactly, dates from ISO text."""
    kind = value.type()
    if kind.is_string() and isinstance(wanted, str):
        return ibis.literal(wanted)
    if kind.is_boolean() and isinstance(wanted, bool):
        return ibis.literal(wanted)
    if kind.is_numeric() and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        exact = decimal.Decimal(str(wanted))
        return ibis.literal(wanted if isinstance(wanted, int) else exact)
    if isinstance(wanted, str) and (kind.is_date() or kind.is_timestamp()):
        try:
            return ibis.literal(_day(wanted) if kind.is_date() else _moment(wanted))
        except ValueError:
            raise _misfit(value, operator, test, "write it as 2022-07-23") from None
    raise _misfit(value, operator, test, "the value in the filter is of another kind")


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _moment(text: str) -> datetime.datetime:
    """Timestamps are stored in UTC, without a zone."""
    moment = datetime.datetime.fromisoformat(text)
    return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _misfit(value: ir.Value, operator: str, test: ColumnFilter, why: str) -> FilterError:
    kind = _kind(value)
    message = f"'{operator}' does not fit column '{test.column}', which is {kind}: {why}"
    return FilterError(test.column, operator, message)


def _kind(value: ir.Value) -> str:
    kind = value.type()
    known = {
        "a boolean": kind.is_boolean(),
        "text": kind.is_string(),
        "a number": kind.is_numeric(),
    }
    return next((name for name, fits in known.items() if fits), str(kind))
