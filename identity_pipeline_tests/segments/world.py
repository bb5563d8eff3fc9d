"""A small shop's tables in memory, for rules to be asked of: customers, visits, orders, lines."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
from pydantic import TypeAdapter

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.segments import Rule, Segment

DAY = datetime.date(2024, 5, 31)
RULE: TypeAdapter[Rule] = TypeAdapter(Rule)

Row = Sequence[object]


def _source(name: str, key: str, columns: str, profile: bool = False) -> dict[str, object]:
    typed = dict(pair.split(":") for pair in columns.split())
    role = {"primary_key": key, "columns": list(typed)}
    return {
        "name": name,
        "data_source": "Shop",
        "table": name.capitalize(),
        "landing": "{ingestion_date}/*",
        "primary_key": key,
        "columns": typed,
        **({"profile": role} if profile else {}),
    }


SOURCES = [
    _source("contacts", "Id", "Id:text Name:text", profile=True),
    _source("friends", "Nr", "Nr:text Name:text", profile=True),
    _source("orders", "OrderId", "OrderId:text Contact:text Friend:text Total:integer Note:text"),
    _source("lines", "LineId", "LineId:text OrderId:text Product:text"),
]

ENVIRONMENT = Environment.model_validate(
    {
        "name": "shop",
        "folder": Path("shop"),
        "sources": {source["name"]: source for source in SOURCES},
        "unify": {
            "tables": [{"table": "contacts"}, {"table": "friends"}],
            "columns": {"Name": ["contacts.Name"]},
            "known_if": {"any_of": ["Name"]},
        },
        "relationships": [
            {"name": "ordered_by", "from": "orders.Contact", "to": "contacts.Id"},
            {"name": "ordered_for", "from": "orders.Friend", "to": "friends.Nr"},
            {"name": "line_of", "from": "lines.OrderId", "to": "orders.OrderId"},
        ],
    }
)

# Table -> its columns and their Ibis types.
COLUMNS = {
    "customer": {
        "CustomerId": "string",
        "Name": "string",
        "Tier": "string",
        "Age": "int64",
        "Joined": "date",
        "Seen": "timestamp(6)",
        "Consent": "boolean",
        "IdentityStatus": "string",
    },
    "attributes": {
        "CustomerId": "string",
        "product_views": "int64",
        "checkouts": "int64",
        "spent": "decimal(18, 2)",
    },
    "scores": {"CustomerId": "string", "Score": "int64", "Band": "string"},
    "visits": {"CustomerId": "string", "Page": "string", "times": "int64"},
    "activity": {
        "CustomerId": "string",
        "Title": "string",
        "ActivityTimeStamp": "timestamp(6)",
        "Amount": "int64",
        "was_unknown_at_event": "boolean",
    },
    "alternate_keys": {"Identifier": "string", "CustomerId": "string"},
    "contacts": {"Id": "string", "Name": "string"},
    "friends": {"Nr": "string", "Name": "string"},
    "orders": {
        "OrderId": "string",
        "Contact": "string",
        "Friend": "string",
        "Total": "int64",
        "Note": "string",
    },
    "lines": {"LineId": "string", "OrderId": "string", "Product": "string"},
}


# Where a source's row was delivered.
DELIVERED = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}


@dataclass(frozen=True)
class World:
    """Rows by table, in the order of COLUMNS; tables that are left out are empty."""

    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def records(self, table: str) -> list[dict[str, Any]]:
        """A table's rows by column."""
        columns = COLUMNS[table]
        return [dict(zip(columns, row, strict=True)) for row in self.rows.get(table, ())]

    def tables(self, engine: Engine) -> InsightTables:
        """The tables as rules read them."""
        stored = {
            name: engine.keep(engine.relation(columns_of(name), self._delivered(name)))
            for name in COLUMNS
        }
        return insight_tables(stored)

    def _delivered(self, name: str) -> list[Row]:
        rows = self.rows.get(name, ())
        if name not in ENVIRONMENT.sources:
            return list(rows)
        return [(*row, DAY, "file", line) for line, row in enumerate(rows, start=1)]


def columns_of(table: str) -> dict[str, str]:
    """A table's columns; those of sources tell where a row was delivered."""
    return COLUMNS[table] | (DELIVERED if table in ENVIRONMENT.sources else {})


def unbound() -> InsightTables:
    """The tables before there is data."""
    return insight_tables({name: ibis.table(columns_of(name), name=name) for name in COLUMNS})


def insight_tables(tables: Mapping[str, ibis.Table]) -> InsightTables:
    return InsightTables(
        environment=ENVIRONMENT,
        day=ibis.literal(DAY),
        customers=tables["customer"],
        alternate_keys=tables["alternate_keys"],
        activity=tables["activity"],
        sources={source: tables[source] for source in ENVIRONMENT.sources},
        enrichments={"scores": tables["scores"]},
        attributes=tables["attributes"],
        measures={"visits": tables["visits"]},
    )


def rule(written: object) -> Rule:
    """A rule as YAML gives it."""
    return RULE.validate_python(written)


def segment(written: object, name: str = "s", **more: object) -> Segment:
    """A segment with a rule as YAML gives it."""
    return Segment.model_validate({"name": name, "rule": written, **more})


def customers(*rows: Row) -> list[Row]:
    """Customers with the first few columns given, the others NULL."""
    width = len(COLUMNS["customer"])
    return [(*row, *(None,) * (width - len(row))) for row in rows]
