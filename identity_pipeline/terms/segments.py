"""Segments: which customers belong together."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from identity_pipeline.terms.base import ColumnName, Name, Term
from identity_pipeline.terms.conditions import Condition, Test, TestText
from identity_pipeline.terms.measures import ColumnReference


class Related(Term):
    """Rows of another table that a customer must have.

    Attributes:
        where: which rows count; all where absent.
        count: how many there must be; at least one where absent. `{eq: 0}` is none.
        path: names of relationships from the table to a profile table, where there are several.
    """

    where: Condition | None = None
    count: TestText = Test(ge=1)
    path: tuple[Name, ...] = ()


def _leaf_kind(value: object) -> str:
    if isinstance(value, Related):
        return "related"
    is_related = isinstance(value, dict) and not {"where", "count", "path"}.isdisjoint(value)
    return "related" if is_related else "test"


Leaf = Annotated[
    Annotated[Related, Tag("related")] | Annotated[TestText, Tag("test")],
    Discriminator(_leaf_kind),
]
# What a customer must be: column of Customer, customer attribute (a measure's name) or
# `enrichment.Column` -> test; table (`activity`, a source, a customer measure) -> related rows.
Leaves = Annotated[dict[ColumnName, Leaf], Field(min_length=1)]


class AllRules(Term):
    """Customers who fit every rule (AND)."""

    all: tuple["Rule", ...] = Field(min_length=1)


class AnyRule(Term):
    """Customers who fit at least one rule (OR)."""

    any: tuple["Rule", ...] = Field(min_length=1)


class NoRule(Term):
    """Customers who do not fit the rule."""

    negated: "Rule" = Field(alias="not")


class Union(Term):
    """Customers of any of the rules."""

    union: tuple["Rule", ...] = Field(min_length=1)


class Intersect(Term):
    """Customers of all of the rules."""

    intersect: tuple["Rule", ...] = Field(min_length=1)


class Except(Term):
    """Customers of the first rule, without those of the others."""

    first_without: tuple["Rule", ...] = Field(alias="except", min_length=2)


_KINDS: dict[str, type[Term]] = {
    "all": AllRules,
    "any": AnyRule,
    "not": NoRule,
    "union": Union,
    "intersect": Intersect,
    "except": Except,
}


def _rule_kind(value: object) -> str:
    for word, kind in _KINDS.items():
        if isinstance(value, kind) or (isinstance(value, dict) and word in value):
            return word
    return "leaves"


Rule = Annotated[
    Annotated[AllRules, Tag("all")]
    | Annotated[AnyRule, Tag("any")]
    | Annotated[NoRule, Tag("not")]
    | Annotated[Union, Tag("union")]
    | Annotated[Intersect, Tag("intersect")]
    | Annotated[Except, Tag("except")]
    | Annotated[Leaves, Tag("leaves")],
    Discriminator(_rule_kind),
]
"""A rule; rules nest as deep as wanted."""

for _model in _KINDS.values():
    _model.model_rebuild()


class Quick(Term):
    """The customers at one end of a number.

    Attributes:
        by: a column of Customer, a customer attribute, or `enrichment.Column`; customers without
            a value are never members.
        top, bottom: so many customers; of equal values the smaller CustomerId comes first.
        top_percent, bottom_percent: so large a share of the customers that have a value.
    """

    by: ColumnName
    top: int | None = Field(default=None, ge=1)
    bottom: int | None = Field(default=None, ge=1)
    top_percent: int | None = Field(default=None, ge=1, le=100)
    bottom_percent: int | None = Field(default=None, ge=1, le=100)

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        sizes = (self.top, self.bottom, self.top_percent, self.bottom_percent)
        if sum(size is not None for size in sizes) != 1:
            raise ValueError("write one of 'top', 'bottom', 'top_percent', 'bottom_percent'")
        return self


def _columns(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Segment(Term):
    """A segment.

    Attributes:
        rule: which customers are members; or `quick`.
        kind: `dynamic` follows the data; `static` keeps the members of its first run.
        state: `draft` is only checked, not computed; `inactive` keeps its last members. Customers
            that are gone leave static and inactive segments too, and ids follow merges.
        project: columns of related tables (`activity.Title`) to show beside Customer's columns.
    """

    name: Name
    label: str | None = None
    description: str | None = None
    rule: Rule | None = None
    quick: Quick | None = None
    kind: Literal["dynamic", "static"] = "dynamic"
    state: Literal["active", "inactive", "draft"] = "active"
    project: Annotated[tuple[ColumnReference, ...], BeforeValidator(_columns)] = ()

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if (self.rule is None) == (self.quick is None):
            raise ValueError("write either 'rule' or 'quick'")
        if self.name == "customerid":  # the warehouse does not tell names apart by case
            raise ValueError("'customerid' is the name of a column that every segment has")
        return self


class Segments(Term):
    """`segments.yaml`."""

    segments: tuple[Segment, ...] = Field(min_length=1)


def tables_named(rule: Rule) -> set[str]:
    """The tables whose rows a rule asks for; `activity` and measures among them."""
    parts: tuple[Rule, ...]
    match rule:
        case AllRules():
            parts = rule.all
        case AnyRule():
            parts = rule.any
        case NoRule():
            parts = (rule.negated,)
        case Union():
            parts = rule.union
        case Intersect():
            parts = rule.intersect
        case Except():
            parts = rule.first_without
        case _:
            return {name for name, leaf in rule.items() if isinstance(leaf, Related)}
    return {name for part in parts for name in tables_named(part)}
