"""Calculations: one number of a group of rows."""

from collections.abc import Callable
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.aggregates import average_of, of_first, of_last, sum_of
from identity_pipeline.expressions.exact import exact, is_number, kind_of
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.measures.rows import CustomerRows
from identity_pipeline.measures.templates import template_fits, template_value
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.measures import Calculation, Extreme

Fits: TypeAlias = ir.BooleanValue | None
_OF_A_COLUMN: dict[str, Callable[[ir.Value, Fits], ir.Value]] = {
    "count": lambda value, fits: value.count(where=fits),
    "count_unique": lambda value, fits: value.nunique(where=fits),
    "sum": sum_of,
    "average": average_of,
    "max": lambda value, fits: value.max(where=fits),
    "min": lambda value, fits: value.min(where=fits),
}


def is_count(calculation: Calculation) -> bool:
    """Whether a calculation is 0 where no row counts; others are NULL there."""
    return (
        calculation.function in ("count", "count_unique")
        or calculation.template == "transaction_count"
    )


def conditions_of(rows: CustomerRows, calculation: Calculation, place: Place) -> Fits:
    """Which rows a calculation counts, its template's choice included; None where all do."""
    met = rows.fits(calculation, place)
    if calculation.template is not None:
        met += template_fits(rows, calculation.template)
    return ibis.and_(*met) if met else None


def calculated(rows: CustomerRows, calculation: Calculation, place: Place = ()) -> ir.Value:
    """One calculation over the rows of a group, as an aggregate; counts of none are 0.

    Args:
        rows: the rows it reads.
        calculation: any but a formula.
        place: where it is written, for errors.

    Raises:
        InsightError: a column that is not there or does not fit, a missing time column.
    """
    fits = conditions_of(rows, calculation, place)
    function = calculation.function
    if calculation.template is not None:
        return template_value(rows, calculation, fits, (*place, function))
    if function in ("arg_max", "arg_min"):
        return _extreme(rows, calculation, fits, (*place, function))
    assert calculation.reads is not None, "formulas are calculated by `expressions.formula`"
    name = calculation.reads[1]
    if name is None:
        return rows.rows.count(where=fits)
    value = rows.column(name, (*place, function))
    if function in ("first", "last"):
        pick = of_last if function == "last" else of_first
        return pick(value, [rows.time(calculation, function, place), *rows.order()], fits)
    if function in ("sum", "average") and not is_number(value):
        raise InsightError(
            (*place, function), f"'{function}' needs numbers; '{name}' is {kind_of(value)}"
        )
    return _OF_A_COLUMN[function](value, fits)


def _extreme(rows: CustomerRows, calculation: Calculation, fits: Fits, place: Place) -> ir.Value:
    """Of rows alike in `by`, the latest for arg_max and the earliest for arg_min."""
    asked = calculation.arg_max or calculation.arg_min
    assert isinstance(asked, Extreme)
    value = rows.column(asked.of.partition(".")[2], (*place, "of"))
    order = [rows.column(asked.by, (*place, "by"))]
    if calculation.time or rows.has_time:
        order.append(rows.time(calculation, calculation.function, place[:-1]))
    pick = of_last if calculation.function == "arg_max" else of_first
    return pick(value, [*order, *rows.order()], fits)


def with_null_as(value: ir.Value, calculation: Calculation, place: Place = ()) -> ir.Value:
    """A value, or the number that `null_as` puts in place of a missing one.

    Raises:
        InsightError: the value is no number.
    """
    if calculation.null_as is None:
        return value
    if not is_number(value):
        raise InsightError(
            (*place, "null_as"),
            f"'null_as' is a whole number; '{calculation.function}' gives {kind_of(value)} here",
        )
    value = exact(value)
    return ibis.coalesce(value, ibis.literal(calculation.null_as, "int64").cast(value.type()))
