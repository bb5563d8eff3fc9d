"""Stars: in large groups that must be parted, as few links by shared values as say it all."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import DeduplicationRule
from identity_pipeline.unify.links import Linker
from identity_pipeline.unify.pairs import (
    NO_PAIRS,
    edges_of_values,
    pairs_of,
    value_names,
    valued_rows,
)


def star_of(rows: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists) -> ir.Table:
    """Link rows of equal values to the row with the smallest key among them; as `chain_of`."""
    if not rule.is_of_values:
        return pairs_of(rows, rule, index, lists)
    return _star(valued_rows(rows, rule, lists), rule, index)


def stars_within(engine: Engine, labels: ir.Table) -> Linker:
    """The linker of a parting: it links also what the groups of `labels` leave apart.

    Rows of equal values that are not in the group of the smallest key are linked to the smallest
    of them, those that are not in its group to the smallest of the rest, and so on. With these,
    grouping best link first gives the same groups as with every pair: of two rows that have no
    link, each was joined to, or refused by, one group before their pair's turn, and what refuses a
    link refuses it for good. So links grow with rows times parts, not with pairs.
    """

    def linker(rows: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists) -> ir.Table:
        if not rule.is_of_values:
            return engine.relation(NO_PAIRS, [])  # every pair is there already
        valued = valued_rows(rows, rule, lists)
        labelled = valued.join(labels, valued._ordinal == labels.node).drop("node")
        stars = list(_stars(engine, labelled, rule, index))
        return ibis.union(*stars) if len(stars) > 1 else stars[0]

    return linker


def _stars(
    engine: Engine, labelled: ir.Table, rule: DeduplicationRule, index: int
) -> Iterator[ir.Table]:
    names = value_names(rule)
    waiting = engine.keep(labelled)
    yield _star(waiting, rule, index)
    while engine.count(waiting):
        first = another(_first(waiting, rule).select(*names, _taken="component"))
        joined = waiting.join(first, [waiting[name] == first[name] for name in names])
        apart = joined.filter(joined.component != joined._taken)
        waiting = engine.keep(apart.select(*waiting.columns))
        yield _star(waiting, rule, index)


def _first(valued: ir.Table, rule: DeduplicationRule) -> ir.Table:
    order = [valued._key, valued._ordinal]
    place = ibis.row_number().over(group_by=value_names(rule), order_by=order)
    return valued.mutate(_place=place).filter(ibis._._place == 0)


def _star(valued: ir.Table, rule: DeduplicationRule, index: int) -> ir.Table:
    names = value_names(rule)
    first = another(_first(valued, rule).select(*names, _centre="_ordinal"))
    joined = valued.join(first, [valued[name] == first[name] for name in names])
    others = joined.filter(joined._centre != joined._ordinal)
    ends = others.mutate(
        left=ibis.least(others._centre, others._ordinal),
        right=ibis.greatest(others._centre, others._ordinal),
    )
    return edges_of_values(ends, rule, index)
