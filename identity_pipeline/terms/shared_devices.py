"""Shared devices: who owns a visitor id, and what was done with it, when several people used it."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from identity_pipeline.terms.base import ColumnName, Term

Policy = Literal[
    "last_known_at_event",
    "newest",
    "refuse",
    "own_customer",
    "limit_and_priority",
    "session_switch",
]

# So many people may share a device under `limit_and_priority`, where nothing else is said.
DEVICE_LIMIT = 2
# A pause longer than this ends a session; what web analytics usually takes.
SESSION_GAP_MINUTES = 30

_GAP = re.compile(r"^\s*(\d+)\s*(minute|hour)s?\s*$")


def _gap(value: object) -> object:
    if isinstance(value, str):
        found = _GAP.match(value)
        if not found:
            raise ValueError("must be a pause in minutes or hours, as 30 minutes")
        return int(found.group(1)) * (60 if found.group(2) == "hour" else 1)
    return value


# "30 minutes" in YAML, 30 in Python.
Gap = Annotated[int, BeforeValidator(_gap), Field(ge=1, le=100_000)]


class SharedDevice(Term):
    """What becomes of the visitor ids of a table that carried several known identities.

    An event that names somebody is theirs under every policy; the policy decides whose the key is,
    and whose the events are that name nobody.

    Attributes:
        policy: `last_known_at_event`: the key goes as matching decides, an event to who was named
            last before it. `newest`: all to who was named last. `refuse`: to nobody.
            `own_customer`: to the device, a customer of its own. `limit_and_priority`: as matching
            decides for up to `limit` identities, to nobody past it. `session_switch`: an event to
            who was named in its session, else to nobody; so is the key.
        limit: how many identities a device may have under `limit_and_priority`.
        session_gap: the pause that ends a session, in minutes.
        session: the column that tells sessions apart, instead of a pause.
    """

    policy: Policy = "last_known_at_event"
    limit: Annotated[int, Field(ge=1)] = DEVICE_LIMIT
    session_gap: Gap = SESSION_GAP_MINUTES
    session: ColumnName | None = None

    @model_validator(mode="after")
    def _says_nothing_in_vain(self) -> Self:
        owners = {"limit": "limit_and_priority"}
        owners |= dict.fromkeys(("session_gap", "session"), "session_switch")
        for key, policy in owners.items():
            if key in self.model_fields_set and self.policy != policy:
                raise ValueError(f"'{key}' goes with 'policy: {policy}'")
        if {"session_gap", "session"} <= self.model_fields_set:
            raise ValueError("'session_gap' and 'session' both tell sessions apart; remove one")
        return self


def _short(value: object) -> object:
    return {"policy": value} if isinstance(value, str) else value


# `newest` alone stands for `{policy: newest}`.
SharedDevicePolicy = Annotated[SharedDevice, BeforeValidator(_short)]
