"""Similarity: how many edits lie between two values, and whether that is close enough."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from rapidfuzz.distance import Levenshtein

from identity_pipeline.expressions.texts import NOT_ASCII

EXACT = 100


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


@ibis.udf.scalar.pyarrow(signature=(("string", "string"), "int64"))  # type: ignore[untyped-decorator]
def _edits_in_characters(left: pa.Array, right: pa.Array) -> pa.Array:
    """Compute the distances of a batch; the engine leaves NULL out of it."""
    return pa.array(map(Levenshtein.distance, left.to_pylist(), right.to_pylist()), pa.int64())
