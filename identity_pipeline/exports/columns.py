"""Columns an export asks for, and the order its rows are sent in."""

from collections.abc import Iterable

import ibis.expr.types as ir

from identity_pipeline.terms.errors import InsightError, did_you_mean

ID = "CustomerId"
# Columns of our own beside those of Customer: whether consent was given, and who is reached.
AGREED, RECIPIENT = "_agreed", "_recipient"

Place = tuple[str | int, ...]


def column_of(table: ir.Table, name: str, place: Place) -> ir.Value:
    """A column of Customer; raises InsightError with the place it is asked for."""
    if name not in table.columns:
        hint = did_you_mean(name, table.columns)
        raise InsightError(place, f"Customer has no column '{name}'. {hint}")
    return table[name]


def text_of(table: ir.Table, name: str, place: Place) -> ir.StringValue:
    """A column of Customer that must be text; raises InsightError as `column_of`."""
    column = column_of(table, name, place)
    if not column.type().is_string():
        raise InsightError(place, f"column '{name}' is {column.type()}, not text")
    return column


def asked_for(table: ir.Table, names: Iterable[str]) -> dict[str, ir.Value]:
    """The columns that an export lists under `columns`, each once, in their order."""
    return {name: column_of(table, name, ("columns", place)) for place, name in enumerate(names)}


def in_order(rows: ir.Table) -> ir.Table:
    """Rows sorted by all their columns, so that a file is the same byte for byte."""
    return rows.order_by([rows[name].asc() for name in rows.columns])
