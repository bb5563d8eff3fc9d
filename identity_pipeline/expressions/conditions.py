"""Conditions: whether two records agree, and how well."""

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.differences import difference_score, differs_within
from identity_pipeline.expressions.normalize import normalized
from identity_pipeline.expressions.similarity import (
    agrees,
    edit_distance_score,
    jaro_winkler_agrees,
    jaro_winkler_score,
)
from identity_pipeline.terms.rules import Comparison


def as_text(column: ir.Column) -> ir.StringValue:
    """The one text of a value, so that 707 equals "707" and 12.50 equals "12.5"."""
    if column.type().is_string():
        return column
    if column.type().is_decimal() and column.type().scale:
        return column.cast("string").re_replace(r"\.?0+$", "")
    return column.cast("string")


def comparable(column: ir.Column, comparison: Comparison) -> ir.StringValue:
    """A column as a condition compares it: text, normalized, NULL where nothing is left."""
    text = as_text(column)
    if not comparison.steps:
        return text.nullif("")
    return normalized(text, comparison.steps, comparison.region)


def left_name(number: int) -> str:
    """The left side's value of a rule's condition or exception, by its number."""
    return f"_left_{number}"


def right_name(number: int) -> str:
    """The right side's value of a rule's condition or exception, by its number."""
    return f"_right_{number}"


def values_of(
    joined: ir.Table, name: Callable[[int], str], conditions: Sequence[Comparison]
) -> ir.ArrayValue:
    """One side's values of a rule's conditions, as compared; `name` is the side."""
    return ibis.array([joined[name(number)] for number in range(len(conditions))])


def equalities(
    left: ir.Table, right: ir.Table, conditions: Sequence[Comparison]
) -> list[ir.BooleanValue]:
    """The exact conditions as join keys: they build the candidate set."""
    return [
        left[left_name(number)] == right[right_name(number)]
        for number, condition in enumerate(conditions)
        if condition.exact
    ]


def holds(
    joined: ir.Table, conditions: Sequence[Comparison], exceptions: Sequence[Comparison]
) -> ir.BooleanValue:
    """What candidates must still pass: conditions that are not exact, and no exception.

    A missing value makes a condition false; an exception with a missing value does not fire.
    """
    tests = [
        meets(joined, number, condition)
        for number, condition in enumerate(conditions)
        if not condition.exact
    ]
    for number, exception in enumerate(exceptions, start=len(conditions)):
        tests.append(~meets(joined, number, exception).fill_null(False))
    return ibis.and_(*tests)


def condition_scores(joined: ir.Table, conditions: Sequence[Comparison]) -> list[ir.FloatingValue]:
    """The score of each condition, 0.0 to 1.0; an exact one is 1.0."""
    return [
        ibis.literal(1.0)
        if condition.exact or condition.operator == "different"
        else score_of(joined[left_name(number)], joined[right_name(number)], condition)
        for number, condition in enumerate(conditions)
    ]


def meets(joined: ir.Table, number: int, condition: Comparison) -> ir.BooleanValue:
    """Whether one condition or exception holds; FALSE or NULL where a value is missing."""
    left, right = joined[left_name(number)], joined[right_name(number)]
    same = _alike(left, right, condition)
    if condition.operator == "equal":
        return same
    return left.notnull() & right.notnull() & ~same


def score_of(left: ir.StringValue, right: ir.StringValue, how: Comparison) -> ir.FloatingValue:
    """How well two values agree under a condition, 0.0 to 1.0; NULL where either is missing."""
    if how.within is not None:
        return difference_score(left, right, how.within)
    if how.compare == "jaro_winkler":
        return jaro_winkler_score(left, right)
    return edit_distance_score(left, right)


def _alike(left: ir.StringValue, right: ir.StringValue, how: Comparison) -> ir.BooleanValue:
    if how.within is not None:
        return differs_within(left, right, how.within)
    if how.compare == "jaro_winkler":
        return jaro_winkler_agrees(left, right, how.precision)
    return agrees(left, right, how.precision)
