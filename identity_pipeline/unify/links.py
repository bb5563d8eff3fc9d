"""Links between rows of one table: by its rules, its overrides, its keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import (
    ALWAYS_MATCH,
    SAME_COLUMNS,
    SAME_KEY,
    DeduplicationCondition,
    DeduplicationRule,
)
from identity_pipeline.terms.sources import Profile
from identity_pipeline.terms.unification import TableStep
from identity_pipeline.unify.maxima import Maxima
from identity_pipeline.unify.pairs import NO_PAIRS, chain_of

Linker = Callable[[ir.Table, DeduplicationRule, int, ValueLists], ir.Table]


@dataclass(frozen=True)
class DeduplicationTask:
    """What is to be deduplicated, and how.

    Attributes:
        step: the table's rules and preferences.
        profile: its key and selected columns.
        match_columns: its columns that match rules use, on either side.
        lists: bypass and alias lists.
        always, never: pairs of keys of this table, `key1` and `key2`; None without overrides.
        maxima: how many values one customer may have; None where nobody asks.
    """

    step: TableStep
    profile: Profile
    match_columns: tuple[str, ...] = ()
    lists: ValueLists = ValueLists()
    always: ir.Table | None = None
    never: ir.Table | None = None
    maxima: Maxima | None = None

    @property
    def rules(self) -> tuple[DeduplicationRule, ...]:
        """The active rules, in order."""
        return tuple(rule for rule in self.step.deduplicate if rule.active)


def custom_links(
    engine: Engine, rows: ir.Table, task: DeduplicationTask, linker: Linker = chain_of
) -> ir.Table:
    """Links by the table's own rules and by always match; columns as `unify.pairs.NO_PAIRS`."""
    links = [
        linker(rows, rule, index, task.lists) for index, rule in enumerate(task.rules, start=1)
    ]
    if task.always is not None:
        nodes = key_pairs(rows, task.always)
        links.append(_as_links(nodes, ALWAYS_MATCH, rule_index=0))
    return _union(engine, links)


def automatic_links(
    engine: Engine, rows: ir.Table, task: DeduplicationTask, linker: Linker = chain_of
) -> ir.Table:
    """Links between rows of one key, and, where the table's setting says so, of equal columns.

    The columns are all of the table's that match rules use, together, as they are stored.
    """
    links = [_as_links(_rows_of_one_key(rows), SAME_KEY, rule_index=-1)]
    if rule := automatic_rule(task):
        links.append(linker(rows, rule, len(task.rules) + 1, task.lists.only_guards))
    return _union(engine, links)


def automatic_rule(task: DeduplicationTask) -> DeduplicationRule | None:
    """The rule of equal columns, where the table's setting asks for it."""
    wanted = task.step.automatic == "always" or (
        task.step.automatic == "without_rules" and not task.rules
    )
    if not wanted or not task.match_columns:
        return None
    conditions = tuple(DeduplicationCondition(column=name) for name in task.match_columns)
    return DeduplicationRule(name=SAME_COLUMNS, conditions=conditions)


def key_pairs(rows: ir.Table, keys: ir.Table) -> ir.Table:
    """Turn pairs of keys, `key1` and `key2`, into pairs of rows: the first row of each key."""
    first = rows.group_by("_key").aggregate(_node=rows._ordinal.min())
    # Asked of rows instead, the engine begins with every pair of rows that differ.
    keys = keys.filter(keys.key1 != keys.key2)
    left = keys.join(first, keys.key1 == first._key).select("key2", left="_node")
    other = another(first)
    both = left.join(other, left.key2 == other._key).select("left", right="_node")
    return both.select(
        left=ibis.least(both.left, both.right), right=ibis.greatest(both.left, both.right)
    )


def _rows_of_one_key(rows: ir.Table) -> ir.Table:
    first = rows.select("_ordinal", left=rows._ordinal.min().over(group_by="_key"))
    return first.filter(first.left != first._ordinal).select("left", right="_ordinal")


def _as_links(pairs: ir.Table, rule: str, rule_index: int) -> ir.Table:
    one = ibis.literal(1.0)
    return pairs.select(
        "left",
        "right",
        rule=ibis.literal(rule),
        rule_index=ibis.literal(rule_index, "int64"),
        score=one,
        scores=ibis.array([one]),
        left_values=ibis.literal([], "array<string>"),
        right_values=ibis.literal([], "array<string>"),
    )


def _union(engine: Engine, links: Sequence[ir.Table]) -> ir.Table:
    return (
        ibis.union(*links)
        if len(links) > 1
        else links[0]
        if links
        else engine.relation(NO_PAIRS, [])
    )


def best_first(rows: ir.Table, links: ir.Table) -> ir.Table:
    """Links as `left`, `right` and `place`: 1 is the best.

    Rows of one key come first, then always match, then by score, rule and keys: by nothing that
    depends on the order in which rows were delivered.
    """
    left = rows.select(left="_ordinal", _one="_key")
    right = rows.select(right="_ordinal", _other="_key")
    keyed = links.join(left, "left").join(right, "right")
    keys = [ibis.least(keyed._one, keyed._other), ibis.greatest(keyed._one, keyed._other)]
    forced = ibis.least(keyed.rule_index, 1)
    order = [forced, keyed.score.desc(), keyed.rule_index, *keys, keyed.left, keyed.right]
    return keyed.select("left", "right", place=ibis.row_number().over(order_by=order))
