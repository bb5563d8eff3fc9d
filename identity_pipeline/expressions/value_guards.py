"""Guards of values by table, from what the environment asks for and what was counted."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import ibis.expr.types as ir

from identity_pipeline.expressions.comparable import ValueGuards
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.identifiers import columns_by_type


@dataclass(frozen=True)
class PastLimit:
    """Values that more source keys carry than their limit.

    Attributes:
        types: the identifier types that have any.
        values: `identifier_type`, `value`.
        kept: `identifier_type`, `value`, `table` and the `key` that keeps it; None without any.
    """

    types: Collection[str]
    values: ir.Table
    kept: ir.Table | None = None


def guards_by_table(
    environment: Environment, past_limit: PastLimit | None = None
) -> dict[str, ValueGuards]:
    """What links nothing in each table of unification: placeholders, and values past a limit."""
    asked = environment.unify.guards
    found = {}
    for table in environment.unify.order:
        types = columns_by_type(environment, table)
        own = {
            column: asked.placeholder_values[name]
            for name, columns in types.items()
            if name in asked.placeholder_values
            for column in columns
        }
        guards = ValueGuards(placeholders=asked.placeholders, own=own)
        found[table] = _limited(guards, table, types, past_limit) if past_limit else guards
    return found


def _limited(
    guards: ValueGuards, table: str, types: dict[str, tuple[str, ...]], past_limit: PastLimit
) -> ValueGuards:
    kept = past_limit.kept
    if kept is not None:
        kept = kept.filter(kept.table == table).select("identifier_type", "value", "key")
    limited = {column: name for name in types if name in past_limit.types for column in types[name]}
    return replace(guards, limited=limited, over=past_limit.values, kept=kept)
