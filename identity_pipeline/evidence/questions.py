"""Questions: the rules that could have joined two records."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from identity_pipeline.evidence.links import active_rules
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import DUPLICATE, MATCH
from identity_pipeline.terms.rules import (
    SAME_COLUMNS,
    Comparison,
    DeduplicationCondition,
    DeduplicationRule,
)
from identity_pipeline.terms.splink import SplinkModel, SplinkRule


@dataclass(frozen=True)
class Part:
    """What a rule compares: a column of a table on either side, and how."""

    left_table: str
    left_column: str
    right_column: str
    how: Comparison


@dataclass(frozen=True)
class Question:
    """A rule that could have joined two records.

    Attributes:
        kind: duplicate or match.
        table: the source whose rule it is; its rows are on the right side.
        place: the rule's place among the table's active ones, from 1.
        parts: its conditions, then its exceptions.
        conditions: how many of them are conditions.
        left, right: the consolidated records compared.
        model: of a probabilistic rule; its parts are compared, and none has to hold.
    """

    kind: str
    table: str
    rule: str
    place: int
    parts: tuple[Part, ...]
    conditions: int
    left: int
    right: int
    model: SplinkModel | None = None

    @property
    def left_tables(self) -> tuple[str, ...]:
        """The tables on the left side, in the order the rule names them."""
        return tuple(dict.fromkeys(part.left_table for part in self.parts))


@dataclass(frozen=True)
class Holder:
    """A consolidated record: its number, the table of the key asked for, and all its tables."""

    record: int
    own: str
    tables: Collection[str]


def questions(environment: Environment, one: Holder, other: Holder) -> list[Question]:
    """Every active rule that reads tables of both records, those of the keys asked for first.

    Deduplication rules of tables that both have; match rules both ways, where the one record has
    rows of the rule's table and the other of every table that the rule names.
    """
    found = [
        *_duplicates(environment, one, other),
        *_matches(environment, one, other),
        *_matches(environment, other, one),
    ]
    asked = {one.own, other.own}
    return sorted(found, key=lambda rule: not asked <= {rule.table, *rule.left_tables})


def _duplicates(environment: Environment, one: Holder, other: Holder) -> Iterator[Question]:
    for table in environment.unify.order:
        if table in one.tables and table in other.tables:
            for place, rule in enumerate(_rules(environment, table), start=1):
                both = (*rule.conditions, *rule.exceptions)
                yield Question(
                    kind=DUPLICATE,
                    table=table,
                    rule=rule.name,
                    place=place,
                    parts=tuple(Part(table, c.column, c.column, c) for c in both),
                    conditions=len(rule.conditions),
                    left=one.record,
                    right=other.record,
                )


def _rules(environment: Environment, table: str) -> Iterator[DeduplicationRule]:
    """The table's active rules, and the automatic one where its setting says so."""
    step, rules = environment.step(table), active_rules(environment, table)
    yield from rules
    columns = environment.match_columns(table)
    wanted = step.automatic == "always" or (step.automatic == "without_rules" and not rules)
    if wanted and columns:
        conditions = tuple(DeduplicationCondition(column=name) for name in columns)
        yield DeduplicationRule(name=SAME_COLUMNS, conditions=conditions)


def _matches(environment: Environment, lower: Holder, upper: Holder) -> Iterator[Question]:
    for table in environment.unify.order[1:]:
        active = [rule for rule in environment.step(table).match if rule.active]
        for place, rule in enumerate(active if table in lower.tables else [], start=1):
            both = (*rule.conditions, *rule.exceptions)
            if all(condition.left_table in upper.tables for condition in both):
                yield Question(
                    kind=MATCH,
                    table=table,
                    rule=rule.name,
                    place=place,
                    parts=tuple(Part(c.left_table, c.left_column, c.right, c) for c in both),
                    conditions=len(rule.conditions),
                    left=upper.record,
                    right=lower.record,
                    model=rule.splink if isinstance(rule, SplinkRule) else None,
                )
