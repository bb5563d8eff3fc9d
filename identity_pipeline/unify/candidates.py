"""Candidates: pairs of a lower record and a consolidated record that a match rule allows."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions import conditions as compare
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.terms.rules import MatchRule

CANDIDATE = {
    "group": "int64",
    "record": "int64",
    "rule": "string",
    "rule_index": "int64",
    "score": "float64",
    "scores": "array<float64>",
    "left_values": "array<string>",
    "right_values": "array<string>",
    "alternates": "int64",
    "left_rank": "int64",
    "left_number": "decimal(38, 9)",
    "target_key": "string",
    "left_key": "string",
    "right_key": "string",
    "left_is_winner": "boolean",
    "right_is_winner": "boolean",
    "left_ordinal": "int64",
    "right_ordinal": "int64",
}


@dataclass(frozen=True)
class Side:
    """A table as a side of matching.

    Attributes:
        name: the source table's name.
        rank: its place in the match order.
        rows: its members with `_record`, the consolidated record their group belongs to (on the
            lower side, not used) and `_target`, the key of their group's winner.
    """

    name: str
    rank: int
    rows: ir.Table
    primary_key: str


def candidates_of(
    rule: MatchRule, index: int, left: dict[str, Side], lower: Side, lists: ValueLists
) -> ir.Table:
    """Every pair that a rule allows, through winners' or alternates' values.

    Where the rule names several higher tables, values of any of their rows in one consolidated
    record are combined.

    Args:
        rule: an active rule.
        index: its place in the table's list, from 1.
        left: the higher tables that the rule names.
        lower: the table being matched.
        lists: bypass and alias lists, and guards of values.

    Returns:
        One row a pair of rows, columns as CANDIDATE. `alternates` counts the sides on which an
        alternate's value matched; the left columns speak of the first condition's table.
    """
    both = (*rule.conditions, *rule.exceptions)
    right = with_comparables(
        lower.rows,
        {compare.right_name(n): (c.right, c) for n, c in enumerate(both)},
        lists.of(lower.name),
    )
    right = right.select(
        *map(compare.right_name, range(len(both))),
        group="_group",
        right_key="_key",
        right_is_winner="_is_winner",
        right_ordinal="_ordinal",
    )
    higher = left_values(rule, left, lists)
    exact = compare.equalities(higher, right, rule.conditions)
    joined = higher.join(right, exact) if exact else higher.cross_join(right)
    agreed = joined.filter(compare.holds(joined, rule.conditions, rule.exceptions))
    scores = compare.condition_scores(agreed, rule.conditions)
    return agreed.select(
        group=agreed.group,
        record=agreed._record,
        rule=ibis.literal(rule.name),
        rule_index=ibis.literal(index, "int64"),
        score=ibis.least(*scores) if len(scores) > 1 else scores[0],
        scores=ibis.array(scores),
        left_values=compare.values_of(agreed, compare.left_name, rule.conditions),
        right_values=compare.values_of(agreed, compare.right_name, rule.conditions),
        alternates=agreed.left_alternates + (~agreed.right_is_winner).cast("int64"),
        **{name: agreed[name] for name in list(CANDIDATE)[list(CANDIDATE).index("left_rank") :]},
    )


def left_values(rule: MatchRule, left: dict[str, Side], lists: ValueLists) -> ir.Table:
    """The left sides of all conditions, one row a combination of rows of one record."""
    names = list(dict.fromkeys(c.left_table for c in (*rule.conditions, *rule.exceptions)))
    values = _values_of(rule, left[names[0]], lists)
    values = values.mutate(left_alternates=(~values.left_is_winner).cast("int64"))
    for name in names[1:]:
        other = _values_of(rule, left[name], lists)
        other = other.mutate(_alternate=(~other.left_is_winner).cast("int64"))
        other = other.select(
            "_record", "_alternate", *[c for c in other.columns if c.startswith("_left_")]
        )
        joined = values.join(other, "_record")
        values = joined.mutate(left_alternates=joined.left_alternates + joined._alternate).drop(
            "_alternate"
        )
    return values


def _values_of(rule: MatchRule, side: Side, lists: ValueLists) -> ir.Table:
    numbered = {
        compare.left_name(number): (condition.left_column, condition)
        for number, condition in enumerate((*rule.conditions, *rule.exceptions))
        if condition.left_table == side.name
    }
    rows = with_comparables(side.rows, numbered, lists.of(side.name))
    numeric = side.rows[side.primary_key].type().is_numeric()
    number = rows._target.cast("decimal(38, 9)") if numeric else ibis.null("decimal(38, 9)")
    return rows.select(
        *numbered,
        "_record",
        left_rank=ibis.literal(side.rank, "int64"),
        left_number=number,
        target_key=rows._target,
        left_key=rows._key,
        left_is_winner=rows._is_winner,
        left_ordinal=rows._ordinal,
    )


def best_first(candidates: ir.Table) -> list[ir.Value]:
    """The total order among the candidates of one record; the first one is its match.

    The earlier rule, the higher score, a match on the winners' own values before one on
    alternates, the table higher in the match order, the smaller key of its winner.

    Source:
        The product does not say which of several records is taken: this is our decision.
    """
    return [
        candidates.rule_index.asc(),
        candidates.score.desc(),
        candidates.alternates.asc(),
        candidates.left_rank.asc(),
        candidates.left_number.asc(),
        candidates.target_key.asc(),
        candidates.record.asc(),
        candidates.left_key.asc(),
        candidates.right_key.asc(),
        candidates.left_ordinal.asc(),
        candidates.right_ordinal.asc(),
        # Of several higher tables that a rule names, only the first one's row is told above.
        candidates.left_values.asc(),
        candidates.right_values.asc(),
    ]
