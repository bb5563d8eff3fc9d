"""The environment: all that a user wrote, checked and frozen."""

from pathlib import Path

from identity_pipeline.terms.base import Term
from identity_pipeline.terms.sources import CsvFormat, Profile, SourceTable
from identity_pipeline.terms.unification import TableStep, Unification

CUSTOM_MATCH_COLUMNS = ("Table1", "Table1Key", "Table2", "Table2Key")


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
