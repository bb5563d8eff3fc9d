"""The environment: all that a user wrote, checked and frozen."""

from pathlib import Path

from identity_pipeline.terms.base import Term
from identity_pipeline.terms.sources import Column, Limits, Profile, SourceTable
from identity_pipeline.terms.unification import TableStep, Unification

# The product's template of custom matches, and ours of value lists.
CUSTOM_MATCH_COLUMNS = ("Table1", "Table1Key", "Table2", "Table2Key")
BYPASS_COLUMNS = ("Value",)
ALIAS_COLUMNS = ("Value", "Alias")


class Environment(Term):
    """A folder of YAML, read."""

    name: str
    folder: Path
    sources: dict[str, SourceTable]
    unify: Unification

    def source(self, table: str) -> SourceTable:
        """A source table by its name."""
        return self.sources[table]

    def profile(self, table: str) -> Profile:
        """The profile role of a table that takes part in unification."""
        profile = self.sources[table].profile
        assert profile is not None, "the configuration was checked: tables of unify have profiles"
        return profile

    def step(self, table: str) -> TableStep:
        """A table's place in unification."""
        return next(step for step in self.unify.tables if step.table == table)

    def rank(self, table: str) -> int:
        """A table's place in the match order, from 1."""
        return self.unify.order.index(table) + 1


def override_sources(environment: Environment) -> dict[str, SourceTable]:
    """Custom matches and value lists as sources: delivered by date, a delivery replaces the last.

    An empty delivery is a legitimate one: it takes every line back.
    """
    asked = environment.unify.overrides
    files: dict[str, tuple[str, tuple[str, ...]]] = {}
    if asked.never_match:
        files["never_match"] = (asked.never_match, CUSTOM_MATCH_COLUMNS)
    if asked.always_match:
        files["always_match"] = (asked.always_match, CUSTOM_MATCH_COLUMNS)
    files |= {f"bypass_{name}": (path, BYPASS_COLUMNS) for name, path in asked.bypass.items()}
    files |= {f"alias_{name}": (path, ALIAS_COLUMNS) for name, path in asked.alias.items()}
    return {name: _override(name, path, columns) for name, (path, columns) in files.items()}


def _override(name: str, landing: str, columns: tuple[str, ...]) -> SourceTable:
    return SourceTable(
        name=name,
        data_source="Overrides",
        table=name,
        description=f"The lines of {name}, as delivered.",
        landing=landing,
        primary_key=columns[0],
        columns={column: Column(type="text", required=True) for column in columns},
        limits=Limits(rejected=1.0, shrink_to=0.0),
    )
