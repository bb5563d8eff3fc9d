"""What a run changes in the registry, and the history of every change of identity."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.unify.customer_id import Assignment
from identity_pipeline.unify.events import Facts, history_events
from identity_pipeline.unify.merge import KNOWN, STATUS
from identity_pipeline.unify.registry import FORMER, GONE, LIVE, MERGED, PROFILES, Registry
from identity_pipeline.unify.winner import first_of


@dataclass(frozen=True)
class Run:
    """The run that makes changes: its number among runs that did, and the data's date.

    Read from a table of one row: as literals they would make every statement of a day a new one.
    """

    number: ir.IntegerScalar
    ingestion_date: ir.DateScalar


@dataclass(frozen=True)
class Remembered:
    """What is remembered after a run, of the part of the registry that it was given.

    Attributes:
        keys, former, profiles: as `registry.Registry`.
        events: the rows that the history gets.
    """

    keys: ir.Table
    former: ir.Table
    profiles: ir.Table
    events: ir.Table


def next_run(engine: Engine, registry: Registry, ingestion_date: date) -> Run:
    """The run after the last one that changed an identity."""
    [(last,)] = engine.rows(registry.history.aggregate(last=registry.history.run.max()))
    columns = {"number": "int64", "ingestion_date": "date"}
    row = engine.keep(engine.relation(columns, [(int(str(last or 0)) + 1, ingestion_date)]))
    return Run(row.number.as_scalar(), row.ingestion_date.as_scalar())


def remember(
    engine: Engine, registry: Registry, assignment: Assignment, facts: Facts, run: Run
) -> Remembered:
    """What is remembered after a run; without changes it is the same, row for row.

    Args:
        engine: stores steps that are read more than once.
        registry: as the last run left it, or the part of it that this run can change.
        assignment: who is who now.
        facts: keys, statuses and evidence of this run.
        run: what new rows are dated with.
    """
    keys = engine.keep(_keys(registry, assignment, facts))
    former = engine.keep(_former(registry, assignment, run))
    profiles = _profiles(registry, assignment, facts, run)
    profiles = engine.keep(_resolve_merged(profiles, former, keys))
    events = history_events(registry, assignment, facts, keys)
    dated = events.mutate(run=run.number, ingestion_date=run.ingestion_date)
    new = engine.keep(dated.select(*registry.history.columns))
    return Remembered(keys=keys, former=former, profiles=profiles, events=new)


def _keys(registry: Registry, assignment: Assignment, facts: Facts) -> ir.Table:
    """Every key ever seen; those of absorbed profiles follow the survivor."""
    now = facts.keys.select("identifier", "rank", "key", "customer_id", present=ibis.literal(True))
    merged = assignment.absorbed.select(_absorbed="customer_id", survivor="survivor")
    absent = registry.keys.anti_join(now, "identifier")
    joined = absent.left_join(merged, absent.customer_id == merged._absorbed)
    moved = joined.select(
        "identifier",
        "rank",
        "key",
        customer_id=ibis.coalesce(joined.survivor, joined.customer_id),
        present=ibis.literal(False),
    )
    return now.union(moved)


def _former(registry: Registry, assignment: Assignment, run: Run) -> ir.Table:
    lost = registry.keys.semi_join(assignment.absorbed, "customer_id")
    added = lost.select("identifier", "customer_id", run=run.number)
    both = registry.former.union(added)
    latest = both.group_by(["identifier", "customer_id"]).aggregate(run=both.run.max())
    return latest.select(*FORMER)


def _profiles(registry: Registry, assignment: Assignment, facts: Facts, run: Run) -> ir.Table:
    """Every id ever given, with what it is now; columns as PROFILES without `merged_into`."""
    rows = _before_and_now(registry, assignment, facts)
    today = run.ingestion_date
    live, status = rows._now.notnull(), ibis.coalesce(rows._status, rows.status)
    state = ibis.cases(
        (live, LIVE), (rows._gone.notnull() | (rows.state == MERGED), MERGED), else_=GONE
    )
    became = ibis.ifelse(
        status == KNOWN,
        ibis.coalesce(rows._known_before, rows.became_known_on, today),
        ibis.null("date"),
    )
    previous = ibis.cases(
        (rows._absorbed.notnull(), rows._absorbed),
        (live & (rows.origin != "kept"), rows.left_id),
        (rows._contested.notnull(), ibis.null("string")),
        else_=rows.previous_customer_id,
    )
    return rows.select(
        customer_id=rows._any,
        state=state,
        status=status,
        created_run=ibis.coalesce(rows.created_run, run.number),
        created_on=ibis.coalesce(rows.created_on, today),
        became_known_on=became,
        previous_customer_id=previous,
    )


def _before_and_now(registry: Registry, assignment: Assignment, facts: Facts) -> ir.Table:
    """Profiles as they were, beside what this run made of them.

    Adds `_any` (the id), `_now` (the id where it has a record), `_status`, `origin`, `left_id`,
    `_absorbed` (ids that it swallowed), `_contested` and `_gone` (the id, where that happened),
    `_known_before` (since when a customer whose id was changed is known).
    """
    absorbed, before = assignment.absorbed, registry.profiles
    now = assignment.ids.join(facts.statuses, "record").select(
        "origin", "left_id", _now="customer_id", _status=STATUS
    )
    swallowed = absorbed.group_by("survivor").aggregate(
        _absorbed=ibis.literal(";").join(absorbed.customer_id.collect().sort())
    )
    contested = assignment.contested.select(_contested="customer_id")
    gone = absorbed.select(_gone="customer_id")
    rows = before.outer_join(now, before.customer_id == now._now)
    rows = rows.mutate(_any=ibis.coalesce(rows.customer_id, rows._now))
    rows = rows.left_join(swallowed, rows._any == swallowed.survivor)
    rows = rows.left_join(contested, rows._any == contested._contested)
    rows = rows.left_join(gone, rows._any == gone._gone)
    # A join on a condition of more than equality would compare every two profiles.
    reissued = (rows.origin == "reissued").ifelse(rows.left_id, ibis.null("string"))
    rows = rows.mutate(_reissued=reissued)
    old = before.select(_old="customer_id", _known_before="became_known_on")
    return rows.left_join(old, rows._reissued == old._old)


def _resolve_merged(profiles: ir.Table, former: ir.Table, keys: ir.Table) -> ir.Table:
    """Add `merged_into`: the id that the first key of an absorbed profile has now."""
    known = keys.select("identifier", "rank", "key", _now="customer_id")
    traced = former.join(known, "identifier")
    first = traced.filter(first_of(traced, "customer_id", [traced["rank"], traced.key]))
    first = first.select("_now", _id="customer_id")
    joined = profiles.left_join(first, profiles.customer_id == first._id)
    into = ibis.ifelse(joined.state == MERGED, joined._now, ibis.null("string"))
    return joined.mutate(merged_into=into).select(*PROFILES)
