"""Consolidated records as the warehouse holds them, for the steps that follow matching."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.identifying import identifying_values
from identity_pipeline.expressions.record_names import RANK, record_of
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify import overrides
from identity_pipeline.unify.changed_rows import difference
from identity_pipeline.unify.connect import Limits, connect_records
from identity_pipeline.unify.held import hold, nothing_held
from identity_pipeline.unify.keyring import Contribution, consolidate, keys_of
from identity_pipeline.unify.maxima import maxima_of
from identity_pipeline.unify.merge import unify_columns
from identity_pipeline.unify.shared_devices import own_customers, with_own_customers
from identity_pipeline.unify.tasks import contributions, last_date, lower_side

OWN = "_own"


@dataclass(frozen=True)
class Consolidation:
    """What matching left.

    Attributes:
        consolidated, keys: as `keyring.consolidate`, `keyring.keys_of`.
        contributions: the tables, in match order.
        date: the last ingestion date of anything that was applied.
    """

    consolidated: ir.Table
    keys: ir.Table
    contributions: list[Contribution]
    date: datetime.date


def store(engine: Engine, environment: Environment, changed: Collection[str] | None = None) -> bool:
    """Put the records of all tables together, by assignment or by components, with their keys.

    Args:
        engine: has the deduplicated and matched tables.
        environment: how they are linked.
        changed: the tables, as `schema.table`, of members that changed since the records that are
            stored were made; None where that is unknown, or those were made otherwise.

    Returns:
        Whether it was the records that changed alone that were stored: RECORDS_TOUCHED has them.
    """
    if environment.unify.linking == "components":
        records = _connected(engine, environment)
    else:
        records = _assigned(engine, environment)
    parts = contributions(engine, environment, records)
    found = hold(engine, parts, environment.unify.guards.keys_per_customer)
    if found:
        parts = contributions(engine, environment, dict(found.records))
    engine.store(names.HELD_FOR_REVIEW, found.held if found else nothing_held(engine))
    devices = own_customers(engine, environment)
    rows = with_own_customers(consolidate(parts), devices)
    if changed is not None and _store_changes(engine, environment, rows, parts, changed):
        return True
    engine.store(names.CONSOLIDATED, rows)
    engine.store(names.KEYS, keys_of(engine.table(names.CONSOLIDATED), parts))
    return False


def _store_changes(
    engine: Engine,
    environment: Environment,
    rows: ir.Table,
    parts: Sequence[Contribution],
    changed: Collection[str],
) -> bool:
    """Store the records that are others than those stored, or have a row that is."""
    now, before = engine.keep(rows), engine.table(names.CONSOLIDATED)
    found = difference(engine, _named(now), _named(before), OWN)
    if found is None:
        return False
    was = _named(another(before)).semi_join(found.gone, OWN)
    touched = [found.rows.select("record"), was.select("record")]
    for table in environment.unify.order:
        if str(names.members(table)) in changed:
            groups = engine.table(names.groups_touched(table)).rename(group="_group")
            here = another(now).filter(ibis._.table == table)
            touched.append(here.semi_join(groups, "group").select("record"))
    engine.store(names.RECORDS_TOUCHED, ibis.union(*touched, distinct=True))
    records = engine.table(names.RECORDS_TOUCHED)
    part = engine.keep(now.semi_join(records, "record"))
    engine.amend(names.CONSOLIDATED, "record", records, part)
    engine.amend(names.KEYS, "record", records, engine.keep(keys_of(part, parts)))
    return True


def _named(consolidated: ir.Table) -> ir.Table:
    """Dedup groups of all tables with a name each: the record that they would be alone."""
    return consolidated.mutate(**{OWN: consolidated["rank"] * RANK + consolidated.group})


def read(engine: Engine, environment: Environment) -> Consolidation:
    """The stored consolidated records with their keys."""
    stored = engine.table(names.CONSOLIDATED)
    records = {
        table: stored.filter(stored.table == table).select("group", "record")
        for table in environment.unify.order
    }
    parts = contributions(engine, environment, records)
    return Consolidation(stored, engine.table(names.KEYS), parts, last_date(engine))


def store_unified(engine: Engine, environment: Environment, *, is_known: bool = False) -> None:
    """Store the unified columns of consolidated records (`merge.unify_columns`).

    Args:
        engine: has the records.
        environment: the columns asked for.
        is_known: whether what is stored is that of the records before RECORDS_TOUCHED were changed:
            then only theirs is made.
    """
    found = read(engine, environment)
    if not is_known:
        rows = unify_columns(found.consolidated, found.contributions, environment.unify)
        engine.store(names.UNIFIED, rows)
        return
    records = engine.table(names.RECORDS_TOUCHED)
    part = engine.keep(found.consolidated.semi_join(records, "record"))
    rows = unify_columns(part, found.contributions, environment.unify)
    engine.amend(names.UNIFIED, "record", records, engine.keep(rows))


def _assigned(engine: Engine, environment: Environment) -> dict[str, ir.Table]:
    first, *others = environment.unify.order
    winners = engine.table(names.winners(first))
    own = winners.select(group="_group", record=record_of(1, winners._group))
    return {first: own} | {
        table: engine.table(names.matches(table)).select("group", "record") for table in others
    }


def _connected(engine: Engine, environment: Environment) -> dict[str, ir.Table]:
    order = environment.unify.order
    winners = {table: engine.table(names.winners(table)) for table in order}
    nodes = {
        table: rows.select(group="_group", node=record_of(environment.rank(table), rows._group))
        for table, rows in winners.items()
    }
    matches = {environment.rank(table): engine.table(names.matches(table)) for table in order[1:]}
    every = ibis.union(*(rows.select("node") for rows in nodes.values())) if order[1:] else None
    if every is None:
        return {order[0]: nodes[order[0]].rename(record="node")}
    joined = engine.keep(connect_records(engine, matches, every, _limits(engine, environment)))
    return {
        table: rows.join(joined, "node").select("group", "record") for table, rows in nodes.items()
    }


def _limits(engine: Engine, environment: Environment) -> Limits:
    """What must not be in one record, by own records of dedup groups."""
    foes, maxima = _foes(engine, environment), maxima_of(environment)
    if maxima is None:
        return Limits(foes)
    parts = [
        values
        for table in environment.unify.order
        if (
            values := identifying_values(
                lower_side(engine, environment, table).rows,
                maxima.columns[table],
                maxima.most,
                "_record",
            )
        )
        is not None
    ]
    if not parts:
        return Limits(foes)
    every = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    return Limits(foes, engine.keep(every), maxima.most)


def _foes(engine: Engine, environment: Environment) -> ir.Table | None:
    """Never-match pairs as own records of dedup groups."""
    pairs = engine.table(names.OVERRIDES)
    never = pairs.filter(pairs.kind == overrides.NEVER)
    if not engine.count(never):
        return None
    sides = [lower_side(engine, environment, table).rows for table in environment.unify.order]
    held = ibis.union(
        *(
            rows.select(table=ibis.literal(table), key="_key", node="_record")
            for table, rows in zip(environment.unify.order, sides, strict=True)
        )
    )
    held = held.distinct()
    left = never.join(held, [never.table1 == held.table, never.key1 == held.key])
    left = left.select("table2", "key2", left="node")
    other = another(held)
    both = left.join(other, [left.table2 == other.table, left.key2 == other.key])
    # Kept before nodes are compared: else the engine begins with every pair that differs.
    both = engine.keep(both.select("left", right="node"))
    return engine.keep(both.filter(both.left != both.right).distinct())
