"""Devices: what is needed to tell whom the events of a visitor id name."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables, events_of, shared_device_of
from identity_pipeline.terms.shared_devices import SharedDevice

# Columns of `names.device_identities`.
IDENTITIES = {
    "device": "string",
    "identifier": "string",
    "ingestion_date": "date",
    "file": "string",
    "line": "int64",
    "moment": "timestamp(6)",
    "session": "string",
    "named": "string",
    "rule": "string",
}


@dataclass(frozen=True)
class DeviceTask:
    """A table whose keys may be shared devices.

    Attributes:
        device: the policy.
        current: what the source holds now: one row an event.
        primary_key: the column of the device.
        columns: the selected columns; what an event names depends on these alone.
        time: the column of when an event happened.
        prefixes: rank of a table -> what comes before its keys in an identifier.
        rank: the table's own.
    """

    device: SharedDevice
    current: ir.Table
    primary_key: str
    columns: tuple[str, ...]
    time: str
    prefixes: Mapping[int, str]
    rank: int


def device_task(engine: Engine, environment: Environment, table: str) -> DeviceTask | None:
    """The task of a table; None where its keys cannot be shared devices."""
    if table not in device_tables(environment):
        return None
    events, profile = events_of(environment, table), environment.profile(table)
    assert events is not None, "device tables have events"
    return DeviceTask(
        device=shared_device_of(environment, table),
        current=engine.table(names.current(table)),
        primary_key=profile.primary_key,
        columns=profile.columns,
        time=events.time,
        prefixes={
            rank: environment.source(name).prefix
            for rank, name in enumerate(environment.unify.order, start=1)
        },
        rank=environment.rank(table),
    )
