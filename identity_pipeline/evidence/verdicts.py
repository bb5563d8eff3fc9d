"""Verdicts: what a rule says of two rows, condition by condition."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from identity_pipeline.evidence.questions import Part, Question
from identity_pipeline.expressions import conditions as compare
from identity_pipeline.terms.periods import Period

# Why a condition does not hold.
MISSING, EMPTY, BYPASSED = "missing", "empty after normalization", "bypassed"
GUARDED, TOO_MANY = "a placeholder", "past its limit"
BELOW, DIFFERENT, SAME = "below the precision", "different", "the same"
FAR, WEIGHED = "too far apart", "weighed"


@dataclass(frozen=True)
class Compared:
    """A condition or exception with the two values that it compared.

    Attributes:
        left, right: table and key of the rows: (source, key).
        left_value, right_value: after normalization, aliases and bypass; None for none.
        score: 0 to 1; None where a value is missing.
        holds: for an exception, whether it fires.
        left_fault, right_fault: why there is no value: missing, empty after normalization,
            bypassed, a placeholder, or past its limit; None where there is one.
        fault: where both values are there, why the condition does not hold; None where it does.
            Weighed: a probabilistic rule asks for no agreement, it weighs it.
        apart: of a difference, how far apart the values are, and how far they may be, in words.
    """

    left: tuple[str, str]
    right: tuple[str, str]
    left_column: str
    right_column: str
    left_value: str | None
    right_value: str | None
    score: float | None
    precision: int
    operator: str
    holds: bool
    left_fault: str | None
    right_fault: str | None
    fault: str | None
    apart: tuple[str, str] | None = None


@dataclass(frozen=True)
class Best:
    """The pair of rows of two records that comes nearest to a rule.

    Attributes:
        left, right: (source, key): the first condition's row on the left, the right row.
        alternates: on how many sides an alternate's value was compared.
    """

    left: tuple[str, str]
    right: tuple[str, str]
    alternates: int
    conditions: tuple[Compared, ...]
    exceptions: tuple[Compared, ...]

    @property
    def fits(self) -> bool:
        """Whether the rule allows the pair: all conditions hold and no exception fires.

        Of a probabilistic rule nobody can say it but Splink: never.
        """
        return all(one.holds and one.fault != WEIGHED for one in self.conditions) and not any(
            one.holds for one in self.exceptions
        )

    @property
    def score(self) -> float | None:
        """The smallest of the conditions' scores; None where a value is missing."""
        scores = [one.score for one in self.conditions if one.operator == "equal"]
        return None if None in scores else min((s for s in scores if s is not None), default=1.0)


def verdict(question: Question, row: Mapping[str, object]) -> Best:
    """A fetched pair of rows, told by conditions and exceptions; columns as `nearest.best_pair`."""
    tables = question.left_tables
    lefts = {table: (table, str(row[f"_key_{number}"])) for number, table in enumerate(tables)}
    right = (question.table, str(row[f"_key_{len(tables)}"]))
    told = [
        _compared(number, part, (lefts[part.left_table], right), row)
        for number, part in enumerate(question.parts)
    ]
    if question.model is not None:
        weighed = [replace(one, fault=WEIGHED) for one in told[: question.conditions]]
        told = [*weighed, *told[question.conditions :]]
    return Best(
        left=lefts[question.parts[0].left_table],
        right=right,
        alternates=sum(int(str(row[f"_alternate_{n}"])) for n in range(len(tables) + 1)),
        conditions=tuple(told[: question.conditions]),
        exceptions=tuple(told[question.conditions :]),
    )


def _compared(
    number: int,
    part: Part,
    ends: tuple[tuple[str, str], tuple[str, str]],
    row: Mapping[str, object],
) -> Compared:
    left, right = compare.left_name(number), compare.right_name(number)
    holds, score = bool(row[f"_holds_{number}"]), row[f"_score_{number}"]
    is_complete = row[left] is not None and row[right] is not None
    return Compared(
        left=ends[0],
        right=ends[1],
        left_column=part.left_column,
        right_column=part.right_column,
        left_value=_text(row[left]),
        right_value=_text(row[right]),
        score=None if score is None else float(str(score)),
        precision=part.how.precision,
        operator=part.how.operator,
        holds=holds,
        left_fault=_absence(row, left),
        right_fault=_absence(row, right),
        fault=_fault(part) if is_complete and not holds else None,
        apart=_apart(str(row[left]), str(row[right]), part) if is_complete else None,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _absence(row: Mapping[str, object], name: str) -> str | None:
    """Why there is no value to compare; None where there is one."""
    if row[name] is not None:
        return None
    if row[f"{name}_stored"] is None:
        return MISSING
    if row[f"{name}_plain"] is None:
        return EMPTY
    if row[f"{name}_listed"] is None:
        return BYPASSED
    if row[f"{name}_open"] is None:
        return GUARDED
    numbers = row.get(f"{name}_carried")
    return f"{TOO_MANY}: {numbers}" if numbers else TOO_MANY


def _fault(part: Part) -> str:
    if part.how.operator == "different":
        return SAME
    if part.how.within is not None:
        return FAR
    return DIFFERENT if part.how.exact else BELOW


def _apart(left: str, right: str, part: Part) -> tuple[str, str] | None:
    """How far apart two values of a difference are, and how far they may be."""
    match part.how.within:
        case Period() as period:
            moments = [datetime.datetime.fromisoformat(value) for value in (left, right)]
            lapse = abs(moments[0] - moments[1])
            more = lapse.seconds or lapse.microseconds
            text = f"{lapse.days} day{'' if lapse.days == 1 else 's'}{' and more' if more else ''}"
            return text, str(period)
        case Decimal() as number:
            return f"{abs(Decimal(left) - Decimal(right)).normalize():f}", f"{number:f}"
    return None
