"""Random worlds and random rules over them, as YAML would give them."""

import datetime
from decimal import Decimal
from random import Random
from typing import Any

from identity_pipeline_tests.segments.world import DAY, World

NAMES = ("Ann", "ben", "BEN", "Zoë", "")
TITLES = ("Product view", "Checkout", "Sign-in")
PATHS = {
    "orders": (["ordered_by"], ["ordered_for"]),
    "lines": (["line_of", "ordered_by"], ["line_of", "ordered_for"]),
}
# Table -> the columns that conditions look at.
TABLES = {
    "activity": {"Title": "title", "ActivityTimeStamp": "moment", "Amount": "number"},
    "customer": {"Name": "name", "Age": "number", "checkouts": "number"},
    "scores": {"Score": "number", "Band": "name"},
    "visits": {"Page": "name", "times": "number"},
    "orders": {"Total": "number", "Note": "name"},
    "lines": {"Product": "name"},
}
COLUMNS = {
    "Name": "name",
    "Age": "number",
    "Joined": "day",
    "Seen": "moment",
    "Consent": "flag",
    "product_views": "number",
    "spent": "number",
    "scores.Score": "number",
    "scores.Band": "name",
}


def world(seed: int, size: int = 25) -> World:
    """Tables with many equal, missing and orphaned values, in an order that the seed gives."""
    random = Random(seed)
    ids = [f"c{number:02}" for number in range(size)]
    people = [*ids, "gone", None]

    def some(count: int, *kinds: str) -> list[tuple[Any, ...]]:
        return [tuple(value(random, kind) for kind in kinds) for _ in range(count)]

    def of_people(count: int, *kinds: str) -> list[tuple[Any, ...]]:
        return [(random.choice(people), *row) for row in some(count, *kinds)]

    def of_each(share: float, *kinds: str) -> list[tuple[Any, ...]]:
        having = [one for one in [*ids, "gone"] if random.random() < share]
        return [(one, *some(1, *kinds)[0]) for one in having]

    shape = ("name", "name", "number", "day", "moment", "flag", "name")
    rows: dict[str, list[tuple[Any, ...]]] = {
        "customer": [(one, *some(1, *shape)[0]) for one in ids],
        "attributes": of_each(0.7, "number", "number", "money"),
        "scores": of_each(0.5, "number", "name"),
        "visits": of_people(30, "name", "number"),
        "activity": of_people(80, "title", "moment", "number", "flag"),
        "alternate_keys": [
            (f"Shop|{table}|{number}", random.choice(ids))
            for table in ("Contacts", "Friends")
            for number in range(20)
        ],
        "orders": [
            (f"o{number}", _foreign(random), _foreign(random), *some(1, "number", "name")[0])
            for number in range(40)
        ],
        "lines": [
            (f"l{number}", f"o{random.randrange(45)}", value(random, "name"))
            for number in range(60)
        ],
    }
    return shuffled(World(rows), seed)


def shuffled(world: World, seed: int) -> World:
    """The same tables, their rows in another order."""
    random = Random(seed)
    return World({name: random.sample(rows, len(rows)) for name, rows in world.rows.items()})


def _foreign(random: Random) -> str | None:
    return random.choice([None, *map(str, range(25))])


def value(random: Random, kind: str) -> Any:
    """A value of a column; one in five is missing."""
    if random.random() < 0.2:
        return None
    match kind:
        case "name":
            return random.choice(NAMES)
        case "title":
            return random.choice(TITLES)
        case "number":
            return random.randrange(5)
        case "money":
            return Decimal(random.randrange(500)) / 100
        case "flag":
            return random.random() < 0.5
        case "day":
            return DAY - datetime.timedelta(days=random.randrange(-2, 40))
    return datetime.datetime.combine(DAY, datetime.time()) - datetime.timedelta(
        hours=random.randrange(-30, 500)
    )


def test_of(random: Random, kind: str) -> Any:
    """A test that fits a column of the kind."""
    if random.random() < 0.1:
        return {"is_null": random.random() < 0.5}
    match kind:
        case "name" | "title":
            word = random.choice(NAMES[:4] if kind == "name" else TITLES)
            operator = random.choice(
                ["eq", "ne", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in"]
            )
            wanted = [word, "Ann"] if operator in ("in", "not_in") else word
            wanted = word[:2] if operator.endswith(("with", "contains")) else wanted
            return {operator: wanted, "ignore_case": random.random() < 0.5}
        case "number":
            operator = random.choice(["eq", "ne", "gt", "ge", "lt", "le"])
            return {operator: random.choice([random.randrange(5), 1.5])}
        case "flag":
            return random.random() < 0.5
    return _test_of_time(random, kind)


def _test_of_time(random: Random, kind: str) -> Any:
    operator = random.choice(["within_last", "not_within_last", "month_of", "ge", "lt"])
    if operator == "month_of":
        return {operator: random.choice([4, "may", "June"])}
    if operator.endswith("within_last"):
        return {operator: random.choice(["1 day", "10 days", "2 weeks"])}
    day = DAY - datetime.timedelta(days=random.randrange(30))
    return {operator: day.isoformat() + ("T06:00:00" if kind == "moment" else "")}


def condition(random: Random, columns: dict[str, str], depth: int = 2) -> Any:
    """A condition on the rows of a table with the columns."""
    word = random.choice(["all", "any", "not", "columns", "columns"]) if depth else "columns"
    if word == "not":
        return {"not": condition(random, columns, depth - 1)}
    if word in ("all", "any"):
        return {word: [condition(random, columns, depth - 1) for _ in range(random.randint(1, 3))]}
    chosen = random.sample(sorted(columns), random.randint(1, min(2, len(columns))))
    return {name: test_of(random, columns[name]) for name in chosen}


def related(random: Random, table: str) -> Any:
    """A leaf over the rows of a table."""
    leaf: dict[str, Any] = {"path": random.choice(PATHS[table])} if table in PATHS else {}
    if random.random() < 0.7:
        leaf["where"] = condition(random, TABLES[table])
    if random.random() < 0.6 or not leaf:
        leaf["count"] = random.choice([0, {"ge": 1}, {"ge": 2}, {"le": 1}, {"ne": 1}, [0, 2]])
    return leaf


def leaves(random: Random) -> Any:
    """One or two columns or tables with what they must be or have."""
    chosen = {}
    for _ in range(random.randint(1, 2)):
        if random.random() < 0.5:
            table = random.choice(sorted(TABLES))
            chosen[table] = related(random, table)
        else:
            column = random.choice(sorted(COLUMNS))
            chosen[column] = test_of(random, COLUMNS[column])
    return chosen


def rule(random: Random, depth: int = 3) -> Any:
    """A rule; nested up to the depth."""
    words = ["all", "any", "not", "union", "intersect", "except", "leaves", "leaves"]
    word = random.choice(words) if depth else "leaves"
    if word == "leaves":
        return leaves(random)
    if word == "not":
        return {"not": rule(random, depth - 1)}
    least = 2 if word == "except" else 1
    return {word: [rule(random, depth - 1) for _ in range(random.randint(least, 3))]}
