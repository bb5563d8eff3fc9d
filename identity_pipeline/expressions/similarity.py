"""Similarity: how alike two values are by edits or by Jaro-Winkler, and whether that is enough."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from rapidfuzz.distance import JaroWinkler, Levenshtein

from identity_pipeline.expressions.texts import NOT_ASCII

EXACT = 100
# A similarity is a fraction; the double next to it is no farther from it than this, in percent, and
# no other fraction of two texts of up to 200 characters is so near to a whole percent.
NEAR = 1e-9


def edit_distance(left: ir.StringValue, right: ir.StringValue) -> ir.IntegerValue:
    """Count the edits (insertions, deletions, substitutions) between two values.

    The Levenshtein distance in characters (code points), not bytes: müller and muller are one
    edit apart. The engine counts bytes, so it is asked only where both values are ASCII.

    Args:
        left, right: normalized values.

    Returns:
        A whole number from 0; NULL where either side is NULL.
    """
    ascii_only = ~(left.re_search(NOT_ASCII) | right.re_search(NOT_ASCII))
    return ibis.ifelse(
        ascii_only, left.levenshtein(right).cast("int64"), _edits_in_characters(left, right)
    )


def agrees(left: ir.StringValue, right: ir.StringValue, precision: int) -> ir.BooleanValue:
    """Say whether two values are alike enough for a precision, in whole numbers only.

    100 * edits <= (100 - precision) * longer, so a value exactly on the threshold agrees. Values
    whose lengths alone lie too far apart are turned away before any distance is computed.

    Args:
        left, right: normalized values.
        precision: whole percent, 1 to 100; 100 is plain equality.

    Returns:
        TRUE where they agree; FALSE or NULL where either side is NULL.
    """
    if precision == EXACT:
        return left == right
    allowed = (EXACT - precision) * ibis.greatest(left.length(), right.length())
    reachable = EXACT * (left.length() - right.length()).abs() <= allowed
    return ibis.ifelse(reachable, EXACT * edit_distance(left, right) <= allowed, False)


def edit_distance_score(left: ir.StringValue, right: ir.StringValue) -> ir.FloatingValue:
    """Score how close two values are, for showing to people; thresholds compare integers instead.

    score = (longer - edits) / longer: edits is the Levenshtein distance in characters,
    longer the length of the longer value.

    Args:
        left, right: normalized values.

    Returns:
        A ratio from 0.0 to 1.0, symmetric; 0.8 is the precision called "High".
        NULL where either side is NULL or both are empty: an absent value is no match.

    Source:
        "Data unification best practices", section "Fuzzy matching calculations", whose example
        divides by 20 although the string has 22 characters and does not say which string is the
        base. We differ: the longer one, so that example scores 20/22 and table order is no matter.
    """
    longer = ibis.greatest(left.length(), right.length())
    return (longer - edit_distance(left, right)) / longer.nullif(0)


def jaro_winkler_percent(left: ir.StringValue, right: ir.StringValue) -> ir.IntegerValue:
    """How alike two values are by Jaro-Winkler, rounded down to whole percent.

    In characters (code points), with the usual weight of 0.1 for up to four equal first characters,
    counted where the Jaro similarity is above 0.7. The engine counts bytes, so it is asked only
    where both values are ASCII; there it gives what the library gives (a test compares them).
    The smaller value always comes first, so that the order of tables changes nothing.

    Args:
        left, right: normalized values, not empty.

    Returns:
        A whole number from 0 to 100; NULL where either side is NULL.
    """
    first, second = ibis.least(left, right), ibis.greatest(left, right)
    ascii_only = ~(left.re_search(NOT_ASCII) | right.re_search(NOT_ASCII))
    similarity = ibis.ifelse(
        ascii_only, _similarity_of_ascii(first, second), _similarity_in_characters(first, second)
    )
    percent = (similarity * EXACT + NEAR).floor().cast("int64")
    # `least` passes over NULL.
    return ibis.ifelse(left.notnull() & right.notnull(), percent, ibis.null("int64"))


def jaro_winkler_agrees(
    left: ir.StringValue, right: ir.StringValue, precision: int
) -> ir.BooleanValue:
    """Say whether two values are at least so alike by Jaro-Winkler; exactly so much agrees.

    With a shorter value of s characters and a longer one of l no similarity is above
    0.8 + 0.2 * s / l: where that is too little, none is computed.

    Args:
        left, right: normalized values.
        precision: whole percent, 1 to 99.

    Returns:
        TRUE where they agree; FALSE or NULL where either side is NULL.
    """
    percent = jaro_winkler_percent(left, right)
    if precision <= _LENGTHS_COUNT_FROM:
        return percent >= precision
    shorter = ibis.least(left.length(), right.length())
    longer = ibis.greatest(left.length(), right.length())
    reachable = (EXACT - _LENGTHS_COUNT_FROM) * shorter >= (
        precision - _LENGTHS_COUNT_FROM
    ) * longer
    return ibis.ifelse(reachable, percent >= precision, False)


def jaro_winkler_score(left: ir.StringValue, right: ir.StringValue) -> ir.FloatingValue:
    """The Jaro-Winkler similarity in whole percent, as a ratio from 0.0 to 1.0; NULL as there."""
    return jaro_winkler_percent(left, right) / EXACT


# Up to this precision in percent even the most different lengths allow a pair.
_LENGTHS_COUNT_FROM = 80


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="jaro_winkler_similarity", signature=(("string", "string"), "float64")
)
def _similarity_of_ascii(left: ir.StringValue, right: ir.StringValue) -> ir.FloatingValue:
    """The engine's own."""


@ibis.udf.scalar.pyarrow(signature=(("string", "string"), "float64"))  # type: ignore[untyped-decorator]
def _similarity_in_characters(left: pa.Array, right: pa.Array) -> pa.Array:
    """Compute the similarities of a batch; the engine leaves NULL out of it."""
    return pa.array(map(JaroWinkler.similarity, left.to_pylist(), right.to_pylist()), pa.float64())


@ibis.udf.scalar.pyarrow(signature=(("string", "string"), "int64"))  # type: ignore[untyped-decorator]
def _edits_in_characters(left: pa.Array, right: pa.Array) -> pa.Array:
    """Compute the distances of a batch; the engine leaves NULL out of it."""
    return pa.array(map(Levenshtein.distance, left.to_pylist(), right.to_pylist()), pa.int64())
