"""Owners of events: whose an event is where its device carried several known identities."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.activities.timeline import PLACE
from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables, shared_device_of
from identity_pipeline.terms.shared_devices import SharedDevice

NUMBER = "decimal(38, 9)"


@dataclass(frozen=True)
class Held:
    """What the keys are by now.

    Attributes:
        keys: AlternateKey.
        since: as `known_since.known_since`.
    """

    keys: ir.Table
    since: ir.Table


def owners(
    engine: Engine, environment: Environment, activity: ir.Table, held: Held
) -> ir.Table | None:
    """The owners of all events of shared devices, by what unification found.

    Args:
        engine: has whom the events of shared devices name.
        environment: the policies.
        activity: as `timeline.activities_in_force`.
        held: the keys and their customers.

    Returns:
        One row an event: as `owners_of`; None where no device is shared.
    """
    parts = []
    for table in _shared_tables(engine, environment):
        identities = engine.table(names.device_identities(table))
        # They are few, and whom each names is told by its place: joined with all events at once,
        # the engine makes the table to look them up in of the wrong side.
        few = engine.keep(_of_devices(activity, identities))
        events = _events(few, identities, table, held)
        placed = engine.keep(_in_order(events, _numbers(environment, events)))
        parts.append(owners_of(placed, shared_device_of(environment, table)))
    if not parts:
        return None
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def activity_keys(engine: Engine, environment: Environment, held: Held) -> ir.Table:
    """The keys that activities may name, with their customers; one place to look each up.

    Args:
        engine: has whom the events of shared devices name.
        environment: activities and the tables that they name keys of.
        held: the keys and their customers.

    Returns:
        One row a key: `identifier`, `CustomerId` (NULL for a device in no customer),
        `is_always_known`, `known_since`, `is_shared`: several people were named on the device.
    """
    named = dict.fromkeys(one.link.table for one in environment.activities)
    sources = [environment.source(table) for table in named]
    of_them = [
        (held.keys.DataSourceName == one.data_source) & (held.keys.TableName == one.table)
        for one in sources
    ]
    keys = held.keys.filter(ibis.or_(*of_them)).select("CustomerId", identifier="Identifier")
    since = held.since.select("is_always_known", "known_since", _key="identifier")
    keys = keys.left_join(since, keys.identifier == since._key).drop("_key")
    shared = [
        engine.table(names.device_identities(table)).select(_device="identifier")
        for table in _shared_tables(engine, environment)
    ]
    if not shared:
        return keys.mutate(is_shared=ibis.literal(False))
    devices = (ibis.union(*shared) if len(shared) > 1 else shared[0]).distinct()
    # A device may be in no customer: those who were named on it own its events all the same.
    found = keys.outer_join(devices, keys.identifier == devices._device)
    identifier = ibis.coalesce(found.identifier, found._device)
    return found.mutate(identifier=identifier, is_shared=found._device.notnull()).drop("_device")


def _shared_tables(engine: Engine, environment: Environment) -> list[str]:
    """The tables among whose keys are shared devices."""
    stored = {table: names.device_identities(table) for table in device_tables(environment)}
    return [table for table, one in stored.items() if engine.exists(one) and engine.size(one)]


def _numbers(environment: Environment, events: ir.Table) -> ir.DecimalValue:
    """The key of an event as a number, where its table's keys are numbers."""
    numeric = [
        one.table
        for one in environment.activities
        if environment.type_of(one.table, one.key) in ("integer", "decimal")
    ]
    nothing = ibis.null(NUMBER)
    if not numeric:
        return nothing
    return events.source.isin(numeric).ifelse(events.SourceActivityId.try_cast(NUMBER), nothing)


def _of_devices(activity: ir.Table, identities: ir.Table) -> ir.Table:
    """The events of shared devices, with what tells them apart and puts them in order."""
    devices = identities.select(_device="identifier").distinct()
    here = activity.semi_join(devices, activity.profile_identifier == devices._device)
    return here.select(
        *("ActivityId", "source", "SourceActivityId", "ActivityTimeStamp", "profile_identifier"),
        *PLACE,
    )


def _events(activity: ir.Table, identities: ir.Table, table: str, held: Held) -> ir.Table:
    """Events of shared devices, with whom they name and what is known of the device's key.

    Returns:
        One row an event: the activity's columns, `device`, `session`, `is_sign` (it names somebody)
        `named`, `is_named_known` (the customer, and whether it is a known one), `holder`,
        `is_holder_known`, `is_always_known`, `known_since` (of the device's key).
    """
    devices = identities.select("device", _key="identifier").distinct()
    joined = activity.join(devices, activity.profile_identifier == devices._key)
    said = identities.filter(identities.named.notnull() | identities.session.notnull())
    said = said.select(
        "session", _named="named", _date="ingestion_date", _file="file", _line="line"
    )
    # A condition on one side alone would make DuckDB compare every event with every other.
    file = (joined.source == table).ifelse(joined.file, ibis.null("string"))
    place = [joined.ingestion_date == said._date, file == said._file, joined.line == said._line]
    joined = joined.left_join(said, place)
    people = _people(held)
    named = people.select(_sign="_of", named="_customer", is_named_known="_is_known")
    joined = joined.left_join(named, joined._named == named._sign)
    holders = another(people).rename(holder="_customer", is_holder_known="_is_known")
    joined = joined.left_join(holders, joined._key == holders._of)
    return joined.mutate(
        is_sign=joined._named.notnull(),
        is_named_known=joined.is_named_known.fill_null(False),
        is_holder_known=joined.is_holder_known.fill_null(False),
    )


def _people(held: Held) -> ir.Table:
    """The customer of each key: `_of`, `_customer`, `_is_known`, and since when the key is known.

    Known customers' keys alone have a date.
    """
    keys = held.keys.select(_of="Identifier", _customer="CustomerId")
    joined = keys.left_join(held.since, keys._of == held.since.identifier)
    return joined.select(
        "_of",
        "_customer",
        "is_always_known",
        "known_since",
        _is_known=joined.identifier.notnull(),
    )


def _in_order(events: ir.Table, number: ir.DecimalValue) -> ir.Table:
    """Add `position`: the event's place among those of its device, by time, then key."""
    plain = ("SourceActivityId", "source", "ingestion_date", "file", "line")
    order = [events.ActivityTimeStamp, number, *(events[name] for name in plain)]
    place = ibis.row_number().over(group_by="device", order_by=order)
    return events.select(
        "ActivityId",
        "source",
        "SourceActivityId",
        "device",
        "session",
        "is_sign",
        "named",
        "is_named_known",
        "holder",
        "is_holder_known",
        "is_always_known",
        "known_since",
        moment="ActivityTimeStamp",
        position=place.cast("int64"),
    )


def owners_of(events: ir.Table, device: SharedDevice) -> ir.Table:
    """Whose each event of shared devices is.

    An event that names somebody is theirs. Of the others, `last_known_at_event` gives each to who
    was named last before it, and to who was named first if nobody was yet; `session_switch` does
    the same within a session. All that is left goes with the device's key.

    Nobody could have told then who it was, where the event names nobody and comes before its owner
    was first named on the device, or its owner is unknown to this day.

    Args:
        events: as `_in_order`.
        device: the policy.

    Returns:
        `_activity` (ActivityId), `_source` and `_source_key` (the event's), `_owner` (CustomerId;
        NULL for nobody), `_was_unknown`.
    """
    match device.policy:
        case "last_known_at_event":
            said = _nearest(events, ["device"])
        case "session_switch":
            said = _nearest(_in_sessions(events, device), ["device", "session"])
            alone = said.session.isnull() & ~said.is_sign
            said = said.mutate(at=alone.ifelse(ibis.null("int64"), said["at"]))
        case _:
            own = events.is_sign.ifelse(events.position, ibis.null("int64"))
            said = events.mutate(at=own)
    signs = another(events).filter(ibis._.is_sign)
    signs = signs.select("named", "is_named_known", "moment", _of="device", _at="position")
    joined = said.drop("named", "is_named_known").left_join(
        signs, [said.device == signs._of, said["at"] == signs._at], rname="{name}_of_sign"
    )
    is_said = joined._at.notnull()
    owned = joined.mutate(
        _owner=is_said.ifelse(joined.named, joined.holder),
        _is_known=is_said.ifelse(joined.is_named_known, joined.is_holder_known),
    )
    first = signs.group_by("_of", "named").aggregate(_first=signs.moment.min())
    first = first.rename(_name="named", _device="_of")
    dated = owned.left_join(first, [owned.device == first._device, owned._owner == first._name])
    before = dated.moment < ibis.coalesce(dated._first, dated.known_since)
    anonymous = ~dated.is_sign & ~dated.is_always_known.fill_null(False) & before.fill_null(True)
    return dated.select(
        "_owner",
        _activity="ActivityId",
        _source="source",
        _source_key="SourceActivityId",
        _was_unknown=~dated._is_known | anonymous,
    )


def _nearest(events: ir.Table, within: list[str]) -> ir.Table:
    """Add `at`: the position of the last event at or before it that names somebody, else the first.

    Args:
        events: with `position`.
        within: the columns of what is looked through; NULL where no event names somebody.
    """
    sign = events.is_sign.ifelse(events.position, ibis.null("int64"))
    so_far = ibis.window(group_by=within, order_by="position", preceding=None, following=0)
    before, first = sign.max().over(so_far), sign.min().over(ibis.window(group_by=within))
    return events.mutate(at=ibis.coalesce(before, first))


def _in_sessions(events: ir.Table, device: SharedDevice) -> ir.Table:
    """The events with their `session`: a column's value, or what a pause divides, numbered."""
    if device.session is not None:
        return events
    gap = ibis.interval(minutes=device.session_gap)
    in_order = ibis.window(group_by="device", order_by="position")
    last = events.moment.lag().over(in_order)
    begun = events.mutate(_begins=(last.isnull() | (events.moment > last + gap)).cast("int64"))
    so_far = ibis.window(group_by="device", order_by="position", preceding=None, following=0)
    session = begun._begins.sum().over(so_far).cast("string")
    return begun.mutate(session=session).drop("_begins")
