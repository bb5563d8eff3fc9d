"""Who fits a rule, read slowly: customer by customer, row by row, in plain Python."""

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from identity_pipeline.terms.conditions import AllOf, AnyOf, NotOf, Test
from identity_pipeline.terms.periods import Period
from identity_pipeline.terms.segments import (
    AllRules,
    AnyRule,
    Except,
    Intersect,
    NoRule,
    Quick,
    Related,
    Union,
)
from identity_pipeline_tests.segments.world import DAY, World

Record = dict[str, Any]


def members(world: World, rule: Any) -> set[str]:
    """The CustomerIds that fit a rule."""
    return {one["CustomerId"] for one in wide(world) if fits(world, one, rule)}


def wide(world: World) -> list[Record]:
    """Customers beside their attributes and enrichments; NULL where there are none."""
    found = []
    for customer in world.records("customer"):
        one: Record = {}
        for table, prefix in (("attributes", ""), ("scores", "scores.")):
            rows = [r for r in world.records(table) if r["CustomerId"] == customer["CustomerId"]]
            row = rows[0] if rows else {}
            names = ("product_views", "checkouts", "spent") if not prefix else ("Score", "Band")
            one |= {f"{prefix}{name}": row.get(name) for name in names}
        found.append(one | customer)
    return found


def fits(world: World, customer: Record, rule: Any) -> bool:
    match rule:
        case AllRules():
            return all(fits(world, customer, one) for one in rule.all)
        case Intersect():
            return all(fits(world, customer, one) for one in rule.intersect)
        case AnyRule():
            return any(fits(world, customer, one) for one in rule.any)
        case Union():
            return any(fits(world, customer, one) for one in rule.union)
        case NoRule():
            return not fits(world, customer, rule.negated)
        case Except():
            first, *others = rule.first_without
            without = any(fits(world, customer, one) for one in others)
            return fits(world, customer, first) and not without
    return all(_leaf(world, customer, name, leaf) for name, leaf in rule.items())


def _leaf(world: World, customer: Record, name: str, leaf: Any) -> bool:
    if isinstance(leaf, Test):
        return passes(customer[name], leaf)
    assert isinstance(leaf, Related)
    rows = [r for owner, r in rows_of(world, name, leaf.path) if owner == customer["CustomerId"]]
    number = sum(leaf.where is None or row_fits(row, leaf.where) for row in rows)
    return passes(number, leaf.count)


def rows_of(world: World, name: str, path: tuple[str, ...]) -> Iterator[tuple[str, Record]]:
    """A table's rows with the customer each belongs to; rows of nobody are left out."""
    if name == "customer":
        yield from ((one["CustomerId"], one) for one in wide(world))
    elif name in ("activity", "scores", "visits"):
        yield from ((r["CustomerId"], r) for r in world.records(name) if r["CustomerId"])
    else:
        holders = {r["Identifier"]: r["CustomerId"] for r in world.records("alternate_keys")}
        orders = {order["OrderId"]: order for order in world.records("orders")}
        for row in world.records(name):
            order = orders.get(row["OrderId"], {}) if name == "lines" else row
            column, prefix = (
                ("Contact", "Shop|Contacts|")
                if path[-1] == "ordered_by"
                else ("Friend", "Shop|Friends|")
            )
            owner = holders.get(f"{prefix}{order.get(column)}")
            if order.get(column) is not None and owner is not None:
                yield owner, row


def row_fits(row: Record, condition: Any) -> bool:
    match condition:
        case AllOf():
            return all(row_fits(row, one) for one in condition.all)
        case AnyOf():
            return any(row_fits(row, one) for one in condition.any)
        case NotOf():
            return not row_fits(row, condition.negated)
    return all(passes(row[column], test) for column, test in condition.items())


def passes(value: Any, test: Test) -> bool:
    """Whether a value passes all operators of a test."""
    return all(_operator(value, name, getattr(test, name), test) for name in test.operators)


def _within(value: Any, period: Period) -> bool:
    """Whether a moment is in the days that end with DAY, that day included."""
    days = {"day": 1, "week": 7}[period.unit] * period.count
    day = value.date() if isinstance(value, datetime.datetime) else value
    return DAY - datetime.timedelta(days=days) < day <= DAY


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
    "any_of": lambda value, wanted: value in wanted,
    "none_of": lambda value, wanted: value not in wanted,
    "contains": lambda value, wanted: wanted in value,
    "not_contains": lambda value, wanted: wanted not in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "month_of": lambda value, wanted: value.month == wanted,
    "within_last": _within,
    "not_within_last": lambda value, wanted: not _within(value, wanted),
}


def _operator(value: Any, name: str, wanted: Any, test: Test) -> bool:
    if name == "is_null":
        return (value is None) == bool(wanted)
    if value is None:
        return False
    if name not in ("month_of", "within_last", "not_within_last"):
        wanted = _alike(value, wanted, test.ignore_case)
        if isinstance(value, str) and test.ignore_case:
            value = value.lower()
    return COMPARISONS[name](value, wanted)


def _alike(value: Any, wanted: Any, ignore_case: bool) -> Any:
    """What is written in a rule, as a value of the column's kind."""
    if isinstance(wanted, tuple):
        return tuple(_alike(value, one, ignore_case) for one in wanted)
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(wanted)
    if isinstance(value, datetime.date):
        return datetime.date.fromisoformat(wanted)
    if isinstance(value, Decimal):
        return Decimal(str(wanted))
    return wanted.lower() if ignore_case and isinstance(wanted, str) else wanted


def quick_members(world: World, quick: Quick) -> set[str]:
    """The customers at one end, one after another."""
    having = [one for one in wide(world) if one[quick.by] is not None]
    having.sort(key=lambda one: one["CustomerId"])
    from_top = quick.top is not None or quick.top_percent is not None
    having.sort(key=lambda one: one[quick.by], reverse=from_top)  # stable: ids stay in order
    size = quick.top or quick.bottom
    if size is None:
        share = quick.top_percent or quick.bottom_percent or 0
        size = -(-len(having) * share // 100)
    return {one["CustomerId"] for one in having[:size]}
