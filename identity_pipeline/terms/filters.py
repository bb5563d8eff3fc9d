"""Filters: which rows count."""

from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, model_validator

from identity_pipeline.terms.base import ColumnName, Term

Value = bool | int | float | str

OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le", "any_of", "none_of", "contains", "starts_with")


class ColumnFilter(Term):
    """A test of one column; several operators in one filter must all hold.

    A row whose value is missing passes only `is_null: true`: an absent value is no answer, not
    even to `ne` and `not_in`.
    """

    column: ColumnName
    eq: Value | None = None
    ne: Value | None = None
    gt: Value | None = None
    ge: Value | None = None
    lt: Value | None = None
    le: Value | None = None
    any_of: tuple[Value, ...] | None = Field(default=None, alias="in")
    none_of: tuple[Value, ...] | None = Field(default=None, alias="not_in")
    contains: str | None = None
    starts_with: str | None = None
    is_null: bool | None = None
    ignore_case: bool = False

    @model_validator(mode="after")
    def _has_an_operator(self) -> Self:
        if self.is_null is None and all(getattr(self, name) is None for name in OPERATORS):
            raise ValueError("a filter needs an operator, such as 'eq', 'in', 'gt' or 'is_null'")
        return self


class AllOf(Term):
    """Every filter must hold (AND)."""

    all: tuple["Filter", ...] = Field(min_length=1)


class AnyOf(Term):
    """At least one filter must hold (OR)."""

    any: tuple["Filter", ...] = Field(min_length=1)


def _kind(value: object) -> str:
    if isinstance(value, Term):
        return (
            "all" if isinstance(value, AllOf) else "any" if isinstance(value, AnyOf) else "column"
        )
    keys = value if isinstance(value, dict) else ()
    return "all" if "all" in keys else "any" if "any" in keys else "column"


Filter = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[ColumnFilter, Tag("column")],
    Discriminator(_kind),
]

AllOf.model_rebuild()
AnyOf.model_rebuild()


def columns_of(condition: Filter) -> tuple[str, ...]:
    """Every column a filter reads, in order of appearance."""
    match condition:
        case ColumnFilter():
            return (condition.column,)
        case AllOf():
            parts: tuple[Filter, ...] = condition.all
        case AnyOf():
            parts = condition.any
    return tuple(dict.fromkeys(name for part in parts for name in columns_of(part)))
