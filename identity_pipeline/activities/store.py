"""Activities in the warehouse: what was delivered, and whose it is now."""

from dataclasses import dataclass
from datetime import date

from identity_pipeline.activities.known_since import Unified, known_since
from identity_pipeline.activities.owners import Held, owners
from identity_pipeline.activities.timeline import (
    activities_in_force,
    activity_rows,
    attribute_types,
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


def store_unified_activity(engine: Engine, environment: Environment) -> None:
    """Join activities to the customers that hold their keys now, or own them on shared devices."""
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
    current = {one.table: engine.table(names.current(one.table)) for one in environment.activities}
    activity = activities_in_force(environment, current)
    held = Held(keys=unified.alternate_keys, since=engine.table(names.KNOWN_SINCE))
    rows = unified_activity(
        activity,
        held.keys,
        held.since,
        list(attribute_types(environment)),
        owners(engine, environment, activity, held),
    )
    engine.store(names.UNIFIED_ACTIVITY, rows)


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
