"""How source tables become customers: deduplication, match order, unified columns, ids."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from identity_pipeline.terms.base import ColumnName, Name, Term
from identity_pipeline.terms.guards import Guards
from identity_pipeline.terms.quality import Quality
from identity_pipeline.terms.rules import DeduplicationRule, MatchRule
from identity_pipeline.terms.shared_devices import SharedDevicePolicy
from identity_pipeline.terms.splink import SplinkRule

# A record is named by its table's rank and a row's place, in one number.
MAX_TABLES = 127
MAX_ID_COLUMNS = 5  # the product's own limit of columns that make a configured id
MAX_GROUP_COLUMNS = 10  # the product's own limits of a group of combined columns
MAX_GROUP_SOURCES = 15


class MostFilled(Term):
    """The row with the most selected columns filled wins."""

    most_filled: Literal[True] = True


class MostRecent(Term):
    """The row with the latest date or largest number in a column wins; missing values are last."""

    most_recent: ColumnName


class LeastRecent(Term):
    """The row with the earliest date or smallest number in a column wins; missing are last."""

    least_recent: ColumnName


def _policy(value: object) -> object:
    return {"most_filled": True} if value == "most_filled" else value


MergePreference = Annotated[MostFilled | MostRecent | LeastRecent, BeforeValidator(_policy)]


def _kind(value: object) -> str:
    keys = value if isinstance(value, dict) else vars(value) if isinstance(value, Term) else ()
    return "splink rule" if "splink" in keys else "match rule"


AnyMatchRule = Annotated[
    Annotated[MatchRule, Tag("match rule")] | Annotated[SplinkRule, Tag("splink rule")],
    Discriminator(_kind),
]


class TableStep(Term):
    """One table's place in unification; the list's order is the match order.

    Attributes:
        table: the source table's name.
        include_all: whether its records that match nothing become customers.
        deduplicate: rules within the table.
        keep: the merge preference: which row of a group wins.
        keep_columns: columns with a merge preference of their own.
        automatic: when rows equal in all columns of the match rules are one record:
            `without_rules` (only in a table without own rules), `always`, `never`.
        match: rules against higher tables, in the order they are tried.
    """

    table: Name
    include_all: bool = True
    deduplicate: tuple[DeduplicationRule, ...] = ()
    keep: MergePreference = MostFilled()
    keep_columns: dict[ColumnName, MergePreference] = Field(default_factory=dict)
    automatic: Literal["without_rules", "always", "never"] = "without_rules"
    match: tuple[AnyMatchRule, ...] = ()

    @property
    def splink_rules(self) -> tuple[SplinkRule, ...]:
        """Its active probabilistic rules."""
        return tuple(one for one in self.match if isinstance(one, SplinkRule) and one.active)


class CustomerIdSettings(Term):
    """How CustomerIds are made.

    Attributes:
        secret_env: the environment variable that holds the secret of the keyed hash
            (HMAC-SHA256, first 128 bits); none means a plain MD5, for samples only.
        columns: up to five `table.Column`s, or columns of one name in several tables, whose values
            make the id; a customer without any value gets a system id.
    """

    secret_env: str | None = Field(default=None, pattern="^[A-Z][A-Z0-9_]*$")
    columns: tuple[ColumnName, ...] = Field(default=(), max_length=MAX_ID_COLUMNS)


class Overrides(Term):
    """Files that overrule the rules; delivered by ingestion date, a delivery replaces the last."""

    never_match: str | None = None
    always_match: str | None = None
    bypass: dict[Name, str] = Field(default_factory=dict)
    alias: dict[Name, str] = Field(default_factory=dict)


Reference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\..+$")]


class Combined(Term):
    """A unified column: where its value comes from.

    `by` is `importance` (the first that is there, in the order of `from`), or the recency of a
    date or number column that every participating table names in `recency`.
    """

    sources: tuple[Reference, ...] = Field(alias="from", min_length=1)
    by: Literal["importance", "most_recent", "least_recent"] = "importance"
    recency: dict[Name, ColumnName] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_recency(self) -> Self:
        tables = list(dict.fromkeys(source.split(".", 1)[0] for source in self.sources))
        if self.by == "importance":
            if self.recency:
                raise ValueError("'recency' needs 'by: most_recent' or 'by: least_recent'")
            return self
        missing = [table for table in tables if table not in self.recency]
        if missing:
            raise ValueError(f"'recency' must name a column of {', '.join(missing)} too")
        return self


def _combined(value: object) -> object:
    return {"from": value} if isinstance(value, list | tuple) else value


UnifiedColumn = Annotated[Combined, BeforeValidator(_combined)]


class ColumnGroup(Term):
    """Columns that come from one table together, missing values included (an address).

    `sources` maps each table, in order of importance, to its columns, one for each of `columns`
    (null where it has none). `by` a recency compares the member column `reference`.
    """

    columns: tuple[ColumnName, ...] = Field(min_length=1, max_length=MAX_GROUP_COLUMNS)
    sources: dict[Name, tuple[ColumnName | None, ...]] = Field(
        alias="from", min_length=1, max_length=MAX_GROUP_SOURCES
    )
    by: Literal["importance", "most_recent", "least_recent"] = "importance"
    reference: ColumnName | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for table, columns in self.sources.items():
            if len(columns) != len(self.columns):
                raise ValueError(f"'{table}' must list {len(self.columns)} columns, one for each")
        if (self.by == "importance") != (self.reference is None):
            raise ValueError("'reference' goes with 'by: most_recent' or 'by: least_recent'")
        if self.reference and self.reference not in self.columns:
            raise ValueError("'reference' must be one of the group's columns")
        return self


class Cluster(Term):
    """Groups of customers, such as households; never changes a CustomerId."""

    name: ColumnName
    rules: tuple[DeduplicationRule, ...] = Field(min_length=1)


class KnownIf(Term):
    """A customer is known with any of these columns filled, or a record from these tables."""

    any_of: tuple[ColumnName, ...] = ()
    or_from: tuple[Name, ...] = ()


class Unification(Term):
    """All of `unify.yaml`."""

    customer_id: CustomerIdSettings = CustomerIdSettings()
    linking: Literal["assignment", "components"] = "assignment"
    tables: tuple[TableStep, ...] = Field(min_length=1, max_length=MAX_TABLES)
    overrides: Overrides = Overrides()
    guards: Guards = Guards()
    shared_devices: dict[Name, SharedDevicePolicy] = Field(default_factory=dict)
    columns: dict[ColumnName, UnifiedColumn] = Field(min_length=1)
    groups: tuple[ColumnGroup, ...] = ()
    separate: tuple[Reference, ...] = ()
    exclude: tuple[Reference, ...] = ()
    rename: dict[ColumnName, str] = Field(default_factory=dict)
    known_if: KnownIf
    # Not in the version of what is unified: to measure differently makes no other customers.
    quality: Quality = Field(default=Quality(), exclude=True)
    households: bool = True
    clusters: tuple[Cluster, ...] = ()

    @model_validator(mode="after")
    def _leaves_our_words_alone(self) -> Self:
        named = [*self.columns, *(name for group in self.groups for name in group.columns)]
        if taken := [name for name in named if name.lower() in ("record", "kept")]:
            raise ValueError(f"'{taken[0]}' is a word of unification's own; choose another name")
        return self

    @property
    def feeds(self) -> dict[str, tuple[str, ...]]:
        """Combined columns, those of groups too -> the `table.Column`s that they are made of."""
        found = {name: combined.sources for name, combined in self.columns.items()}
        for group in self.groups:
            for place, name in enumerate(group.columns):
                rows = group.sources.items()
                found[name] = tuple(f"{table}.{row[place]}" for table, row in rows if row[place])
        return found

    @property
    def order(self) -> tuple[str, ...]:
        """Table names in match order; a table's rank is its place, counted from 1."""
        return tuple(step.table for step in self.tables)
