"""What rules compare: each column once by each way of making it comparable."""

from collections.abc import Iterator
from dataclasses import dataclass

from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.identifiers import identifier_types
from identity_pipeline.terms.rules import Comparison, DeduplicationCondition


@dataclass(frozen=True)
class Compared:
    """A column with one way of comparing it."""

    table: str
    column: str
    identifier_type: str
    how: Comparison


def compared_columns(environment: Environment) -> Iterator[Compared]:
    """Each column that an active rule compares, once by each way of making it comparable."""
    types = identifier_types(environment)
    found: dict[tuple[object, ...], Compared] = {}
    for table, column, how in _sides(environment):
        words = (tuple(sorted(how.normalize)), how.region)
        one = Compared(table, column, types[table][column], how)
        found.setdefault((table, column, *words), one)
    yield from found.values()


def _sides(environment: Environment) -> Iterator[tuple[str, str, Comparison]]:
    for step in environment.unify.tables:
        rules = [rule for rule in step.deduplicate if rule.active]
        for rule in rules:
            for condition in (*rule.conditions, *rule.exceptions):
                yield step.table, condition.column, condition
        if step.automatic == "always" or (step.automatic == "without_rules" and not rules):
            for column in environment.match_columns(step.table):
                yield step.table, column, DeduplicationCondition(column=column)
        for match in (rule for rule in step.match if rule.active):
            for one in (*match.conditions, *match.exceptions):
                yield one.left_table, one.left_column, one
                yield step.table, one.right, one
