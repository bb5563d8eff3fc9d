"""The history of a customer's identity, from the published file."""

import datetime
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.serving.summary import text_or_none
from identity_pipeline.terms import tables
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.terms.names import TableName

# So many ids are named where the beginning of an id fits several.
NAMED = 5


class UnknownCustomer(PipelineError):
    """No CustomerId ever given begins like this, or several do."""


@dataclass(frozen=True)
class Event:
    """A change of identity; see the columns of CustomerIdHistory."""

    run: int
    ingestion_date: datetime.date
    event: str
    counterpart: str | None
    rule: str | None
    keys: str | None


@dataclass(frozen=True)
class CustomerHistory:
    """What became of a CustomerId.

    Attributes:
        customer_id: the id asked for, whole.
        state: live, merged or gone.
        current_id: the id that it resolves to now; itself unless it was merged.
        events: its changes, oldest first.
    """

    customer_id: str
    state: str
    current_id: str
    events: tuple[Event, ...]


def history_of(engine: Engine, beginning: str) -> CustomerHistory:
    """Find a CustomerId and every change of it.

    Args:
        engine: has the published file open.
        beginning: a CustomerId, or enough of its first digits.

    Raises:
        UnknownCustomer: no id ever given begins so, or several do.
    """
    registry = engine.table(TableName("main", tables.PROFILES.name))
    fitting = registry.filter(registry.customer_id.startswith(beginning.lower()))
    ordered = fitting.order_by("customer_id").limit(NAMED + 1)
    found = engine.rows(ordered.select("customer_id", "state", "merged_into"))
    if not found:
        raise UnknownCustomer(f"no CustomerId was ever given that begins with '{beginning}'")
    if len(found) > 1:
        some = ", ".join(str(row[0]) for row in found[:NAMED])
        raise UnknownCustomer(f"several CustomerIds begin with '{beginning}': {some}")
    [(customer, state, merged_into)] = found
    return CustomerHistory(
        customer_id=str(customer),
        state=str(state),
        current_id=str(merged_into or customer),
        events=_events(engine, str(customer)),
    )


def _events(engine: Engine, customer: str) -> tuple[Event, ...]:
    history: ir.Table = engine.table(TableName("main", tables.HISTORY.name))
    own = history.filter(history.customer_id == customer).order_by("run", "event", "keys")
    columns = ("run", "ingestion_date", "event", "counterpart", "rule", "keys")
    return tuple(
        Event(
            run=int(str(run)),
            ingestion_date=datetime.date.fromisoformat(str(date)),
            event=str(event),
            counterpart=text_or_none(counterpart),
            rule=text_or_none(rule),
            keys=text_or_none(keys),
        )
        for run, date, event, counterpart, rule, keys in engine.rows(own.select(*columns))
    )
