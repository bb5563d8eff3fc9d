"""What changed on a day, from the published file."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, fields

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import insight_contracts as contracts
from identity_pipeline.terms import tables
from identity_pipeline.terms.names import TableName

# Enough of an id to find it, short enough to read.
SHOWN_DIGITS = 8


@dataclass(frozen=True)
class Change:
    """A change of identity: the customer, the other one if there is one, and the rule."""

    event: str
    customer_id: str
    counterpart: str | None
    rule: str | None

    def __str__(self) -> str:
        other = f" > {self.counterpart[:SHOWN_DIGITS]}" if self.counterpart else ""
        cause = f" ({self.rule})" if self.rule else ""
        return f"{self.customer_id[:SHOWN_DIGITS]}{other}{cause}"


def changes_on(engine: Engine, date: datetime.date) -> list[Change]:
    """The changes of identity that an ingestion date caused, by event and customer."""
    history = engine.table(TableName("main", tables.HISTORY.name))
    today = history.filter(history.ingestion_date == date).order_by("event", "customer_id")
    rows = engine.rows(today.select("event", "customer_id", "counterpart", "rule"))
    return [
        Change(str(event), str(customer), text_or_none(other), text_or_none(rule))
        for event, customer, other, rule in rows
    ]


def numbers_on(engine: Engine, date: datetime.date) -> dict[str, float]:
    """What a day's deliveries and unification come to, by the names of metrics.

    `rows_in` and `rejected` are those of the day's files; metrics those of the latest day that was
    unified, so that a day that changed nothing shows what holds.
    """
    deliveries = engine.table(TableName("main", tables.DELIVERIES.name))
    today = deliveries.filter(deliveries.ingestion_date == date)
    read = today.aggregate(rows_in=today.rows_in.sum(), rejected=today.rejected.sum())
    [(rows_in, rejected)] = engine.rows(read)
    metrics = engine.table(TableName("main", tables.METRICS.name))
    latest = metrics.ingestion_date == metrics.ingestion_date.max().as_scalar()
    whole = metrics.filter(latest & metrics.table_name.isnull() & metrics.rule.isnull())
    found = {
        str(name): float(str(value))
        for name, value in engine.rows(whole.select("metric", whole["value"].cast("float64")))
    }
    return found | {"rows_in": _number(rows_in), "rejected": _number(rejected)}


@dataclass(frozen=True)
class SegmentSummary:
    """A segment's members, and how many entered and left on a day."""

    segment: str
    members: int
    entered: int
    left: int


def segments_on(
    engine: Engine, segments: Sequence[str], date: datetime.date
) -> list[SegmentSummary]:
    """What a day did to segments, in the given order.

    Args:
        engine: has the published file open.
        segments: names of segments that are published.
        date: the day of the data.
    """
    log = engine.table(TableName("main", contracts.SEGMENT_CHANGES.name))
    today = log.filter(log.ingestion_date == date)
    counted = today.group_by(["segment", "change"]).aggregate(count=today.CustomerId.count())
    changes = {(str(a), str(b)): int(str(c)) for a, b, c in engine.rows(counted)}
    found = []
    for name in segments:
        members = engine.table(TableName("main", f"Segment_{name}"))
        [(size,)] = engine.rows(members.aggregate(size=members.CustomerId.nunique()))
        entered, left = (changes.get((name, change), 0) for change in ("entered", "left"))
        found.append(SegmentSummary(name, int(str(size)), entered, left))
    return found


@dataclass(frozen=True)
class ExportSummary:
    """Whom an export reached on a day, and who was left out, and why."""

    export: str
    members: int
    eligible: int
    refused_by_consent: int
    without_identifier: int
    removed: int


def exports_on(engine: Engine, date: datetime.date) -> list[ExportSummary]:
    """What a day's exports came to, by name."""
    runs = engine.table(TableName("main", contracts.EXPORT_RUNS.name))
    columns = [field.name for field in fields(ExportSummary)]
    rows = engine.rows(runs.filter(runs.ingestion_date == date).select(*columns).order_by("export"))
    return [ExportSummary(str(name), *(int(str(count)) for count in row)) for name, *row in rows]


def _number(value: object) -> float:
    return float(str(value or 0))


def text_or_none(value: object) -> str | None:
    """A fetched text, None where it is NULL."""
    return None if value is None else str(value)
