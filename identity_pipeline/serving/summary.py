"""What changed on a day, from the published file."""

import datetime
from dataclasses import dataclass

from identity_pipeline.engine.base import Engine
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


def _number(value: object) -> float:
    return float(str(value or 0))


def text_or_none(value: object) -> str | None:
    """A fetched text, None where it is NULL."""
    return None if value is None else str(value)
