"""Activities in the warehouse: immutable by ingestion date, read again only where they must be."""

from dataclasses import dataclass
from datetime import date

from identity_pipeline.activities.known_since import Unified, known_since
from identity_pipeline.activities.timeline import (
    activity_rows,
    attribute_types,
    in_force,
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


def store_activities(
    engine: Engine, environment: Environment, dates: list[date], version: str
) -> Stored:
    """Load the activities of ingestion dates; all dates, where what activities are has changed.

    Args:
        engine: has the sources' deliveries.
        environment: what activities are.
        dates: the ingestion dates to load; what was loaded of them before is replaced.
        version: names the configuration of activities; another one than last time reads all again.
    """
    landed = {one.table: engine.table(names.source(one.table)) for one in environment.activities}
    if not _is_version(engine, version):
        engine.store(names.ACTIVITY, activity_rows(environment, landed, None))
        columns = {"name": "string", "version": "string"}
        row = engine.relation(columns, [(names.ACTIVITY.table, version)])
        engine.replace_rows(names.VERSIONS, row, {"name": names.ACTIVITY.table})
    else:
        for day in dates:
            where = {"ingestion_date": day.isoformat()}
            engine.replace_rows(names.ACTIVITY, activity_rows(environment, landed, day), where)
    activity = engine.table(names.ACTIVITY)
    engine.store(names.ACTIVITY_PROBLEMS, problem_rows(activity))
    loaded = activity.filter(activity.ingestion_date.isin(dates))
    return Stored(
        rows=engine.count(loaded), late=engine.count(loaded.filter(late_rows(environment, loaded)))
    )


def _is_version(engine: Engine, version: str) -> bool:
    if not engine.exists(names.VERSIONS) or not engine.exists(names.ACTIVITY):
        return False
    kept = engine.table(names.VERSIONS)
    same = (kept["name"] == names.ACTIVITY.table) & (kept.version == version)
    return engine.count(kept.filter(same)) == 1


def store_unified_activity(engine: Engine, environment: Environment) -> None:
    """Join activities to the customers that hold their keys now."""
    order = environment.unify.order
    unified = Unified(
        customers=engine.table(names.CUSTOMERS),
        alternate_keys=engine.table(names.ALTERNATE_KEY),
        history=engine.table(names.CUSTOMER_ID_HISTORY),
        current={table: engine.table(names.current(table)) for table in order},
        members={table: engine.table(names.members(table)) for table in order},
        matches={table: engine.table(names.matches(table)) for table in order[1:]},
    )
    engine.store(names.KNOWN_SINCE, known_since(environment, unified))
    current = {one.table: engine.table(names.current(one.table)) for one in environment.activities}
    rows = unified_activity(
        in_force(engine.table(names.ACTIVITY), current),
        unified.alternate_keys,
        engine.table(names.KNOWN_SINCE),
        list(attribute_types(environment)),
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
