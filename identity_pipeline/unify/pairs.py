"""Pairs of rows of one table that a rule says are one record."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions import conditions as compare
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.expressions.marks import marks_of, may_agree
from identity_pipeline.terms.rules import DeduplicationRule

NO_PAIRS = {
    "left": "int64",
    "right": "int64",
    "rule": "string",
    "rule_index": "int64",
    "score": "float64",
    "scores": "array<float64>",
    "left_values": "array<string>",
    "right_values": "array<string>",
}


def chain_of(rows: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists) -> ir.Table:
    """Link rows by a rule: enough pairs to connect all that the rule links.

    A rule of exact conditions links every row to the first row with its values, which costs one
    pair a row however many rows share a value. Any other rule needs every pair.

    Args:
        rows: `_ordinal` and the columns that the rule names.
        rule: an active rule.
        index: its place among the table's rules, from 1.
        lists: bypass and alias lists.

    Returns:
        `left`, `right` (ordinals, left < right), `rule`, `rule_index`, `score` (the smallest of the
        conditions' scores), and one a condition, in the rule's order: `scores`, `left_values`,
        `right_values` (as compared).
    """
    if not rule.is_of_values:
        return pairs_of(rows, rule, index, lists)
    valued = valued_rows(rows, rule, lists)
    first = valued.mutate(left=valued._ordinal.min().over(group_by=value_names(rule)))
    linked = first.filter(first.left != first._ordinal)
    return edges_of_values(linked.rename(right="_ordinal"), rule, index)


def chain_by_values(
    rows: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists
) -> ir.Table:
    """Link rows by a rule, as `chain_of`, each to the next one by the values that it brings.

    Rows that bring the same values follow one another, those without any come first: so a chain
    that is cut, where a record would have too many values, leaves together what belongs together.

    Args:
        rows: as `chain_of`, with `_brought`: the row's identifying values as text, NULL for none.
        rule, index, lists: as `chain_of`.

    Returns:
        Columns as `chain_of`.
    """
    if not rule.is_of_values:
        return pairs_of(rows, rule, index, lists)
    valued = valued_rows(rows, rule, lists)
    order = [valued._brought.fill_null(""), valued._key, valued._ordinal]
    previous = valued._ordinal.lag().over(group_by=value_names(rule), order_by=order)
    linked = valued.mutate(_previous=previous).filter(ibis._._previous.notnull())
    ends = linked.mutate(
        left=ibis.least(linked._previous, linked._ordinal),
        right=ibis.greatest(linked._previous, linked._ordinal),
    )
    return edges_of_values(ends, rule, index)


def value_names(rule: DeduplicationRule) -> list[str]:
    """The columns of `valued_rows` that hold the rule's values."""
    return [compare.left_name(number) for number in range(len(rule.conditions))]


def valued_rows(rows: ir.Table, rule: DeduplicationRule, lists: ValueLists) -> ir.Table:
    """Rows that have all values of a rule, with these."""
    conditions = zip(value_names(rule), rule.conditions, strict=True)
    columns = {name: (condition.column, condition) for name, condition in conditions}
    valued = with_comparables(rows, columns, lists)
    return valued.filter(*(valued[name].notnull() for name in columns))


def edges_of_values(linked: ir.Table, rule: DeduplicationRule, index: int) -> ir.Table:
    """Edges between `left` and `right`, which have the same values."""
    names = value_names(rule)
    pairs = linked.select(
        "left",
        "right",
        **{compare.left_name(n): linked[name] for n, name in enumerate(names)},
        **{compare.right_name(n): linked[name] for n, name in enumerate(names)},
    )
    return _edges(pairs, rule, index, [ibis.literal(1.0)] * len(names))


def pairs_of(rows: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists) -> ir.Table:
    """Every pair of rows that a rule links; columns as `chain_of`."""
    return pairs_between(rows, rows, rule, index, lists)


def pairs_between(
    earlier: ir.Table,
    later: ir.Table,
    rule: DeduplicationRule,
    index: int,
    lists: ValueLists,
) -> ir.Table:
    """Every pair that a rule links, of a row on the left and a later one on the right."""
    both = (*rule.conditions, *rule.exceptions)
    marked = [n for n, condition in enumerate(rule.conditions) if condition.is_of_edits]
    sides = []
    names = (("left", compare.left_name, earlier), ("right", compare.right_name, later))
    for side, name, rows in names:
        columns = {name(number): (c.column, c) for number, c in enumerate(both)}
        valued = with_comparables(rows, columns, lists)
        marks = {f"{name(n)}_marks": marks_of(valued[name(n)]) for n in marked}
        sides.append(valued.select(*columns, **marks, **{side: valued._ordinal}))
    left, right = sides
    candidates = left.join(
        right, [*compare.equalities(left, right, rule.conditions), left.left < right.right]
    )
    holds = compare.holds(candidates, rule.conditions, rule.exceptions)
    for number in marked:
        holds = ibis.ifelse(_may_agree(candidates, number, rule), holds, False)
    agreed = candidates.filter(holds)
    return _edges(agreed, rule, index, compare.condition_scores(agreed, rule.conditions))


def _may_agree(candidates: ir.Table, number: int, rule: DeduplicationRule) -> ir.BooleanValue:
    names = (compare.left_name(number), compare.right_name(number))
    left, right = ((candidates[f"{name}_marks"], candidates[name]) for name in names)
    precision = rule.conditions[number].precision
    return may_agree((left[0], right[0]), (left[1], right[1]), precision)


def _edges(
    pairs: ir.Table, rule: DeduplicationRule, index: int, scores: Sequence[ir.FloatingValue]
) -> ir.Table:
    return pairs.select(
        "left",
        "right",
        rule=ibis.literal(rule.name),
        rule_index=ibis.literal(index, "int64"),
        score=ibis.least(*scores) if len(scores) > 1 else scores[0],
        scores=ibis.array(scores),
        left_values=compare.values_of(pairs, compare.left_name, rule.conditions),
        right_values=compare.values_of(pairs, compare.right_name, rule.conditions),
    )
