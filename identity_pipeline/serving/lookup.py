"""Customer cards: all that is known of one customer, from the published file.

This is what a website asks for a visitor it has only an id of; see `look_up_key`.
"""

import dataclasses
import datetime
import decimal
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.serving.history import NAMED, UnknownCustomer
from identity_pipeline.serving.summary import text_or_none
from identity_pipeline.terms import insight_contracts as contracts
from identity_pipeline.terms import tables
from identity_pipeline.terms.errors import PipelineError, did_you_mean
from identity_pipeline.terms.names import TableName

Value = str | int | float | bool | decimal.Decimal | datetime.date | datetime.datetime | None

# Columns of Customer that the card shows in places of their own.
_OWN = ("CustomerId", "IdentityStatus", "BecameKnownAt", "PreviousCustomerId")
_TIMELINE = (
    *("ActivityId", "UnifiedActivityId", "SourceTableName", "SourceActivityId", "ActivityType"),
    *("ActivityTimeStamp", "Title", "Description", "URL", "SemanticData", "RangeIndex"),
    "was_unknown_at_event",
)
# Of UnifiedActivity, but nothing that a timeline tells.
_NOT_TOLD = ("CustomerId", "is_shown", "ingestion_date", "profile_identifier")


class UnknownKey(PipelineError):
    """No customer has the key, or there is no such source or table."""


@dataclass(frozen=True)
class SourceKeys:
    """The customer's keys in a table of a source, sorted, by the product's names."""

    source: str
    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class CustomerCard:
    """All that is known of a customer.

    Attributes:
        customer_id: the id the customer has now.
        asked_id: the id asked for, where it was merged into that one; else the same.
        status: known or unknown.
        became_known_at: the ingestion date since which the customer is known; none if unknown.
        previous_customer_id: as in Customer.
        fields: the unified columns.
        ids: the keys, by source and table.
        measures: the measures of kind customer_attribute.
        segments: the names of segments, sorted.
        enrichments: enrichment -> column -> value, of those that know the customer.
        timeline: what a timeline shows, newest first, activities of one moment by ActivityId:
            column -> value; attributes that none of the activities has are left out.
    """

    customer_id: str
    asked_id: str
    status: str
    became_known_at: datetime.date | None
    previous_customer_id: str | None
    fields: Mapping[str, Value]
    ids: tuple[SourceKeys, ...]
    measures: Mapping[str, Value]
    segments: tuple[str, ...]
    enrichments: Mapping[str, Mapping[str, Value]]
    timeline: tuple[Mapping[str, Value], ...]


@dataclass(frozen=True)
class SourceKey:
    """A key: the product's names of source and table, and the value; case counts."""

    source: str
    table: str
    value: str


def look_up_key(engine: Engine, key: SourceKey, enrichments: Sequence[str] = ()) -> CustomerCard:
    """The card of the customer who holds a source key, winner or alternate.

    Args:
        engine: has the published file open.
        key: as AlternateKey has it.
        enrichments: the names of those that the card is to show.

    Raises:
        UnknownKey: nobody holds it, or there is no such source or table; the message says which.
    """
    keys = _published(engine, tables.ALTERNATE_KEY.name)
    here = (keys.DataSourceName == key.source) & (keys.TableName == key.table)
    found = engine.rows(keys.filter(here & (keys.AlternateValue == key.value)).select("CustomerId"))
    if not found:
        raise UnknownKey(_who_is_missing(engine, keys, key))
    [(customer,)] = found
    return _card(engine, str(customer), str(customer), enrichments)


def look_up_id(engine: Engine, beginning: str, enrichments: Sequence[str] = ()) -> CustomerCard:
    """The card of a CustomerId; an id that was merged gives the customer it is now.

    Args:
        engine: has the published file open.
        beginning: a CustomerId, or enough of its first digits.
        enrichments: the names of those that the card is to show.

    Raises:
        UnknownCustomer: no id ever given begins so, or several do, or the customer is gone.
    """
    registry = _published(engine, tables.PROFILES.name)
    fitting = registry.filter(registry.customer_id.startswith(beginning.lower()))
    ordered = fitting.order_by("customer_id").limit(NAMED + 1)
    found = engine.rows(ordered.select("customer_id", "merged_into"))
    if not found:
        raise UnknownCustomer(f"no CustomerId was ever given that begins with '{beginning}'")
    whole = [row for row in found if row[0] == beginning.lower()] or found
    if len(whole) > 1:
        some = ", ".join(str(row[0]) for row in found[:NAMED])
        raise UnknownCustomer(f"several CustomerIds begin with '{beginning}': {some}")
    [(customer, merged_into)] = whole
    return _card(engine, str(merged_into or customer), str(customer), enrichments)


def _who_is_missing(engine: Engine, keys: ir.Table, asked: SourceKey) -> str:
    source, table, value = asked.source, asked.table, asked.value
    pairs = engine.rows(keys.select("DataSourceName", "TableName").distinct())
    sources = sorted({str(name) for name, _ in pairs})
    if source not in sources:
        return f"no source is called '{source}'. {did_you_mean(source, sources)}"
    names = sorted(str(name) for of, name in pairs if of == source)
    if table not in names:
        return f"source '{source}' has no table '{table}'. {did_you_mean(table, names)}"
    return f"no customer has the key '{value}' of {source}, table {table}"


def _card(engine: Engine, customer: str, asked: str, enrichments: Sequence[str]) -> CustomerCard:
    rows = _of_customer(engine, tables.CUSTOMER.name, customer)
    if not rows:
        raise UnknownCustomer(
            f"the customer {customer} is not there any more: no source delivers a key of theirs; "
            f"see `identity-pipeline history {customer}`"
        )
    [row] = rows
    hidden = {*_OWN, *_key_columns(list(row))}
    known_at = row["BecameKnownAt"]
    return CustomerCard(
        customer_id=customer,
        asked_id=asked,
        status=str(row["IdentityStatus"]),
        became_known_at=known_at if isinstance(known_at, datetime.date) else None,
        previous_customer_id=text_or_none(row["PreviousCustomerId"]),
        fields={name: value for name, value in row.items() if name not in hidden},
        ids=tuple(_ids(engine, customer)),
        measures=_measures(engine, customer),
        segments=_segments(engine, customer),
        enrichments={
            name: {column: v for column, v in row.items() if column != "CustomerId"}
            for name in enrichments
            for row in _of_customer(engine, f"Enrichment_{name}", customer)
        },
        timeline=_timeline(engine, customer),
    )


def _key_columns(columns: Sequence[str]) -> set[str]:
    """Columns of Customer that hold a table's key, as DataSource_Table_Key, and its alternates."""
    keys = {name for name in columns if f"{name}_Alternate" in columns}
    return keys | {f"{name}_Alternate" for name in keys}


def _ids(engine: Engine, customer: str) -> Iterator[SourceKeys]:
    keys = _of_customer(engine, tables.ALTERNATE_KEY.name, customer)
    held: dict[tuple[str, str], set[str]] = {}
    for row in keys:
        place = (str(row["DataSourceName"]), str(row["TableName"]))
        held.setdefault(place, set()).add(str(row["AlternateValue"]))
    for (source, table), values in sorted(held.items()):
        yield SourceKeys(source, table, tuple(sorted(values)))


def _measures(engine: Engine, customer: str) -> dict[str, Value]:
    rows = _of_customer(engine, contracts.CUSTOMER_MEASURE.name, customer)
    return {name: v for row in rows for name, v in row.items() if name != "CustomerId"}


def _segments(engine: Engine, customer: str) -> tuple[str, ...]:
    rows = _of_customer(engine, contracts.SEGMENT_MEMBERSHIP.name, customer)
    lists = (json.loads(str(row["Segments"])) for row in rows if row["Segments"] is not None)
    return tuple(sorted({str(name) for names in lists for name in names}))


def _timeline(engine: Engine, customer: str) -> tuple[dict[str, Value], ...]:
    rows = _of_customer(engine, contracts.UNIFIED_ACTIVITY.name, customer)
    shown = [row for row in rows if row["is_shown"]]
    shown.sort(key=lambda row: str(row["ActivityId"]))
    shown.sort(key=lambda row: _moment(row["ActivityTimeStamp"]), reverse=True)
    attributes = [
        name
        for name in (shown[0] if shown else ())
        if name not in (*_TIMELINE, *_NOT_TOLD) and any(row[name] is not None for row in shown)
    ]
    return tuple({name: row[name] for name in (*_TIMELINE, *attributes)} for row in shown)


def _moment(value: Value) -> datetime.datetime:
    return value if isinstance(value, datetime.datetime) else datetime.datetime.min


def _published(engine: Engine, name: str) -> ir.Table:
    return engine.table(TableName("main", name))


def _of_customer(engine: Engine, name: str, customer: str) -> list[dict[str, Value]]:
    """A customer's rows of a published table; none where there is no such table."""
    if not engine.exists(TableName("main", name)):
        return []
    table = _published(engine, name)
    rows = engine.rows(table.filter(table.CustomerId == customer))
    return [dict(zip(table.columns, map(_value, row), strict=True)) for row in rows]


def _value(value: object) -> Value:
    if value is None or isinstance(value, str | int | float | decimal.Decimal | datetime.date):
        return value
    return str(value)


def card_data(card: CustomerCard) -> dict[str, object]:
    """A card for programs: its attributes, in their order, as JSON knows values.

    Dates are ISO 8601, moments too, in UTC with a Z; decimals are texts, exact, without zeros at
    their end.
    """
    shown = dataclasses.asdict(card)
    return {name: _as_json(value) for name, value in shown.items()}


def _as_json(value: object) -> object:
    match value:
        case dict():
            return {name: _as_json(one) for name, one in value.items()}
        case list() | tuple():
            return [_as_json(one) for one in value]
        case decimal.Decimal():
            return plain_decimal(value)
        case datetime.datetime():
            return f"{value.isoformat()}Z"
        case datetime.date():
            return value.isoformat()
    return value


def plain_decimal(value: decimal.Decimal) -> str:
    """A decimal with all its digits, without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
