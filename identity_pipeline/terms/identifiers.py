"""Identifier types: which columns of which tables hold values of one kind."""

from collections.abc import Iterator

from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import did_you_mean

# Table -> column -> identifier type.
Types = dict[str, dict[str, str]]


def identifier_types(environment: Environment) -> Types:
    """The identifier type of every selected column of every table of unification.

    A column's semantic type; without one, the unified column that it feeds; else its own name.
    """
    return {
        table: {column: _type_of(environment, table, column) for column in columns}
        for table in environment.unify.order
        if (columns := environment.selected(table))
    }


def columns_by_type(environment: Environment, table: str) -> dict[str, tuple[str, ...]]:
    """The selected columns of a table, by identifier type."""
    found: dict[str, tuple[str, ...]] = {}
    for column in environment.selected(table):
        identifier_type = _type_of(environment, table, column)
        found[identifier_type] = (*found.get(identifier_type, ()), column)
    return found


def _type_of(environment: Environment, table: str, column: str) -> str:
    declared = environment.source(table).columns.get(column)
    if declared and declared.semantic:
        return declared.semantic
    feeds = environment.unify.feeds.items()
    return next((name for name, sources in feeds if f"{table}.{column}" in sources), column)


def guard_faults(environment: Environment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Guards of identifier types that no selected column has: path in `unify.yaml`, and why."""
    types = identifier_types(environment)
    known = tuple(dict.fromkeys(name for columns in types.values() for name in columns.values()))
    for key in ("placeholder_values", "records_per_value", "values_per_customer"):
        for name in getattr(environment.unify.guards, key):
            if name not in known:
                text = f"no selected column has the identifier type '{name}'. "
                yield ("guards", key, name), text + did_you_mean(name, known)
