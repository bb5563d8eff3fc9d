"""Measures in plain Python, slow and obvious: what the engine must agree with.

Written from the description of measures alone. Rows are dictionaries; a measure is what its YAML
says, as a dictionary; a missing value is None.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from identity_pipeline_tests.measures.world import DAY, SCHEMAS, World

Record = dict[str, Any]
Said = Mapping[str, Any]
PLACES = {
    "activity": ("ActivityId",),
    "orders": ("_ingestion_date", "_file", "_line"),
    "lines": ("_ingestion_date", "_file", "_line"),
}


def records(world: World, table: str) -> list[Record]:
    """The rows of a table, each with its customer; rows of nobody left out."""
    found = [dict(zip(SCHEMAS[table], row, strict=True)) for row in world.rows[table]]
    if table == "lines":
        buyers = {row[0]: row[1] for row in world.rows["orders"]}
        for one in found:
            one["CustomerId"] = _owner(world, buyers.get(one["Order"]))
    if table == "orders":
        for one in found:
            one["CustomerId"] = _owner(world, one["Contact"])
    return [one for one in found if one["CustomerId"] is not None]


def _owner(world: World, key: str | None) -> str | None:
    return dict(world.rows["alternate_keys"]).get(f"S|Contacts|{key}")


def attribute(world: World, said: Said) -> dict[str, Any]:
    """Customer -> value of a customer attribute; None where nothing counts."""
    rows = records(world, _table(said))
    values = {}
    for customer in (row[0] for row in world.rows["customer"]):
        mine = [one for one in rows if one["CustomerId"] == customer]
        value = number(mine, said)
        nothing_counted = value == 0 and _is_count(said)
        values[customer] = said.get("null_as") if value is None or nothing_counted else value
    return values


def own_table(world: World, said: Said) -> set[tuple[Any, ...]]:
    """The rows of a measure's own table: customer, dimensions, calculations."""
    calculations = said.get("calculations") or {"m": said}
    first = next(iter(calculations.values()))
    rows = records(world, _table(first))
    if "calculations" in said:
        rows = [one for one in rows if _counts(one, said)]
    rows = [one for one in rows if any(_counts(one, c) for c in calculations.values())]
    keys = (["CustomerId"] if said["kind"] == "customer" else []) + list(said.get("by", ()))
    groups: dict[tuple[Any, ...], list[Record]] = {} if keys else {(): []}
    for one in rows:
        groups.setdefault(tuple(one[key] for key in keys), []).append(one)
    return {
        (*group, *(_filled(number(mine, c), c) for c in calculations.values()))
        for group, mine in groups.items()
    }


def _filled(value: Any, said: Said) -> Any:
    return said.get("null_as") if value is None else value


def _function(said: Said) -> str:
    return next(word for word in (*FUNCTIONS, "template") if word in said)


def _table(said: Said) -> str:
    function = _function(said)
    if function == "template":
        return "activity"
    asked = said[function]
    return str(asked["of"] if isinstance(asked, dict) else asked).partition(".")[0]


def _is_count(said: Said) -> bool:
    return _function(said) in ("count", "count_unique") or (
        said.get("template") == "transaction_count"
    )


def _counts(row: Record, said: Said) -> bool:
    fits = all(_fits(row[column], test) for column, test in said.get("where", {}).items())
    if said.get("template"):
        kind = _activity_type(said["template"])
        fits = fits and (kind is None or row["ActivityType"] == kind)
    return fits and (not said.get("window") or _is_recent(row, said))


def _is_recent(row: Record, said: Said) -> bool:
    moment = row[said.get("time", "ActivityTimeStamp")]
    if moment is None:
        return False
    day = moment.date() if isinstance(moment, datetime.datetime) else moment
    return 0 <= (DAY - day).days < int(said["window"].split()[0])


def _fits(value: Any, test: Mapping[str, Any]) -> bool:
    [(operator, wanted)] = test.items()
    if operator == "is_null":
        return (value is None) == wanted
    if value is None:
        return False
    compare: dict[str, Callable[[], bool]] = {
        "eq": lambda: value == wanted,
        "gt": lambda: value > wanted,
        "in": lambda: value in wanted,
    }
    return compare[operator]()


def ratio(numerator: Fraction, denominator: Fraction) -> Decimal:
    """Six places, by way of the nearest double; halves go away from zero."""
    millionths = float(numerator) / float(denominator) * 1e6
    return Decimal(Decimal(millionths).to_integral_value(ROUND_HALF_UP)) / 1_000_000


def _there(rows: Iterable[Record], column: str) -> list[Any]:
    return [one[column] for one in rows if one[column] is not None]


def _average(values: Sequence[Any]) -> Decimal | None:
    return ratio(sum(map(Fraction, values), Fraction(0)), Fraction(len(values))) if values else None


def _ranked(rows: Sequence[Record], said: Said, order: Sequence[str], value: str) -> list[Any]:
    """Values in the order of their rows; rows without a value or a place left out."""
    keys = (*order, *PLACES.get(_table(said), ()), value)
    counted = [one for one in rows if one[order[0]] is not None and one[value] is not None]
    sort = lambda one: [(one[key] is None, one[key] or 0) for key in keys]  # noqa: E731
    return [one[value] for one in sorted(counted, key=sort)]


def _by_time(rows: Sequence[Record], said: Said, column: str) -> list[Any]:
    return _ranked(rows, said, [said.get("time", "ActivityTimeStamp")], column)


def _by_value(rows: Sequence[Record], said: Said, asked: Said) -> list[Any]:
    column = asked["of"].partition(".")[2]
    time = ["ActivityTimeStamp"] if _table(said) == "activity" else []
    time = [said["time"]] if "time" in said else time
    return _ranked(rows, said, [asked["by"], *time], column)


def _end(values: Sequence[Any], place: int) -> Any:
    return values[place] if values else None


FUNCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "count": len,
    "count_unique": lambda values: len(set(values)),
    "sum": lambda values: sum(values) if values else None,
    "average": _average,
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
    "first": lambda values: _end(values, 0),
    "last": lambda values: _end(values, -1),
    "arg_max": lambda values: _end(values, -1),
    "arg_min": lambda values: _end(values, 0),
}


def number(rows: Sequence[Record], said: Said) -> Any:
    """One calculation over a group's rows; counts of none are 0."""
    rows = [one for one in rows if _counts(one, said)]
    function = _function(said)
    if function == "template":
        return _template(rows, said)
    asked = said[function]
    if function in ("arg_max", "arg_min"):
        return FUNCTIONS[function](_by_value(rows, said, asked))
    column = asked.partition(".")[2]
    if not column:
        return len(rows)
    by_time = function in ("first", "last")
    values = _by_time(rows, said, column) if by_time else _there(rows, column)
    return FUNCTIONS[function](values)


def _activity_type(template: str) -> str | None:
    if "loyalty" in template:
        return "Loyalty"
    return None if template == "active_customer_lifespan" else "SalesOrder"


def _template(rows: Sequence[Record], said: Said) -> Any:
    template = said["template"]
    days = sorted(one["ActivityTimeStamp"].date() for one in rows)
    amounts, points = _there(rows, "Amount"), _there(rows, "Points")
    if template == "transaction_count":
        return len(rows)
    if template.startswith("loyalty_points"):
        counted = {
            "loyalty_points_earned": [max(one, 0) for one in points],
            "loyalty_points_redeemed": [max(-one, 0) for one in points],
            "loyalty_points_balance": points,
        }[template]
        return sum(counted) if counted else None
    if template == "total_transaction_value":
        return sum(amounts) if amounts else None
    if template == "average_transaction_value":
        return _average(amounts)
    if "revenue" in template:
        return _revenue(amounts, days, said)
    if not days:
        return None
    begin = days[-1] if template == "time_since_last_purchase" else days[0]
    end = days[-1] if template == "active_customer_lifespan" else DAY
    return max((end - begin).days, 0)


def _revenue(amounts: Sequence[Decimal], days: Sequence[datetime.date], said: Said) -> Any:
    if not amounts:
        return None
    # In 48ths of a day: a month is 365.25 / 12 days.
    unit = {"daily": 48, "monthly": 1461, "yearly": 12 * 1461}[said["template"].split("_")[1]]
    window = said.get("window")
    length = int(window.split()[0]) if window else max((DAY - days[0]).days, 0) + 1
    return ratio(Fraction(sum(amounts)) * unit, Fraction(48 * length))
