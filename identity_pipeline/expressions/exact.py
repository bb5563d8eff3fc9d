"""Exact arithmetic: whole numbers stay whole, money stays decimal, nothing floats in a sum."""

import decimal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from identity_pipeline.expressions.types import DECIMAL_DIGITS

# Digits before the point of a number in a formula; an int64 holds 18 of any kind.
WHOLE_DIGITS = 18
# A quotient has no end in general: it is rounded to so many decimal places.
RATIO_PLACES = 6
# Of a number that floats in its table, and of each factor of a product: two of them leave 20 digits
# before the point.
FACTOR_PLACES = 9


def is_number(value: ir.Value) -> bool:
    """Whether a value can be calculated with; a boolean cannot."""
    return bool(value.type().is_numeric())


def kind_of(value: ir.Value) -> str:
    """A column's type, as people call it."""
    kind = value.type()
    known = {
        "text": kind.is_string(),
        "a boolean": kind.is_boolean(),
        "a number": kind.is_numeric(),
        "a date": kind.is_date(),
        "a timestamp": kind.is_timestamp(),
    }
    return next((name for name, is_it in known.items() if is_it), str(kind))


def exact(value: ir.NumericValue) -> ir.NumericValue:
    """A number as int64, or as a decimal with its own places; what floats gets nine places."""
    kind = value.type()
    if kind.is_integer():
        return value.cast("int64")
    if kind.is_decimal():
        return value.cast(_decimal(_places(value)))
    return value.try_cast(_decimal(FACTOR_PLACES))


def total(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """`left + right`, exactly."""
    left, right = _alike(left, right)
    return left + right


def difference(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """`left - right`, exactly."""
    left, right = _alike(left, right)
    return left - right


def product(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """`left * right`, exactly; of each factor nine decimal places count."""
    left, right = exact(left), exact(right)
    if left.type().is_integer() and right.type().is_integer():
        return left * right
    places = [min(_places(one), FACTOR_PLACES) for one in (left, right)]
    factors = [one.cast(_decimal(n)) for one, n in zip((left, right), places, strict=True)]
    # The engine adds the factors' places, Ibis takes the larger number: the cast makes them agree.
    return (factors[0] * factors[1]).cast(_decimal(sum(places)))


def ratio(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.DecimalValue:
    """`numerator / denominator` with six decimal places; NULL where the denominator is 0.

    Right to 15 significant digits, and the same on any number of threads: both numbers are exact,
    their quotient is the nearest double, rounded to its places; halves go away from zero. NULL too
    where it has more than 32 digits before the point.
    """
    floating = numerator.cast("float64") / denominator.cast("float64").nullif(0.0)
    # Engines differ in how a cast rounds a half, not in how `round` does.
    return floating.round(RATIO_PLACES).try_cast(_decimal(RATIO_PLACES))


def _alike(
    left: ir.NumericValue, right: ir.NumericValue
) -> tuple[ir.NumericValue, ir.NumericValue]:
    left, right = exact(left), exact(right)
    if left.type().is_integer() and right.type().is_integer():
        return left, right
    kind = _decimal(max(_places(left), _places(right)))
    return left.cast(kind), right.cast(kind)


def _places(value: ir.NumericValue) -> int:
    return (value.type().scale or 0) if value.type().is_decimal() else 0


def _decimal(places: int) -> dt.Decimal:
    return dt.Decimal(DECIMAL_DIGITS, places)


def number(text: str) -> ir.NumericScalar:
    """A number as a formula writes it, exactly; raises ValueError where it is none, or too long."""
    try:
        value = decimal.Decimal(text.replace("_", ""))
    except decimal.InvalidOperation:
        raise ValueError(f"'{text}' is no decimal number") from None
    _, digits, exponent = value.normalize().as_tuple()
    assert isinstance(exponent, int), "a number in a formula is finite"
    places = max(-exponent, 0)
    whole = len(digits) + exponent
    if places > FACTOR_PLACES or whole > WHOLE_DIGITS:
        most = f"{WHOLE_DIGITS} digits before the point or {FACTOR_PLACES} after it"
        raise ValueError(f"{text} has more than {most}")
    if places == 0:
        return ibis.literal(int(value), "int64")
    return ibis.literal(value, _decimal(places))
