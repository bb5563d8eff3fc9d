"""Filters bound to their table's columns, before there is any data."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.filters import passes
from identity_pipeline.expressions.types import schema_of
from identity_pipeline.terms.errors import FilterError
from identity_pipeline.terms.filters import AllOf, AnyOf, ColumnFilter, Filter
from identity_pipeline.terms.sources import SourceTable

Place = tuple[str | int, ...]

# An operator as a filter writes it, where its field has another name.
WRITTEN = {"any_of": "in", "none_of": "not_in"}


def filter_problems(source: SourceTable) -> list[tuple[Place, str]]:
    """Every test of a source's row filter that does not fit its column's type.

    Returns:
        Where in the source's file (`row_filter`, `all`, 0, `gt`), and what is wrong.
    """
    if source.row_filter is None:
        return []
    table = ibis.table(schema_of(source), name=source.name)
    return list(_problems(table, source.row_filter, ("row_filter",)))


def _problems(table: ir.Table, condition: Filter, place: Place) -> Iterator[tuple[Place, str]]:
    match condition:
        case AllOf():
            for number, part in enumerate(condition.all):
                yield from _problems(table, part, (*place, "all", number))
        case AnyOf():
            for number, part in enumerate(condition.any):
                yield from _problems(table, part, (*place, "any", number))
        case ColumnFilter():
            try:
                passes(table, condition)
            except FilterError as error:
                key = WRITTEN.get(error.operator, error.operator) or "column"
                yield (*place, key), str(error)
