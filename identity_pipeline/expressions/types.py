"""The types of declared columns, as Ibis knows them."""

import ibis
import ibis.expr.datatypes as dt

from identity_pipeline.terms.sources import Column, SourceTable

# Exact up to 38 digits; the engines' largest.
DECIMAL_DIGITS = 38


def type_of(column: Column) -> dt.DataType:
    """The type a column is stored with; a timestamp has no zone because it is in UTC."""
    match column.type:
        case "text":
            return dt.String()
        case "integer":
            return dt.Int64()
        case "decimal":
            return dt.Decimal(DECIMAL_DIGITS, column.scale)
        case "boolean":
            return dt.Boolean()
        case "date":
            return dt.Date()
        case "timestamp":
            return dt.Timestamp(scale=6)


def schema_of(source: SourceTable) -> ibis.Schema:
    """The declared columns, typed: rules and filters can be bound before there is any data."""
    return ibis.schema({name: type_of(column) for name, column in source.columns.items()})
