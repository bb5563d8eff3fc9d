"""Aggregates whose answer does not depend on the order of rows."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.exact import exact, ratio


def sum_of(value: ir.NumericValue, fits: ir.BooleanValue | None = None) -> ir.NumericValue:
    """The exact sum of the values that are there; NULL where none is.

    Args:
        value: a column of numbers: whole, decimal, or floating, which gets nine places first.
        fits: which rows count; all where None.
    """
    return exact(value).sum(where=fits)


def average_of(value: ir.NumericValue, fits: ir.BooleanValue | None = None) -> ir.DecimalValue:
    """The exact sum divided by the number of values, with six places; NULL where there is none."""
    return ratio(sum_of(value, fits), exact(value).count(where=fits))


def of_last(
    value: ir.Value, order: Sequence[ir.Value], fits: ir.BooleanValue | None = None
) -> ir.Value:
    """The value in the row that is last by an order; NULL where no row counts.

    Rows without a value, or without the first of `order`, do not count. Of rows alike in the whole
    order the largest value is taken: the choice has no ties.

    Args:
        value: any column.
        order: columns, the most important first.
        fits: which rows count; all where None.
    """
    ranked, there = _ranked(value, order, fits)
    return ranked.max(where=there)["value"]


def of_first(
    value: ir.Value, order: Sequence[ir.Value], fits: ir.BooleanValue | None = None
) -> ir.Value:
    """The value in the row that is first by an order, of rows alike the smallest; as `of_last`."""
    ranked, there = _ranked(value, order, fits)
    return ranked.min(where=there)["value"]


def _ranked(
    value: ir.Value, order: Sequence[ir.Value], fits: ir.BooleanValue | None
) -> tuple[ir.StructValue, ir.BooleanValue]:
    """Structs compare by their fields in turn: their largest is the last row, whatever it is."""
    places: dict[str, ir.Value] = {}
    for number, one in enumerate(order):
        # Engines disagree on where NULL is: a field before it says so instead.
        places[f"is_missing_{number}"] = one.isnull()
        places[f"place_{number}"] = one
    there = value.notnull() & order[0].notnull()
    ranked = ibis.struct({**places, "value": value})
    return ranked, there if fits is None else there & fits
