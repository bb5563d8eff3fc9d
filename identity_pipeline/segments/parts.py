"""The parts of a rule: where each is written, and how its parts become one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Literal

import ibis.expr.types as ir

from identity_pipeline.terms.base import Term
from identity_pipeline.terms.conditions import Test
from identity_pipeline.terms.periods import Period
from identity_pipeline.terms.segments import (
    AllRules,
    AnyRule,
    Except,
    Intersect,
    Leaf,
    NoRule,
    Quick,
    Rule,
    Union,
)

Place = tuple[str | int, ...]
Operator = Literal["all", "any", "not", "except", "leaf"]

# The longest text of a rule that is shown to people.
MAX_TEXT = 120

# The path of a whole rule.
WHOLE = "rule"


@dataclass(frozen=True)
class Part:
    """A rule, or a part of it.

    Attributes:
        path: what people call it: `except[0].all[1]`; `rule` is the whole.
        place: where it is written, from the segment, for errors.
        rule: the part as configured.
        operator: what it does with its parts; a leaf has none.
        parts: rules inside it, in the order they are written.
        name, leaf: of a leaf: a column or table, and what it must be or have.
    """

    path: str
    place: Place
    rule: Rule
    operator: Operator
    parts: tuple["Part", ...] = ()
    name: str = ""
    leaf: Leaf | None = None

    def walk(self) -> Iterator["Part"]:
        """The part and every one inside it, from the top down."""
        yield self
        for part in self.parts:
            yield from part.walk()


# Kind of rule -> what it does with its rules, and the word under which they are written.
_BRANCHES: dict[type[Term], tuple[Operator, str]] = {
    AllRules: ("all", "all"),
    AnyRule: ("any", "any"),
    Union: ("any", "union"),
    Intersect: ("all", "intersect"),
    Except: ("except", "except"),
}


def part_of(rule: Rule, place: Place, path: str = "") -> Part:
    """A rule as a tree of parts; several columns in one leaf are an `all` of leaves."""
    match rule:
        case NoRule():
            inner = part_of(rule.negated, (*place, "not"), _joined(path, "not"))
            return Part(path or WHOLE, place, rule, "not", (inner,))
        case AllRules() | AnyRule() | Union() | Intersect() | Except():
            operator, word = _BRANCHES[type(rule)]
            parts = (
                part_of(one, (*place, word, number), _joined(path, f"{word}[{number}]"))
                for number, one in enumerate(_rules_in(rule))
            )
            return Part(path or WHOLE, place, rule, operator, tuple(parts))
    return _leaves(dict(rule), place, path)


def _rules_in(rule: AllRules | AnyRule | Union | Intersect | Except) -> tuple[Rule, ...]:
    [field] = type(rule).model_fields
    rules: tuple[Rule, ...] = getattr(rule, field)
    return rules


def _leaves(leaves: dict[str, Leaf], place: Place, path: str) -> Part:
    alone = len(leaves) == 1
    parts = [
        Part(
            path=(path or WHOLE) if alone else _joined(path, name),
            place=(*place, name),
            rule={name: leaf},
            operator="leaf",
            name=name,
            leaf=leaf,
        )
        for name, leaf in leaves.items()
    ]
    return parts[0] if alone else Part(path or WHOLE, place, leaves, "all", tuple(parts))


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def together(operator: Operator, answers: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    """One answer of the answers of an operator's parts; also of the first few of them."""
    match operator:
        case "not":
            return ~answers[0]
        case "any":
            return reduce(or_, answers)
        case "except" if len(answers) > 1:
            return answers[0] & ~reduce(or_, answers[1:])
    return reduce(and_, answers)


def in_words(rule: Rule | Quick) -> str:
    """A rule or quick choice as it is written in YAML on one line, cut where it is long."""
    text = _flow(rule)
    text = text[1:-1] if text.startswith("{") else text
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _flow(value: object) -> str:
    match value:
        case Test(operators=("eq",), ignore_case=False):
            text = _flow(value.eq)
        case Test(operators=("any_of",), ignore_case=False):
            text = _flow(value.any_of)
        case Term() if not isinstance(value, Period):
            text = _flow(_written(value))
        case dict():
            text = f"{{{', '.join(f'{key}: {_flow(one)}' for key, one in value.items())}}}"
        case tuple():
            text = f"[{', '.join(map(_flow, value))}]"
        case bool():
            text = "true" if value else "false"
        case _:
            text = str(value)
    return text


def _written(term: Term) -> dict[str, object]:
    """The fields of a term that are not as they are by default, by the words of YAML."""
    fields = type(term).model_fields
    values = {info.alias or name: getattr(term, name) for name, info in fields.items()}
    defaults = {info.alias or name: info.default for name, info in fields.items()}
    return {name: value for name, value in values.items() if value != defaults[name]}
