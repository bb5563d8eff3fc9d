"""A world for measures: customers, what they did, orders two steps away from them."""

import datetime
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.measures import Measure
from identity_pipeline.terms.names import TableName

Row = tuple[object, ...]
DAY = datetime.date(2022, 7, 26)
PLACE = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}
SCHEMAS = {
    "customer": {"CustomerId": "string", "Tier": "string", "Born": "date", "Steps": "int64"},
    "alternate_keys": {"Identifier": "string", "CustomerId": "string"},
    "activity": {
        **{"CustomerId": "string", "ActivityId": "string", "ActivityType": "string"},
        **{"ActivityTimeStamp": "timestamp(6)", "Title": "string", "is_shown": "boolean"},
        **{"Amount": "decimal(38, 2)", "Points": "int64"},
    },
    "orders": {
        **{"Id": "string", "Contact": "string", "Total": "decimal(38, 2)", "Pieces": "int64"},
        **{"Placed": "date", "Note": "string", **PLACE},
    },
    "lines": {"Nr": "string", "Order": "string", "Price": "decimal(38, 4)", **PLACE},
    "scores": {"CustomerId": "string", "Score": "int64"},
}
ENVIRONMENT = Environment.model_validate(
    {
        "name": "world",
        "folder": Path(),
        "sources": {
            name: {
                "name": name,
                "data_source": "S",
                "table": name.capitalize(),
                "landing": f"{name}/{{ingestion_date}}/*.csv",
                "primary_key": columns[0],
                "columns": dict.fromkeys(columns, "text"),
                "profile": {"primary_key": "Id", "columns": ["Id"]} if name == "contacts" else None,
            }
            for name, columns in {
                "contacts": ["Id"],
                "orders": ["Id", "Contact", "Payer"],
                "lines": ["Nr", "Order"],
                "stray": ["Id"],
            }.items()
        },
        "unify": {
            "tables": [{"table": "contacts"}],
            "columns": {"Id": ["contacts.Id"]},
            "known_if": {"or_from": ["contacts"]},
        },
        "relationships": [
            {"name": "buyer", "from": "orders.Contact", "to": "contacts.Id"},
            {"name": "line_of", "from": "lines.Order", "to": "orders.Id"},
        ],
        "activities": [
            {
                # Declared for the templates alone: the rows of activities are given.
                **{"table": "stray", "key": "Id", "time": "Id", "customer": "Id"},
                **{"type": kind, "attributes": attributes},
            }
            for kind, attributes in {
                "SalesOrder": {"OrderId": "Id", "Amount": "Id"},
                "Loyalty": {"Points": "Id"},
            }.items()
        ],
    }
)


@dataclass(frozen=True)
class World:
    """The rows of each table."""

    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def shuffled(self, seed: int) -> "World":
        """The same rows in another order."""
        rng = random.Random(seed)
        return World({name: rng.sample(rows, len(rows)) for name, rows in self.rows.items()})

    def store(self, engine: Engine) -> InsightTables:
        """The tables in a warehouse."""
        stored = {}
        for name, columns in SCHEMAS.items():
            place = TableName("world", name)
            engine.store(place, engine.relation(columns, self.rows.get(name, ())))
            stored[name] = engine.table(place)
        return tables_of(stored)


def tables_of(tables: Mapping[str, ir.Table]) -> InsightTables:
    """What measures read, from tables by name."""
    return InsightTables(
        environment=ENVIRONMENT,
        day=ibis.literal(DAY),
        customers=tables["customer"],
        alternate_keys=tables["alternate_keys"],
        activity=tables["activity"],
        sources={name: tables[name] for name in ("orders", "lines")},
        enrichments={"scores": tables["scores"]},
    )


UNBOUND = tables_of({name: ibis.table(columns, name=name) for name, columns in SCHEMAS.items()})
NO_ACTIVITIES = replace(UNBOUND, activity=None)


def measure(name: str = "m", kind: str = "customer_attribute", **words: object) -> Measure:
    """A measure as YAML would say it."""
    return Measure.model_validate({"name": name, "kind": kind, **words})


def at(text: str) -> datetime.datetime:
    """`07-20 10:00` in the year of the world."""
    return datetime.datetime.fromisoformat(f"2022-{text}")


def acts(*rows: str) -> list[Row]:
    """Activities from lines `customer type time title amount points`; - is no value."""
    return [_act(number, *row.split()) for number, row in enumerate(rows)]


def _act(number: int, customer: str, kind: str, time: str, title: str, *values: str) -> Row:
    amount, points = (*values, "-", "-")[:2]
    moment = at(time.replace("T", " "))
    return (
        *(_there(customer), f"a{number:02}", kind, moment, _there(title), True),
        *(None if amount == "-" else Decimal(amount), None if points == "-" else int(points)),
    )


def _there(word: str) -> str | None:
    return None if word == "-" else word


def customers(*ids: str) -> list[Row]:
    """Customers of whom nothing else is known."""
    return [(one, None, None, None) for one in ids]


def random_world(seed: int, size: int = 60) -> World:
    """A few customers, values that often collide and are often missing."""
    rng = random.Random(seed)
    ids = [f"C{n}" for n in range(8)]

    def maybe(value: object) -> object:
        return None if rng.random() < 0.2 else value

    def cents() -> Decimal:
        return Decimal(rng.randint(-500, 900)) / 100

    def moment() -> datetime.datetime:
        return at("07-26 00:00") - datetime.timedelta(hours=rng.randint(-30, 24 * 40))

    def place(number: int) -> Row:
        return (DAY - datetime.timedelta(days=rng.randint(0, 2)), rng.choice("ab"), number)

    kinds, titles = ("SalesOrder", "Loyalty", "Other"), ("View", "Checkout", "Help")
    return World(
        {
            "customer": [
                (one, maybe(rng.choice("AB")), maybe(DAY), maybe(rng.randint(0, 9))) for one in ids
            ],
            "alternate_keys": [(f"S|Contacts|k{n}", f"C{n % 7}") for n in range(12)],
            "activity": [
                (
                    *(maybe(rng.choice(ids[:6])), f"a{n}", rng.choice(kinds), moment()),
                    *(maybe(rng.choice(titles)), rng.random() < 0.5, maybe(cents())),
                    maybe(rng.randint(-20, 50)),
                )
                for n in range(size)
            ],
            "orders": [
                (
                    *(f"o{n}", maybe(f"k{rng.randint(0, 14)}"), maybe(cents())),
                    *(maybe(rng.randint(0, 4)), maybe(moment().date())),
                    *(maybe(rng.choice("xyz")), *place(n)),
                )
                for n in range(size)
            ],
            "lines": [
                (f"l{n}", maybe(f"o{rng.randint(0, size + 5)}"), maybe(cents()), *place(n))
                for n in range(size)
            ],
            "scores": [(one, maybe(rng.randint(0, 5))) for one in ids if rng.random() < 0.7],
        }
    )
