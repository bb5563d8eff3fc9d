"""Activities in the warehouse: what was delivered, and whose it is now."""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from identity_pipeline.activities.changes import (
    DATES,
    Before,
    Delivered,
    is_most,
    new_dates,
    read_before,
    touched,
)
from identity_pipeline.activities.known_since import Unified, known_since
from identity_pipeline.activities.owners import Held, activity_keys, owners
from identity_pipeline.activities.timeline import (
    activities_in_force,
    activity_rows,
    attribute_types,
    has_each_id_once,
    late_rows,
    problem_rows,
    unified_activity,
)
from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment


@dataclass(frozen=True)
class Stored:
    """What a load of activities did: rows of the dates, and how many are late."""

    rows: int
    late: int


def store_activities(engine: Engine, environment: Environment, dates: list[date]) -> Stored:
    """Show what was delivered as activities, and count those of ingestion dates.

    Deliveries are immutable by date and never hold a customer, so activities are a view of them:
    ten million events are not written a second time.
    """
    landed = {one.table: engine.table(names.source(one.table)) for one in environment.activities}
    engine.show(names.ACTIVITY, activity_rows(environment, landed))
    activity = engine.table(names.ACTIVITY)
    engine.store(names.ACTIVITY_PROBLEMS, problem_rows(activity))
    today = activity.filter(activity.ingestion_date.isin(dates))
    counted = today.aggregate(rows=today.count(), late=late_rows(environment, today).sum())
    [(rows, late)] = engine.rows(counted)
    return Stored(rows=_whole(rows), late=_whole(late))


def store_unified_activity(
    engine: Engine,
    environment: Environment,
    delivered: Delivered = MappingProxyType({}),
    *,
    is_alike: bool = False,
) -> bool:
    """Join activities to the customers that hold their keys now, or own them on shared devices.

    Who holds which key is a small table. Where nothing in the warehouse reads the timeline, it is a
    view that joins the two: ten million events are written once, by publishing them.

    Args:
        engine: has activities and customers.
        environment: what they are.
        delivered: what was delivered of every source of activities.
        is_alike: whether the timeline was made before by the same configuration; otherwise, all of
            it is made anew.

    Returns:
        Whether it was the changes alone that were made: ACTIVITY_TOUCHED and ACTIVITY_CHANGED
        have them.
    """
    before = read_before(engine) if is_alike else None
    made = _made_of(engine, environment)
    days = [(source, day, known) for (source, day), known in sorted(delivered.items())]
    engine.store(names.ACTIVITY_DATES, engine.relation(DATES, days))
    changed = _store_changes(engine, environment, made, before, delivered)
    # Measures and segments read it again and again; the published file alone reads it once.
    if not (environment.measures or environment.segments):
        engine.show(names.UNIFIED_ACTIVITY, made.timeline())
    elif changed:
        gone, rows = engine.table(names.ACTIVITY_TOUCHED), engine.table(names.ACTIVITY_CHANGED)
        engine.amend(names.UNIFIED_ACTIVITY, "ActivityId", gone, rows)
    else:
        engine.store(names.UNIFIED_ACTIVITY, made.timeline())
    return changed


@dataclass(frozen=True)
class _Made:
    """What the timeline is made of.

    Attributes:
        activity: as `timeline.activities_in_force`.
        keys: as `owners.activity_keys`.
        owners: as `owners.owners_of`; None where no device is shared.
        attributes: the names of attributes.
    """

    activity: ir.Table
    keys: ir.Table
    owners: ir.Table | None
    attributes: list[str]

    def timeline(self, of: ir.Table | None = None) -> ir.Table:
        """UnifiedActivity, or of some `source` and `SourceActivityId` alone."""
        rows = self.activity
        if of is not None:
            rows = rows.semi_join(of, ["source", "SourceActivityId"])
        return unified_activity(rows, self.keys, self.attributes, self.owners)


def _made_of(engine: Engine, environment: Environment) -> _Made:
    order = environment.unify.order
    unified = Unified(
        customers=engine.table(names.CUSTOMERS),
        alternate_keys=engine.table(names.ALTERNATE_KEY),
        history=engine.table(names.CUSTOMER_ID_HISTORY),
        profiles=engine.table(names.PROFILE_REGISTRY),
        current={table: engine.table(names.current(table)) for table in order},
        members={table: engine.table(names.members(table)) for table in order},
        matches={table: engine.table(names.matches(table)) for table in order[1:]},
    )
    engine.store(names.KNOWN_SINCE, known_since(environment, unified))
    held = Held(keys=unified.alternate_keys, since=engine.table(names.KNOWN_SINCE))
    engine.store(names.ACTIVITY_KEYS, activity_keys(engine, environment, held))
    current = {one.table: engine.table(names.current(one.table)) for one in environment.activities}
    activity = activities_in_force(environment, current)
    owned = _stored_owners(engine, owners(engine, environment, activity, held))
    keys, attributes = engine.table(names.ACTIVITY_KEYS), list(attribute_types(environment))
    return _Made(activity, keys, owned, attributes)


def _store_changes(
    engine: Engine,
    environment: Environment,
    made: _Made,
    before: Before | None,
    delivered: Delivered,
) -> bool:
    """Store what changed of the timeline; False where that is unknown, or most of it."""
    if before is None or not engine.exists(names.UNIFIED_ACTIVITY):
        return False
    if not all(has_each_id_once(environment, one) for one in environment.activities):
        return False
    dates = new_dates(before, delivered)
    if dates is None:
        return False
    rows = engine.keep(touched(engine, environment, made.activity, before, dates))
    if is_most(engine.count(rows), engine.count(made.activity)):
        return False
    engine.store(names.ACTIVITY_TOUCHED, rows.select("ActivityId"))
    engine.store(names.ACTIVITY_CHANGED, made.timeline(of=rows))
    return True


def _stored_owners(engine: Engine, rows: ir.Table | None) -> ir.Table | None:
    if rows is not None:
        engine.store(names.ACTIVITY_OWNERS, rows)
        return engine.table(names.ACTIVITY_OWNERS)
    if engine.exists(names.ACTIVITY_OWNERS):
        none = engine.table(names.ACTIVITY_OWNERS).filter(ibis.literal(False))
        engine.store(names.ACTIVITY_OWNERS, none)
    return None


def activity_numbers(engine: Engine) -> dict[str, int]:
    """How many activities there are, belong to a customer, were delivered twice or are doubtful."""
    unified, activity = engine.table(names.UNIFIED_ACTIVITY), engine.table(names.ACTIVITY)
    problems = engine.table(names.ACTIVITY_PROBLEMS)
    counted = unified.aggregate(
        activities=unified.count(),
        resolved=unified.CustomerId.count(),
        unknown=unified.was_unknown_at_event.sum(),
    )
    [(activities, resolved, unknown)] = [map(_whole, row) for row in engine.rows(counted)]
    doubtful = problems.aggregate(aside=(~problems.is_kept).sum(), ahead=problems.is_kept.sum())
    [(aside, ahead)] = [map(_whole, row) for row in engine.rows(doubtful)]
    return {
        "activities": activities,
        "resolved": resolved,
        "unresolved": activities - resolved,
        "while_unknown": unknown,
        "replaced_or_repeated": engine.count(activity) - activities - aside,
        "set_aside": aside,
        "clock_ahead": ahead,
    }


def _whole(value: object) -> int:
    return int(str(value or 0))
