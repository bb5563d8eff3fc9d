"""Values as JSON."""

import ibis
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="to_json", signature=(("string",), "string"))
def _quoted(value):  # type: ignore[no-untyped-def]
    """Quote and escape a text as JSON."""


def json_text(value: ir.StringValue) -> ir.StringValue:
    """A text as JSON writes it, in quotes."""
    quoted: ir.StringValue = _quoted(value)
    return quoted


def json_value(value: ir.Value) -> ir.StringValue:
    """A value as JSON writes it: numbers and booleans bare, all else in quotes; NULL stays NULL.

    Decimals keep their digits, moments are ISO 8601 in UTC.
    """
    kind = value.type()
    if kind.is_numeric() or kind.is_boolean():
        return value.cast("string")
    if kind.is_timestamp():
        return json_text(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return json_text(value.cast("string"))
