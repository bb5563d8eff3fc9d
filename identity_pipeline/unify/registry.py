"""What is remembered of customers between runs: which key had which id, and what became of ids."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names

KEYS = {
    "identifier": "string",
    "rank": "int64",
    "key": "string",
    "customer_id": "string",
    "present": "boolean",
}
FORMER = {"identifier": "string", "customer_id": "string", "run": "int64"}
PROFILES = {
    "customer_id": "string",
    "state": "string",
    "merged_into": "string",
    "status": "string",
    "created_run": "int64",
    "created_on": "date",
    "became_known_on": "date",
    "previous_customer_id": "string",
}
HISTORY = {
    "run": "int64",
    "ingestion_date": "date",
    "customer_id": "string",
    "event": "string",
    "counterpart": "string",
    "rule": "string",
    "keys": "string",
}

# A profile's states: in Customer; absorbed by another; in no table at present.
LIVE, MERGED, GONE = "live", "merged", "gone"

# The event of a key that left a customer; its counterpart is the customer that has it now.
KEY_REMOVED = "key_removed"
# Events of a customer that begins, or begins again, with keys that another one held.
PARTED = ("split_from", "restored_from", "id_changed")


@dataclass(frozen=True)
class Registry:
    """The state that the last run left.

    Attributes:
        keys: every key ever in a customer: its current id, whether it was in Customer last run.
        former: ids that keys had before a merge took them.
        profiles: every id ever given, and what became of it.
        history: every change of identity, one row an event.
        given: `customer_id` of every id that must not be given again, whatever part of the registry
            this is.
    """

    keys: ir.Table
    former: ir.Table
    profiles: ir.Table
    history: ir.Table
    given: ir.Table


def last_run(engine: Engine, name: names.TableName, columns: Mapping[str, str]) -> ir.Table:
    """A table as the last run left it; empty before the first."""
    return engine.table(name) if engine.exists(name) else engine.relation(columns, [])


def read_registry(engine: Engine) -> Registry:
    """The registry as the last run left it; empty before the first."""
    profiles = last_run(engine, names.PROFILE_REGISTRY, PROFILES)
    return Registry(
        keys=last_run(engine, names.KEY_REGISTRY, KEYS),
        former=last_run(engine, names.FORMER_IDS, FORMER),
        profiles=profiles,
        history=last_run(engine, names.CUSTOMER_ID_HISTORY, HISTORY),
        given=profiles.select("customer_id"),
    )
