"""The environment: all that a user wrote, checked and frozen."""

from pathlib import Path

from identity_pipeline.terms.activities import Activity, Relationship
from identity_pipeline.terms.base import Term
from identity_pipeline.terms.enrichments import Enrichment
from identity_pipeline.terms.exports import Consent, Export
from identity_pipeline.terms.measures import Measure
from identity_pipeline.terms.segments import Segment
from identity_pipeline.terms.sources import Column, ColumnType, Limits, Profile, SourceTable
from identity_pipeline.terms.unification import Overrides, TableStep, Unification

# The product's template of custom matches, and ours of value lists.
CUSTOM_MATCH_COLUMNS = ("Table1", "Table1Key", "Table2", "Table2Key")
BYPASS_COLUMNS = ("Value",)
ALIAS_COLUMNS = ("Value", "Alias")

# Columns of Customer that unification makes itself.
OWN_COLUMNS = ("CustomerId", "PreviousCustomerId", "IdentityStatus", "BecameKnownAt")


class Environment(Term):
    """A folder of YAML, read."""

    name: str
    folder: Path
    sources: dict[str, SourceTable]
    unify: Unification
    relationships: tuple[Relationship, ...] = ()
    activities: tuple[Activity, ...] = ()
    enrichments: tuple[Enrichment, ...] = ()
    measures: tuple[Measure, ...] = ()
    segments: tuple[Segment, ...] = ()
    consents: tuple[Consent, ...] = ()
    exports: tuple[Export, ...] = ()

    def source(self, table: str) -> SourceTable:
        """A source table by its name."""
        return self.sources[table]

    def profile(self, table: str) -> Profile:
        """The profile role of a table that takes part in unification."""
        profile = self.sources[table].profile
        assert profile is not None, "the configuration was checked: tables of unify have profiles"
        return profile

    def is_of_events(self, table: str) -> bool:
        """Whether the rows of a table that takes part in unification are events of profiles."""
        return self.profile(table).primary_key != self.source(table).primary_key

    def step(self, table: str) -> TableStep:
        """A table's place in unification."""
        return next(step for step in self.unify.tables if step.table == table)

    def rank(self, table: str) -> int:
        """A table's place in the match order, from 1."""
        return self.unify.order.index(table) + 1

    def match_columns(self, table: str) -> tuple[str, ...]:
        """The table's columns that active match rules use, on either side, in order of use."""
        used: list[str] = []
        for step in self.unify.tables:
            for rule in step.match:
                for condition in rule.conditions if rule.active else ():
                    if step.table == table:
                        used.append(condition.right)
                    if condition.left_table == table:
                        used.append(condition.left_column)
        return tuple(dict.fromkeys(used))

    def selected(self, table: str) -> tuple[str, ...]:
        """The columns that a table brings into unification; none where it has no profile."""
        source = self.sources.get(table)
        return source.profile.columns if source and source.profile else ()

    def type_of(self, table: str, column: str) -> ColumnType | None:
        """A column's type; none where there is no such column."""
        source = self.sources.get(table)
        return source.columns[column].type if source and column in source.columns else None

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns of Customer that hold each table's key, and its alternate keys."""
        return tuple(
            f"{source.data_source}_{source.table}_{source.profile.primary_key}{alternate}"
            for table in self.unify.order
            if (source := self.sources.get(table)) and source.profile
            for alternate in ("", "_Alternate")
        )


def override_sources(environment: Environment) -> dict[str, SourceTable]:
    """Custom matches and value lists as sources: delivered by date, a delivery replaces the last.

    An empty delivery is a legitimate one: it takes every line back.
    """
    files = override_files(environment.unify.overrides)
    return {name: _override(name, path, columns) for name, (path, columns) in files.items()}


def every_source(environment: Environment) -> dict[str, SourceTable]:
    """All that is delivered as files, by name: sources, custom matches and value lists."""
    return environment.sources | override_sources(environment)


def override_files(overrides: Overrides) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The name of each file of overrides: where it lands, and its columns."""
    files: dict[str, tuple[str, tuple[str, ...]]] = {}
    if overrides.never_match:
        files["never_match"] = (overrides.never_match, CUSTOM_MATCH_COLUMNS)
    if overrides.always_match:
        files["always_match"] = (overrides.always_match, CUSTOM_MATCH_COLUMNS)
    files |= {f"bypass_{name}": (path, BYPASS_COLUMNS) for name, path in overrides.bypass.items()}
    files |= {f"alias_{name}": (path, ALIAS_COLUMNS) for name, path in overrides.alias.items()}
    return files


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
