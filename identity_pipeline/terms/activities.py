"""Activities: which tables hold what customers did, and what their columns mean."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from identity_pipeline.terms.base import ColumnName, Name, ProductName, Term
from identity_pipeline.terms.periods import Period, PeriodText

# The product's semantic types, each with the attributes that it cannot do without.
SEMANTIC_TYPES = {
    "Feedback": ("Rating",),
    "Loyalty": ("Points",),
    "SalesOrder": ("OrderId", "Amount"),
    "SalesOrderLine": ("OrderId", "ProductId", "Amount"),
    "Subscription": ("SubscriptionId", "StartDate", "EndDate"),
    "Other": (),
}


class CustomerLink(Term):
    """The foreign key to a profile table; any of its keys counts, winner or alternate."""

    column: ColumnName
    table: Name


class Activity(Term):
    """A table whose rows are activities.

    Attributes:
        table: the source table.
        type: one of the product's types, or a type of one's own.
        name: what the timeline calls these activities.
        key: the column that identifies a row.
        time: the column of when it happened; a row without one is set aside.
        event, web_address, detail: columns shown as title, link and description.
        customer: the foreign key: a column of this table, and the profile table it names; a bare
            column names the table itself, which then is a profile table too.
        show: whether the timeline shows it.
        attributes: attribute -> column; columns of UnifiedActivity, typed as in the source.
        late_after: an activity that arrives so long after it happened is counted as late.
    """

    table: Name
    type: ProductName
    name: str | None = None
    key: ColumnName
    time: ColumnName
    event: ColumnName | None = None
    web_address: ColumnName | None = None
    detail: ColumnName | None = None
    customer: ColumnName | CustomerLink
    show: bool = True
    attributes: dict[ProductName, ColumnName] = Field(default_factory=dict)
    late_after: PeriodText = Period(count=2, unit="day")

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        missing = [
            name for name in SEMANTIC_TYPES.get(self.type, ()) if name not in self.attributes
        ]
        if missing:
            raise ValueError(
                f"type '{self.type}' needs the attribute '{missing[0]}': name its column under "
                "'attributes', or choose the type Other"
            )
        return self

    @property
    def link(self) -> CustomerLink:
        """The foreign key, whole."""
        if isinstance(self.customer, CustomerLink):
            return self.customer
        return CustomerLink(column=self.customer, table=self.table)


# Columns of UnifiedActivity that are there in any case; an attribute may not be called so.
UNIFIED_ACTIVITY_COLUMNS = (
    *("CustomerId", "ActivityId", "UnifiedActivityId", "SourceTableName", "SourceActivityId"),
    *("ActivityType", "ActivityTimeStamp", "Title", "Description", "URL", "SemanticData"),
    *("RangeIndex", "was_unknown_at_event", "is_shown", "ingestion_date", "profile_identifier"),
)


class Activities(Term):
    """`activities.yaml`."""

    activities: tuple[Activity, ...] = Field(min_length=1)


Reference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\..+$")]


class Relationship(Term):
    """A foreign key: many rows of one table to one row of another, by its primary key."""

    name: Name
    foreign_key: Reference = Field(alias="from")
    to: Reference

    @property
    def child(self) -> tuple[str, str]:
        """Table and column of the foreign key."""
        table, _, column = self.foreign_key.partition(".")
        return table, column

    @property
    def parent(self) -> tuple[str, str]:
        """Table and column that it names."""
        table, _, column = self.to.partition(".")
        return table, column


class Relationships(Term):
    """`relationships.yaml`."""

    relationships: tuple[Relationship, ...] = Field(min_length=1)
