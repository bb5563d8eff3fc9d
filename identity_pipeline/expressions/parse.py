"""Text into typed values: what fits is converted exactly, what does not is said to be a fault."""

import re
from typing import NamedTuple

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from identity_pipeline.expressions.types import DECIMAL_DIGITS, type_of
from identity_pipeline.terms.sources import DATE_CODES, TIME_CODES, Column

# A decimal of up to 18 digits is read by machine words: 0.06 s for 3 million, 7.6 s at 38 digits.
FAST_DECIMAL_DIGITS = 18

INTEGER_DIGITS = 18

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SECONDS = ":[0-5][0-9]([.][0-9]{1,9})?"
_OFFSET = "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_ISO = f"{_DAY}([T ]([01][0-9]|2[0-3]):[0-5][0-9]({_SECONDS}{_OFFSET}?)?)?"
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


class Parsed(NamedTuple):
    """A text taken as a column's type.

    Attributes:
        value: the typed value; of a text that does not fit it means nothing, so filter first.
        fits: whether the text is a value of the type; NULL for an absent value.
        wanted: what the column takes, to end the sentence "Amount is not ...".
    """

    value: ir.Value
    fits: ir.BooleanValue
    wanted: str


def present(text: ir.StringValue, null_markers: tuple[str, ...]) -> ir.StringValue:
    """The text, or NULL where it is empty or a null marker."""
    return text.isin(sorted({"", *null_markers})).ifelse(ibis.null("string"), text)


def parse(text: ir.StringValue, column: Column) -> Parsed:
    """Convert a text to a column's type; never through a float, never rounded, never guessed.

    A blank before or after a number or a date does not fit. Of a second, digits past the sixth are
    dropped: timestamps are kept to the microsecond. Whether a text fits is asked apart from its
    value because rows are filtered by the one and stored with the other, and the engine would
    compute a test that is inside the value twice.

    Args:
        text: a value, NULL where it is absent (see `present`).
        column: the declared type, format, zone and scale.
    """
    match column.type:
        case "text":
            return Parsed(text, ibis.literal(True), "text")
        case "integer":
            return _integer(text)
        case "decimal":
            return _decimal(text, column)
        case "boolean":
            return _boolean(text)
        case "date":
            return _date(text, column)
        case "timestamp":
            return _timestamp(text, column)


def already_typed(value: ir.Value, column: Column) -> Parsed | None:
    """A value whose own type says that its text would be read as it is; else None.

    Only types of which every value, or a range of values, is kept exactly: a local time in another
    zone, a number that floats, and nanoseconds still go through their text.
    """
    kind, wanted = value.type(), type_of(column)
    always = ibis.literal(True)
    if kind.is_boolean() and column.type == "boolean":
        return Parsed(value, always, "true or false")
    if kind.is_date() and column.type == "date":
        return Parsed(value, _four_digits(value.year()), "a date of the years 1 to 9999")
    if kind.is_timestamp() and column.type == "timestamp":
        is_plain = kind.timezone is None and (kind.scale or 6) <= 6 and column.zone == "UTC"
        fits = _four_digits(value.year())
        return (
            Parsed(value.cast(wanted), fits, "a time of the years 1 to 9999") if is_plain else None
        )
    if kind.is_signed_integer() and column.type == "integer":
        fits = always if kind.nbytes < 8 else value.abs() < 10**INTEGER_DIGITS
        return Parsed(
            value.cast(wanted), fits, f"a whole number of at most {INTEGER_DIGITS} digits"
        )
    if kind.is_decimal() and column.type == "decimal":
        whole = (kind.precision or DECIMAL_DIGITS) - (kind.scale or 0)
        is_kept = (kind.scale or 0) <= column.scale and whole <= DECIMAL_DIGITS - column.scale
        return Parsed(value.cast(wanted), always, "a number") if is_kept else None
    return None


def _four_digits(year: ir.IntegerValue) -> ir.BooleanValue:
    return year.between(1, 9999)


def _integer(text: ir.StringValue) -> Parsed:
    # Any 18 digits fit a 64-bit integer, so the pattern alone decides.
    fits = _is_whole(text, f"[+-]?0*[0-9]{{1,{INTEGER_DIGITS}}}")
    return Parsed(
        text.try_cast(dt.int64), fits, f"a whole number of at most {INTEGER_DIGITS} digits"
    )


def _decimal(text: ir.StringValue, column: Column) -> Parsed:
    # Zeros past the scale lose nothing; any other digit there would be rounded away.
    whole = DECIMAL_DIGITS - column.scale
    fraction = f"[.][0-9]{{1,{column.scale}}}0*" if column.scale else "[.]0+"
    fits = _is_whole(text, f"[+-]?(0*[0-9]{{1,{whole}}}({fraction})?|{fraction})")
    kept = type_of(column)
    short = text.try_cast(dt.Decimal(FAST_DECIMAL_DIGITS, column.scale)).cast(kept)
    value = ibis.coalesce(short, text.try_cast(kept))
    return Parsed(
        value, fits, f"a number of at most {whole} digits, and {column.scale} after the point"
    )


def _boolean(text: ir.StringValue) -> Parsed:
    lowered = text.lower()
    return Parsed(lowered.isin(_TRUE), lowered.isin(_TRUE + _FALSE), "true, false, yes, no, 1 or 0")


def _date(text: ir.StringValue, column: Column) -> Parsed:
    if column.format is None:
        value, pattern = text.try_cast(dt.date), _DAY
    else:
        value = _by_format(text, column.format).cast(dt.date)
        pattern = _pattern(column.format)
    fits = _is_whole(text, pattern) & value.notnull()
    return Parsed(value, fits, f"a date written {column.format or '%Y-%m-%d'}")


def _timestamp(text: ir.StringValue, column: Column) -> Parsed:
    """A local time that a clock change skips or repeats is read by the zone's winter offset."""
    if column.format is None:
        value, pattern = _iso_timestamp(text, column.zone), _ISO
    elif "%z" in column.format.replace("%%", ""):
        value = _without_zone("UTC", _by_format_with_offset(text, column.format))
        pattern = _pattern(column.format)
    else:
        value = _to_utc(_by_format(text, column.format), column.zone)
        pattern = _pattern(column.format)
    fits = _is_whole(text, pattern) & value.notnull()
    return Parsed(value, fits, f"a timestamp written {column.format or 'as in ISO 8601'}")


def _iso_timestamp(text: ir.StringValue, zone: str) -> ir.TimestampValue:
    # Casting a text with an offset to a plain timestamp would overlook the offset.
    has_offset = text.re_search(f"{_OFFSET}$") & text.contains(":")
    return has_offset.ifelse(
        _without_zone("UTC", text.try_cast(dt.Timestamp("UTC"))),
        _to_utc(text.try_cast(dt.timestamp), zone),
    )


def _to_utc(local: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    return local if zone == "UTC" else _without_zone("UTC", _in_zone(zone, local))


def _is_whole(text: ir.StringValue, pattern: str) -> ir.BooleanValue:
    return text.re_search(f"^(?:{pattern})$")


def _pattern(layout: str) -> str:
    codes = DATE_CODES | TIME_CODES | {"%%": "%"}
    parts = re.split("(%.)", layout)
    return "".join(codes.get(part) or re.escape(part) for part in parts)


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=((dt.string, dt.string), dt.timestamp)
)
def _by_format(text: ir.StringValue, layout: str) -> ir.TimestampValue:
    """Ibis' own `as_timestamp` fails on the first bad value."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=((dt.string, dt.string), dt.Timestamp("UTC"))
)
def _by_format_with_offset(text: ir.StringValue, layout: str) -> ir.TimestampValue:
    """The same for a format with %z, whose answer is a moment."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="timezone", signature=((dt.string, dt.timestamp), dt.Timestamp("UTC"))
)
def _in_zone(zone: str, local: ir.TimestampValue) -> ir.TimestampValue:
    """The moment of a zone's local time; Ibis knows only the session's zone."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="timezone", signature=((dt.string, dt.Timestamp("UTC")), dt.timestamp)
)
def _without_zone(zone: str, moment: ir.TimestampValue) -> ir.TimestampValue:
    """The local time of a moment in a zone."""
