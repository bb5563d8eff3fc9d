"""Conditions on rows, as measures and segments write them: `{Title: Checkout}`."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from identity_pipeline.terms.base import ColumnName, Term
from identity_pipeline.terms.filters import Value
from identity_pipeline.terms.periods import PeriodText

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def _month(value: object) -> object:
    if isinstance(value, str) and value.lower() in MONTHS:
        return MONTHS.index(value.lower()) + 1
    return value


Month = Annotated[int, BeforeValidator(_month), Field(ge=1, le=12)]


class Test(Term):
    """A test of one value; several operators in one test must all hold.

    A missing value passes only `is_null: true`: an absent value is no answer, not even to `ne`,
    `not_in`, `not_contains` and `not_within_last`. `within_last: 30 days` are the 30 days that end
    with the day of the data, that day included; `month_of` is a month of any year.
    """

    __test__ = False  # it is no test of ours, whatever a test runner thinks of its name

    eq: Value | None = None
    ne: Value | None = None
    gt: Value | None = None
    ge: Value | None = None
    lt: Value | None = None
    le: Value | None = None
    any_of: tuple[Value, ...] | None = Field(default=None, alias="in")
    none_of: tuple[Value, ...] | None = Field(default=None, alias="not_in")
    contains: str | None = None
    not_contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    within_last: PeriodText | None = None
    not_within_last: PeriodText | None = None
    month_of: Month | None = None
    is_null: bool | None = None
    ignore_case: bool = False

    @model_validator(mode="after")
    def _has_an_operator(self) -> Self:
        if not self.operators:
            raise ValueError("a test needs an operator, such as 'eq', 'in', 'gt' or 'is_null'")
        return self

    @property
    def operators(self) -> tuple[str, ...]:
        """The names of the operators that are given."""
        names = (name for name in type(self).model_fields if name != "ignore_case")
        return tuple(name for name in names if getattr(self, name) is not None)


def _test(value: object) -> object:
    """`Checkout` is short for `{eq: Checkout}`, a list for `in`, null for `is_null: true`."""
    if value is None:
        return {"is_null": True}
    if isinstance(value, list):
        return {"in": value}
    return value if isinstance(value, dict | Test) else {"eq": value}


TestText = Annotated[Test, BeforeValidator(_test)]
# Column -> test; all must hold.
Columns = Annotated[dict[ColumnName, TestText], Field(min_length=1)]


class AllOf(Term):
    """Every condition must hold (AND)."""

    all: tuple["Condition", ...] = Field(min_length=1)


class AnyOf(Term):
    """At least one condition must hold (OR)."""

    any: tuple["Condition", ...] = Field(min_length=1)


class NotOf(Term):
    """The condition must not hold; a missing value makes it hold."""

    negated: "Condition" = Field(alias="not")


def _kind(value: object) -> str:
    match value:
        case AllOf() | {"all": _}:
            return "all"
        case AnyOf() | {"any": _}:
            return "any"
        case NotOf() | {"not": _}:
            return "not"
    return "columns"


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NotOf, Tag("not")]
    | Annotated[Columns, Tag("columns")],
    Discriminator(_kind),
]
"""A condition on the rows of one table."""

AllOf.model_rebuild()
AnyOf.model_rebuild()
NotOf.model_rebuild()
