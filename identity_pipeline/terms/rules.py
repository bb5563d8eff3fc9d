"""Conditions and rules: when two records are one customer."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from identity_pipeline.terms.base import ColumnName, Term


class Normalization(StrEnum):
    """How a value is made comparable; affects comparison only, never the stored value."""

    UNICODE_TO_ASCII = "unicode_to_ascii"
    NUMERALS = "numerals"
    LOWER = "lower"
    PHONE = "phone"
    NAME = "name"
    ADDRESS = "address"
    ORGANIZATION = "organization"
    SYMBOLS = "symbols"
    WHITESPACE = "whitespace"


TYPE_NORMALIZATIONS = (
    Normalization.PHONE,
    Normalization.NAME,
    Normalization.ADDRESS,
    Normalization.ORGANIZATION,
)

# What links are called that no rule of the user's makes.
SAME_KEY = "Same primary key"
SAME_COLUMNS = "Same match columns"
ALWAYS_MATCH = "Always match"

# The product's names for a precision, in percent.
PRECISIONS = {"low": 30, "medium": 60, "high": 80, "exact": 100}


def _precision(value: object) -> object:
    return PRECISIONS.get(value.lower(), value) if isinstance(value, str) else value


Precision = Annotated[int, BeforeValidator(_precision), Field(ge=1, le=100)]


class Comparison(Term):
    """What conditions of both kinds have: how values are normalized and how alike they must be.

    `normalize` names normalizations, and bypass or alias lists of `overrides`.
    `operator: different` holds where both values are there and do not agree; it is meant for
    exceptions ("same last name and birthday, but different first names: twins").
    """

    normalize: tuple[str, ...] = ()
    precision: Precision = 100
    operator: Literal["equal", "different"] = "equal"
    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")

    @property
    def steps(self) -> frozenset[Normalization]:
        """The normalizations among `normalize`."""
        known = {step.value for step in Normalization}
        return frozenset(Normalization(word) for word in self.normalize if word in known)

    @property
    def lists(self) -> tuple[str, ...]:
        """The bypass and alias lists among `normalize`."""
        known = {step.value for step in Normalization}
        return tuple(word for word in self.normalize if word not in known)

    @property
    def exact(self) -> bool:
        """Whether the condition asks for equal values, so that it can build a candidate set."""
        return self.precision == PRECISIONS["exact"] and self.operator == "equal"

    @model_validator(mode="after")
    def _one_type(self) -> Self:
        types = sorted(self.steps.intersection(TYPE_NORMALIZATIONS))
        if len(types) > 1:
            raise ValueError(f"a value has one type, not {' and '.join(types)}")
        if self.region and Normalization.PHONE not in self.steps:
            raise ValueError("'region' is the default region of 'normalize: [phone]'")
        return self


class DeduplicationCondition(Comparison):
    """Two rows of one table agree on a column."""

    column: ColumnName


class MatchCondition(Comparison):
    """A record agrees with one of a table higher in the match order.

    `left` is `table.Column` of a higher table, `right` a column of the rule's own table.
    """

    left: str = Field(pattern=r"^[a-z][a-z0-9_]*\..+$")
    right: ColumnName

    @property
    def left_table(self) -> str:
        """The higher table's name."""
        return self.left.split(".", 1)[0]

    @property
    def left_column(self) -> str:
        """The higher table's column."""
        return self.left.split(".", 1)[1]


class DeduplicationRule(Term):
    """Rows of one table are one record where all conditions hold and no exception does."""

    name: str = Field(min_length=1)
    conditions: tuple[DeduplicationCondition, ...] = Field(min_length=1)
    exceptions: tuple[DeduplicationCondition, ...] = ()
    active: bool = True


class MatchRule(Term):
    """Records of two tables are one customer where all conditions hold and no exception does."""

    name: str = Field(min_length=1)
    conditions: tuple[MatchCondition, ...] = Field(min_length=1)
    exceptions: tuple[MatchCondition, ...] = ()
    active: bool = True
