"""Shared devices: visitor ids whose own events name several records, and whose key is whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables, shared_device_of
from identity_pipeline.terms.splink import SplinkRule
from identity_pipeline.terms.unification import AnyMatchRule
from identity_pipeline.unify.ambiguities import SEVERAL
from identity_pipeline.unify.candidates import Side, best_first
from identity_pipeline.unify.devices import IDENTITIES, DeviceTask
from identity_pipeline.unify.offers import MatchTask, every_offer
from identity_pipeline.unify.winner import first_of

SHARED = "shared device: "


@dataclass(frozen=True)
class SharedDevices:
    """Devices in conflict: dedup groups whose own rows name two or more records.

    Attributes:
        task: matching's task, with the records that a device must not join.
        offers: what every group may join, as the policy leaves it.
        identities: columns as `devices.IDENTITIES`: every event of such a device, by its place,
            with the key of the record that it names; NULL where it names none.
        named: the candidate by which each row of such a device names its record.
        reason: what the ambiguity is called.
    """

    task: MatchTask
    offers: ir.Table
    identities: ir.Table
    named: ir.Table
    reason: str

    def told(self, lower: Side, ambiguities: ir.Table, chosen: ir.Table) -> ir.Table:
        """Ambiguities with one a conflict, instead of its plain one of several candidates."""
        named = self.named
        counted = named.group_by("group").aggregate(candidates=named.record.nunique())
        picks = chosen.select(_group="group", chosen_key="target_key", _record="record")
        rivals = named.join(counted, "group").left_join(picks, ibis._.group == picks._group)
        rivals = rivals.filter(rivals._record.isnull() | (rivals.record != rivals._record))
        rival = rivals.filter(first_of(rivals, "group", best_first(rivals)))
        keys = lower.rows.filter(lower.rows._is_winner).select(_of="_group", key="_key")
        found = rival.join(keys, rival.group == keys._of).select(
            "key",
            "rule",
            "candidates",
            "chosen_key",
            reason=ibis.literal(self.reason),
            other_key="target_key",
        )
        plain = (ambiguities.reason == SEVERAL) & ambiguities.key.isin(found.key)
        return ambiguities.filter(~plain).union(found.select(*ambiguities.columns))


def no_identities(engine: Engine) -> ir.Table:
    """The table of identities without any conflict."""
    return engine.relation(IDENTITIES, [])


def shared_devices(
    engine: Engine, lower: Side, higher: Mapping[str, Side], task: MatchTask, offers: ir.Table
) -> SharedDevices | None:
    """Find the devices in conflict, and decide by the policy what each may join.

    A row names a record by the first rule that finds one for this row alone, and of several the
    best. Matching stops at the first rule that finds something for any row of a device, so that
    all rules are tried again, for the few devices that are in doubt. A device under always match is
    none: the user has said whose it is.

    Args:
        engine: keeps the few rows concerned.
        lower: the devices' table.
        higher: the tables above it.
        task: with `devices`; without, nothing is looked for.
        offers: as `offers.offers_of`.

    Returns:
        None where no device is in conflict.
    """
    if task.devices is None:
        return None
    doubtful = _doubtful(lower, task.rules, offers)
    if not engine.count(doubtful):
        return None
    rows = engine.keep(lower.rows.semi_join(doubtful, lower.rows._group == doubtful.group))
    every = engine.keep(every_offer(engine, replace(lower, rows=rows), higher, task))
    forced = every.filter(every.rule_index == 0)
    rules = every.anti_join(forced, "group")
    named = engine.keep(rules.filter(first_of(rules, "right_ordinal", best_first(rules))))
    counted = named.group_by("group").aggregate(records=named.record.nunique())
    conflicts = engine.keep(counted.filter(counted.records > 1))
    if not engine.count(conflicts):
        return None
    named = engine.keep(named.semi_join(conflicts, "group"))
    events = engine.keep(_events(rows.semi_join(conflicts, rows._group == conflicts.group), task))
    identities = _identities(events, named, task.devices)
    barred = _barred(engine, (every, named, conflicts), events, task.devices)
    reason = SHARED + task.devices.device.policy
    if barred is None:
        return SharedDevices(task, offers, identities, named, reason)
    # The best of what is left may be of a rule that matching did not come to.
    others = offers.filter(offers.forbidden).union(
        offers.filter(~offers.forbidden).anti_join(barred, "group")
    )
    left = every.semi_join(barred, "group").anti_join(barred, ["group", "record"])
    left = engine.keep(others.union(left.select(*offers.columns)))
    return SharedDevices(replace(task, barred=barred), left, identities, named, reason)


def _doubtful(lower: Side, rules: Sequence[AnyMatchRule], offers: ir.Table) -> ir.Table:
    """Groups whose rows may name several records: `group`."""
    allowed = offers.filter(~offers.forbidden)
    counted = allowed.group_by("group").aggregate(records=allowed.record.nunique())
    several = counted.filter(counted.records > 1).select("group")
    if len(rules) < 2:
        return several
    # Rows that named nobody so far, with values of a rule that was not tried for them.
    rows = lower.rows.semi_join(allowed, lower.rows._group == allowed.group)
    naming = another(allowed).select(_named="right_ordinal")
    rows = rows.anti_join(naming, rows._ordinal == naming._named)
    later = ibis.or_(*(_may_name(rows, rule) for rule in rules[1:]))
    return several.union(rows.filter(later).select(group="_group"), distinct=True)


def _may_name(rows: ir.Table, rule: AnyMatchRule) -> ir.BooleanValue:
    """Whether a row has what a rule compares; a model needs not all of it."""
    there = [rows[condition.right].notnull() for condition in rule.conditions]
    return ibis.or_(*there) if isinstance(rule, SplinkRule) else ibis.and_(*there)


def _events(rows: ir.Table, task: MatchTask) -> ir.Table:
    """The events of devices in conflict, each with the profile row that it is.

    Events alike in all selected columns are one profile row.
    """
    assert task.devices is not None
    devices = task.devices
    values = [f"_value_{number}" for number in range(len(devices.columns))]
    profiles = rows.group_by(
        _of="_key", **dict(zip(values, (rows[c] for c in devices.columns), strict=True))
    ).aggregate(_ordinal=rows._ordinal.min(), _group=rows._group.min())
    events = devices.current
    same = [
        events[column].identical_to(profiles[value])
        for column, value in zip(devices.columns, values, strict=True)
    ]
    joined = events.join(profiles, [as_text(events[devices.primary_key]) == profiles._of, *same])
    column = devices.device.session
    keys = rows.filter(rows._is_winner).select(_leads="_group", _device="_key")
    found = joined.join(keys, joined._group == keys._leads)
    return found.select(
        "_group",
        "_ordinal",
        "_device",
        key="_of",
        ingestion_date="_ingestion_date",
        file="_file",
        line="_line",
        moment=found[devices.time].cast("timestamp(6)"),
        session=as_text(found[column]) if column else ibis.null("string"),
    )


def _identities(events: ir.Table, named: ir.Table, devices: DeviceTask) -> ir.Table:
    own = ibis.literal(devices.prefixes[devices.rank])
    prefix = named.left_rank.cases(*devices.prefixes.items())
    said = named.select(_by="right_ordinal", rule="rule", named=prefix + named.target_key)
    joined = events.left_join(said, events._ordinal == said._by)
    columns = {name: joined[name] for name in IDENTITIES if name not in ("device", "identifier")}
    return joined.select(device=own + joined._device, identifier=own + joined.key, **columns)


def _barred(
    engine: Engine,
    found: tuple[ir.Table, ir.Table, ir.Table],
    events: ir.Table,
    devices: DeviceTask,
) -> ir.Table | None:
    """`group` and `record`: what devices in conflict must not join; None where all is allowed.

    Args:
        engine: keeps it.
        found: every offer of doubtful groups; the one by which each row names its record; the
            groups in conflict with how many `records`.
        events: as `_events`.
        devices: the policy.
    """
    every, named, conflicts = found
    device = devices.device
    match device.policy:
        case "last_known_at_event":
            return None
        case "limit_and_priority":
            conflicts = conflicts.filter(conflicts.records > device.limit)
    barred = every.semi_join(conflicts, "group").select("group", "record").distinct()
    if device.policy == "newest":
        newest = _newest(events, named)
        barred = barred.anti_join(newest, ["group", "record"])
    barred = engine.keep(barred)
    return barred if engine.count(barred) else None


def _newest(events: ir.Table, named: ir.Table) -> ir.Table:
    """The record that each device's latest event names; at one time, the better match."""
    at = events.group_by("_ordinal").aggregate(_last=events.moment.max())
    dated = named.left_join(at, named.right_ordinal == at._ordinal)
    order = [dated._last.desc(nulls_first=False), *best_first(dated)]
    return dated.filter(first_of(dated, "group", order)).select("group", "record")


def own_customers(engine: Engine, environment: Environment) -> list[tuple[str, ir.Table]]:
    """Devices that are customers of their own: table, and `key`, of the winner of each."""
    found = []
    for table in device_tables(environment):
        name = names.device_identities(table)
        if shared_device_of(environment, table).policy != "own_customer" or not engine.size(name):
            continue
        devices = engine.table(name).device.substr(len(environment.source(table).prefix))
        found.append((table, engine.table(name).select(key=devices).distinct()))
    return found


def with_own_customers(consolidated: ir.Table, devices: list[tuple[str, ir.Table]]) -> ir.Table:
    """Keep the records of devices that are customers of their own, whatever Include all says."""
    for table, keys in devices:
        rows = consolidated
        own = rows.filter((rows.table == table) & rows.key.isin(keys.key)).select("record")
        consolidated = rows.mutate(kept=rows.kept | rows.record.isin(own.record))
    return consolidated
