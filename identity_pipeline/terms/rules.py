"""Conditions and rules: when two records are one customer."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from identity_pipeline.terms.base import ColumnName, Term
from identity_pipeline.terms.periods import Period, PeriodText


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
    PHONETIC = "phonetic"


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

_NUMBER = re.compile(r"^\d+(\.\d+)?$")

# The product's names for a precision, in percent.
PRECISIONS = {"low": 30, "medium": 60, "high": 80, "exact": 100}


def _precision(value: object) -> object:
    return PRECISIONS.get(value.lower(), value) if isinstance(value, str) else value


def _within(value: object) -> object:
    """A number as it is written, or a period in days or weeks: months have no one length."""
    text = str(value).strip()
    if _NUMBER.match(text):
        if not Decimal(text):
            raise ValueError("must be above 0; for equal values leave out 'compare'")
        return Decimal(text)
    try:
        period = TypeAdapter(PeriodText).validate_python(value)
    except ValidationError:
        period = None
    if period is None or period.unit not in ("day", "week"):
        raise ValueError("must be a number, as 2, or a period in days or weeks, as 30 days")
    return period


Precision = Annotated[int, BeforeValidator(_precision), Field(ge=1, le=100)]


# How far apart two numbers, dates or timestamps may be: 2, or 30 days.
Within = Annotated[Decimal | Period, BeforeValidator(_within)]


class Comparison(Term):
    """What conditions of both kinds have: how values are normalized and how alike they must be.

    `normalize` names normalizations, and bypass or alias lists of `overrides`.
    `compare` says what `precision` counts: edits, or the Jaro-Winkler similarity in percent; a
    `difference` of numbers or dates is at most `within`.
    `operator: different` holds where both values are there and do not agree; it is meant for
    exceptions ("same last name and birthday, but different first names: twins").
    """

    normalize: tuple[str, ...] = ()
    compare: Literal["edits", "jaro_winkler", "difference"] = "edits"
    precision: Precision = 100
    within: Within | None = None
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
    def is_of_edits(self) -> bool:
        """Whether the condition counts the edits between values and allows some."""
        return self.compare == "edits" and self.operator == "equal" and not self.exact

    @property
    def exact(self) -> bool:
        """Whether the condition asks for equal values, so that it can build a candidate set."""
        return (
            self.compare == "edits"
            and self.precision == PRECISIONS["exact"]
            and self.operator == "equal"
        )

    @model_validator(mode="after")
    def _one_type(self) -> Self:
        types = sorted(self.steps.intersection(TYPE_NORMALIZATIONS))
        if len(types) > 1:
            raise ValueError(f"a value has one type, not {' and '.join(types)}")
        if self.region and Normalization.PHONE not in self.steps:
            raise ValueError("'region' is the default region of 'normalize: [phone]'")
        return self

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if wrong := next(self._contradictions(), None):
            raise ValueError(wrong)
        return self

    def _contradictions(self) -> Iterator[str]:
        """What says two things at once, with the remedy."""
        is_loose = self.precision < PRECISIONS["exact"]
        if self.compare == "jaro_winkler" and not is_loose:
            yield "'compare: jaro_winkler' needs a 'precision' below 100 %, as 90"
        if self.compare != "difference" and self.within is not None:
            yield "'within' goes with 'compare: difference'"
        if self.compare == "difference":
            if self.within is None:
                yield "'compare: difference' needs 'within', as 2 or 30 days"
            if is_loose:
                yield "a difference has 'within' instead of 'precision'"
            if self.steps:
                yield "numbers and dates have no normalization; lists of values they may have"
        if Normalization.PHONETIC in self.steps and (is_loose or self.compare != "edits"):
            yield "two values sound alike or do not: 'phonetic' goes without a 'precision'"


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


Keys = tuple[str | int, ...]
C = TypeVar("C", bound=Comparison)


def _placed(conditions: Sequence[C], exceptions: Sequence[C]) -> Iterator[tuple[Keys, C]]:
    for number, condition in enumerate(conditions):
        yield ("conditions", number), condition
    for number, exception in enumerate(exceptions):
        yield ("exceptions", number), exception


class DeduplicationRule(Term):
    """Rows of one table are one record where all conditions hold and no exception does."""

    name: str = Field(min_length=1)
    conditions: tuple[DeduplicationCondition, ...] = Field(min_length=1)
    exceptions: tuple[DeduplicationCondition, ...] = ()
    active: bool = True

    @property
    def is_of_values(self) -> bool:
        """Whether values alone decide: any two rows with the same ones agree."""
        return not self.exceptions and all(condition.exact for condition in self.conditions)

    @property
    def placed(self) -> Iterator[tuple[Keys, DeduplicationCondition]]:
        """Every condition and exception with its keys in the rule."""
        return _placed(self.conditions, self.exceptions)


class MatchRule(Term):
    """Records of two tables are one customer where all conditions hold and no exception does."""

    name: str = Field(min_length=1)
    conditions: tuple[MatchCondition, ...] = Field(min_length=1)
    exceptions: tuple[MatchCondition, ...] = ()
    active: bool = True

    @property
    def placed(self) -> Iterator[tuple[Keys, MatchCondition]]:
        """Every condition and exception with its keys in the rule."""
        return _placed(self.conditions, self.exceptions)
