"""How many pairs of rows rules compare: those with a condition that is not exact try every pair.

Within a block - rows that agree in all exact conditions of a rule - pairs grow with the square of
its rows. Nothing is left out; a rule that compares very many is named before it does.
"""

from collections.abc import Iterator, Mapping

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions import conditions as compare
from identity_pipeline.expressions.comparable import with_comparables
from identity_pipeline.terms.rules import DeduplicationRule, MatchRule
from identity_pipeline.unify.candidates import Side, left_values
from identity_pipeline.unify.links import DeduplicationTask
from identity_pipeline.unify.offers import MatchTask

# About ten seconds of a processor core.
MANY_PAIRS = 50_000_000

REMEDY = (
    "give it an exact condition that tells more rows apart, or limit 'guards.records_per_value' "
    "of its exact ones"
)


def could_be_many(rows: int, others: int) -> bool:
    """Whether tables of so many rows have MANY_PAIRS at all: smaller ones are not looked at."""
    return rows * others > MANY_PAIRS


def many_within(engine: Engine, rows: ir.Table, task: DeduplicationTask) -> Iterator[str]:
    """Remarks on a table's deduplication rules that compare more than MANY_PAIRS pairs."""
    for rule in task.rules:
        if rule.is_of_values:
            continue
        pairs, largest = _pairs_within(engine, rows, rule, task)
        if pairs > MANY_PAIRS:
            table = task.step.table
            yield _remark(f"deduplication rule '{rule.name}' of {table}", pairs, largest)


def many_between(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask
) -> Iterator[str]:
    """Remarks on a table's match rules that compare more than MANY_PAIRS pairs."""
    for rule in task.rules:
        if not isinstance(rule, MatchRule) or all(one.exact for one in rule.conditions):
            continue
        pairs, largest = _pairs_between(engine, lower, higher, rule, task)
        if pairs > MANY_PAIRS:
            yield _remark(f"match rule '{rule.name}' of {lower.name}", pairs, largest)


def _remark(rule: str, pairs: int, largest: int) -> str:
    return (
        f"{rule} compares {pairs:,} pairs of rows, {largest:,} of them in rows that share the "
        f"values of all its exact conditions: {REMEDY}"
    )


def _pairs_within(
    engine: Engine, rows: ir.Table, rule: DeduplicationRule, task: DeduplicationTask
) -> tuple[int, int]:
    """Pairs of rows that a rule compares, and those of its largest block."""
    exact = {compare.left_name(n): (c.column, c) for n, c in enumerate(rule.conditions) if c.exact}
    sizes = _sizes(with_comparables(rows, exact, task.lists), list(exact))
    return _summed(engine, sizes.select(pairs=sizes.rows * (sizes.rows - 1) // 2))


def _pairs_between(
    engine: Engine, lower: Side, higher: Mapping[str, Side], rule: MatchRule, task: MatchTask
) -> tuple[int, int]:
    exact = [n for n, condition in enumerate(rule.conditions) if condition.exact]
    names = {compare.right_name(n): (rule.conditions[n].right, rule.conditions[n]) for n in exact}
    right = with_comparables(lower.rows, names, task.lists.of(lower.name))
    below = _sizes(right, list(names))
    above = left_values(rule, dict(higher), task.lists)
    above = _sizes(above, list(map(compare.left_name, exact))).rename(_above="rows")
    same = [above[compare.left_name(n)] == below[compare.right_name(n)] for n in exact]
    both = above.join(below, same) if same else above.cross_join(below)
    return _summed(engine, both.select(pairs=both["_above"] * both.rows))


def _sizes(rows: ir.Table, names: list[str]) -> ir.Table:
    """How many `rows` each block has; those without a value are in none."""
    whole = rows.filter(*(rows[name].notnull() for name in names)) if names else rows
    counted = whole.group_by(*names) if names else whole
    return counted.aggregate(rows=whole.count())


def _summed(engine: Engine, blocks: ir.Table) -> tuple[int, int]:
    # Exact, and never too large: 64 bits hold the pairs of four billion rows.
    numbers = blocks.aggregate(every=blocks.pairs.sum(), largest=blocks.pairs.max())
    [(every, largest)] = engine.rows(numbers.mutate(every=numbers.every.cast("int64")))
    return int(str(every or 0)), int(str(largest or 0))
