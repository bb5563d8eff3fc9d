"""Marks of texts: the letters a text has, as bits, to turn pairs away before edits are counted."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.similarity import EXACT
from identity_pipeline.expressions.texts import NOT_ASCII

# A letter's bit is its code point modulo this: letters and digits of one case fall on bits of
# their own but for a few, and the sum of all bits fits an integer of 64.
BITS = 32


@ibis.udf.scalar.builtin(name="bit_count", signature=(("int64",), "int8"))  # type: ignore[untyped-decorator]
def _ones(bits: ir.IntegerValue) -> ir.IntegerValue:
    """How many bits are set."""


def marks_of(text: ir.StringValue) -> ir.IntegerValue:
    """The bits of all letters that a text has; NULL where it is NULL or not ASCII."""
    places = text.split("").map(lambda letter: letter.ascii_str() % BITS).unique()
    one = ibis.literal(1, "int64")
    bits = places.map(lambda place: one << place.cast("int64")).sums().cast("int64")
    return ibis.ifelse(text.re_search(NOT_ASCII), ibis.null("int64"), bits)


def may_agree(
    marks: tuple[ir.IntegerValue, ir.IntegerValue],
    texts: tuple[ir.StringValue, ir.StringValue],
    precision: int,
) -> ir.BooleanValue:
    """Whether the letters of two texts let them agree within a precision, see `agrees`.

    An edit takes one letter away, adds one, or both: it changes two bits at most. So of two texts
    that agree at most twice as many bits differ as edits are allowed. Where this is false, they do
    not agree; where it is true, nothing is known. Three times cheaper than counting edits.
    """
    left, right = texts
    longer = ibis.greatest(left.length(), right.length()).cast("int64")
    differing = _ones(marks[0] ^ marks[1]).cast("int64")
    reachable = EXACT * differing <= 2 * (EXACT - precision) * longer
    return reachable.fill_null(True)
