"""A probabilistic rule: Splink learns from the data how much each agreement is worth."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from identity_pipeline.terms.base import Share, Term
from identity_pipeline.terms.rules import Keys, MatchCondition, Normalization

Kind = Literal["name", "email", "date_of_birth", "postcode", "exact", "levenshtein", "jaro_winkler"]

_FOLDED = (Normalization.UNICODE_TO_ASCII.value, Normalization.LOWER.value)
_SQUEEZED = (Normalization.LOWER.value, Normalization.WHITESPACE.value)
# How values are normalized where a comparison does not say it.
NORMALIZATIONS: dict[Kind, tuple[str, ...]] = {
    "name": _FOLDED,
    "email": _SQUEEZED,
    "date_of_birth": (),
    "postcode": (Normalization.LOWER.value,),  # the blank tells a postcode's parts
    "exact": _SQUEEZED,
    "levenshtein": _FOLDED,
    "jaro_winkler": _FOLDED,
}
KINDS = tuple(NORMALIZATIONS)
# What belongs to the conditions of other rules.
OF_CONDITIONS = ("compare", "precision", "within", "operator")


class SplinkComparison(MatchCondition):
    """What Splink compares of two records; `kind` is one of its comparisons.

    Without `normalize`, values are normalized as fits the kind.
    """

    kind: Kind

    @property
    def exact(self) -> bool:
        """Never: it has degrees, so it builds no candidate set."""
        return False

    @model_validator(mode="before")
    @classmethod
    def _is_normalized(cls, value: object) -> object:
        if isinstance(value, dict) and "normalize" not in value and value.get("kind") in KINDS:
            return value | {"normalize": NORMALIZATIONS[value["kind"]]}
        return value

    @model_validator(mode="after")
    def _has_degrees(self) -> Self:
        fields = MatchCondition.model_fields
        for word in OF_CONDITIONS:
            if getattr(self, word) != fields[word].default:
                raise ValueError(f"'{word}' is of conditions; a comparison of Splink has a 'kind'")
        return self


class SplinkModel(Term):
    """What Splink compares, learns and scores.

    Attributes:
        compare: at least two; a model of one comparison has nothing to weigh.
        block_on: ways of finding pairs, each a list of columns that must be equal; pairs found in
            any way are scored, and each way trains what is not in it.
        accept: the probability from which a pair is a candidate.
        review: from here to `accept` a pair is listed for review, and joins nothing.
        expected: how many of the table's records have a counterpart, about; where training starts.
        seed: of the sample from which chance agreements are estimated.
    """

    compare: tuple[SplinkComparison, ...] = Field(min_length=1)
    block_on: tuple[tuple[MatchCondition, ...], ...] = Field(min_length=1)
    accept: Share = 0.95
    review: Share = 0.8
    expected: Share = 0.5
    seed: int = Field(default=1, ge=1, le=2**31 - 1)

    @property
    def left_table(self) -> str:
        """The one higher table whose records are compared."""
        return self.compare[0].left_table

    @model_validator(mode="after")
    def _has_a_band(self) -> Self:
        for key in ("review", "accept", "expected"):
            if not 0 < getattr(self, key) < 1:
                raise ValueError(f"'{key}' must be a share between 0% and 100%, as 90%")
        if self.review > self.accept:
            raise ValueError("'review' must not be above 'accept': the band is between them")
        return self

    @model_validator(mode="after")
    def _compares_two_tables(self) -> Self:
        blocks = [condition for way in self.block_on for condition in way]
        for condition in (*self.compare, *blocks):
            if condition.left_table != self.left_table:
                text = f"'left' is of '{self.left_table}' and of '{condition.left_table}'"
                raise ValueError(f"{text}: a rule compares two tables; write one a higher table")
        if not all(self.block_on):
            raise ValueError("a way of 'block_on' needs a column")
        if not all(condition.exact for condition in blocks):
            raise ValueError("'block_on' has columns that must be equal, without a 'precision'")
        return self

    @model_validator(mode="after")
    def _can_learn(self) -> Self:
        if len(self.compare) == 1:
            raise ValueError("'compare' needs two comparisons or more: one alone says no more")
        for number, one in enumerate(self.compare):
            columns = _columns_of(one)
            if columns in map(_columns_of, self.compare[:number]):
                raise ValueError(f"'compare' has {one.left} and {one.right} twice")
            if all(columns in map(_columns_of, way) for way in self.block_on):
                text = f"every way of 'block_on' has {one.left}, so nothing is learnt of it"
                raise ValueError(f"{text}: add a way without it, or do not compare it")
        return self

    def block(self, condition: MatchCondition) -> MatchCondition:
        """How a column of `block_on` is made comparable: as it is compared, unless it says how."""
        if "normalize" not in condition.model_fields_set:
            for one in self.compare:
                if _columns_of(one) == _columns_of(condition):
                    return one
        return condition


def _columns_of(condition: MatchCondition) -> tuple[str, str]:
    return condition.left, condition.right


class SplinkRule(Term):
    """Records of two tables are one customer where a model says that it is probable enough.

    A pair for which an exception holds is neither a candidate nor listed, however probable: a model
    takes comparisons for independent, but a household shares address, phone and mailbox at once.
    """

    name: str = Field(min_length=1)
    splink: SplinkModel
    exceptions: tuple[MatchCondition, ...] = ()
    active: bool = True

    @model_validator(mode="after")
    def _compares_two_tables(self) -> Self:
        for exception in self.exceptions:
            if exception.left_table != self.splink.left_table:
                text = f"'left' of an exception must be of '{self.splink.left_table}'"
                raise ValueError(f"{text}, as in 'splink'")
        return self

    @property
    def conditions(self) -> tuple[SplinkComparison, ...]:
        """What it compares, as the conditions of other rules; none of them has to hold."""
        return self.splink.compare

    @property
    def placed(self) -> Iterator[tuple[Keys, MatchCondition]]:
        """Every comparison, block and exception with its keys in the rule."""
        for number, one in enumerate(self.splink.compare):
            yield ("splink", "compare", number), one
        for number, way in enumerate(self.splink.block_on):
            for place, condition in enumerate(way):
                yield ("splink", "block_on", number, place), condition
        for number, exception in enumerate(self.exceptions):
            yield ("exceptions", number), exception
