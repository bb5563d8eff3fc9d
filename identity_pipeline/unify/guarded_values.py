"""Values set aside: placeholders, and values that more source keys carry than their limit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.expressions.value_guards import guards_by_table
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.guards import PLACEHOLDER, TOO_MANY_RECORDS
from identity_pipeline.terms.identifiers import identifier_types
from identity_pipeline.unify.compared import Compared, compared_columns
from identity_pipeline.unify.registry import last_run
from identity_pipeline.unify.tasks import last_date, value_lists

GUARDED = {
    "identifier_type": "string",
    "value": "string",
    "reason": "string",
    "keys": "int64",
    "limit": "int64",
    "since": "date",
    "kept": "int64",
}
KEPT = {"identifier_type": "string", "value": "string", "table": "string", "key": "string"}
# What tells one value set aside from another.
NAMED = ("identifier_type", "value", "reason")


@dataclass(frozen=True)
class GuardedValues:
    """Values that link nothing.

    Attributes:
        values: columns as GUARDED: the value as conditions compare it, `reason` (a placeholder, or
            too many records), `keys` that carry it, the `limit`, `since` which ingestion date, and
            how many keys have `kept` it, because the last run linked them by it.
        kept: columns as KEPT: these keys.
    """

    values: ir.Table
    kept: ir.Table


def guarded_values(engine: Engine, environment: Environment) -> GuardedValues:
    """Count how many source keys carry each value that rules compare, and set values aside.

    A value is what a condition compares: normalized, with aliases mapped and bypassed ones taken
    out. Keys are counted over all tables of unification and all conditions of one identifier type.

    Args:
        engine: has profile rows, the edges of the last run, and what was set aside before.
        environment: guards and rules.
    """
    asked = environment.unify.guards
    compared = list(compared_columns(environment))
    if not compared or not (
        asked.placeholders or asked.placeholder_values or asked.records_per_value
    ):
        return GuardedValues(engine.relation(GUARDED, []), engine.relation(KEPT, []))
    aside = engine.keep(_aside(engine, environment, compared))
    over = aside.filter(aside.reason == TOO_MANY_RECORDS)
    kept = engine.relation(KEPT, [])
    if asked.records_per_value and engine.count(over) and engine.exists(names.MATCH_EDGES):
        kept = engine.keep(_kept(engine, environment, over))
    return GuardedValues(_remembered(engine, aside, kept), kept)


def set_aside_anew(engine: Engine, found: GuardedValues) -> ir.Table:
    """Values that are past their limit now, or were; and those that other keys keep.

    Args:
        engine: has what was set aside before.
        found: what is set aside now.

    Returns:
        `identifier_type`, `value`.
    """
    before = GuardedValues(engine.table(names.GUARDED_VALUES), engine.table(names.KEPT_VALUES))
    over = [one.values.filter(one.values.reason == TOO_MANY_RECORDS) for one in (found, before)]
    named, columns = ["identifier_type", "value"], list(KEPT)
    kept = [one.kept.select(*columns) for one in (found, before)]
    parts = [_of_one(over, named), _of_one(kept, columns).select(*named)]
    return engine.keep(ibis.union(*parts, distinct=True))


def _of_one(pair: Sequence[ir.Table], columns: Sequence[str]) -> ir.Table:
    """Rows that only one of two tables has."""
    one, other = (another(rows).select(*columns) for rows in pair)
    return one.anti_join(other, columns).union(other.anti_join(one, columns))


def keys_with(engine: Engine, environment: Environment, table: str, values: ir.Table) -> ir.Table:
    """`_key` of the rows of a table that carry some values.

    Args:
        engine: has the table's profile rows.
        environment: guards and rules.
        table: the source's name.
        values: `identifier_type`, `value`, as compared, before any are set aside.
    """
    lists = value_lists(engine, environment)
    columns = [one for one in compared_columns(environment) if one.table == table]
    if not columns:
        return engine.table(names.profiles(table)).select("_key").filter(ibis.literal(False))
    held = _carried(engine, environment, ValueLists(lists.bypass, lists.alias), columns)
    return held.semi_join(values, ["identifier_type", "value"]).select(_key="key").distinct()


def _aside(engine: Engine, environment: Environment, compared: Sequence[Compared]) -> ir.Table:
    """Values set aside, with `reason`, `keys` and `limit`."""
    limits = environment.unify.guards.records_per_value
    lists = value_lists(engine, environment)
    parts = [
        _carried(engine, environment, ValueLists(lists.bypass, lists.alias), columns)
        for table in environment.unify.order
        if (columns := [one for one in compared if one.table == table])
    ]
    carried = ibis.union(*parts) if len(parts) > 1 else parts[0]
    found = carried.group_by("identifier_type", "value").aggregate(
        is_placeholder=carried.is_placeholder.any(), rows=carried.count()
    )
    limit = ibis.null("int64")
    if limits:
        limit = found.identifier_type.cases(*limits.items(), else_=ibis.null("int64"))
    limit = found.is_placeholder.ifelse(ibis.null("int64"), limit)
    found = found.mutate(limit=limit.cast("int64"))
    # There are at least as many rows as keys: keys are counted where that is too many already.
    few = found.filter(found.is_placeholder | (found["rows"] > found["limit"])).drop("rows")
    held = another(carried).semi_join(few, ["identifier_type", "value"])
    counted = held.group_by("identifier_type", "value").aggregate(
        keys=ibis.struct({"table": held.table, "key": held.key}).nunique()
    )
    told = few.join(counted, ["identifier_type", "value"])
    told = told.mutate(reason=told.is_placeholder.ifelse(PLACEHOLDER, TOO_MANY_RECORDS))
    return told.filter(told.is_placeholder | (told["keys"] > told["limit"])).drop("is_placeholder")


def _carried(
    engine: Engine, environment: Environment, lists: ValueLists, compared: Sequence[Compared]
) -> ir.Table:
    """The values of one table's columns: `identifier_type`, `value`, `is_placeholder`, key.

    All columns in one go, since a statement's parts cost more than what they find: a row that has
    no value to tell is left out before its values become rows.
    """
    table = compared[0].table
    rows = engine.table(names.profiles(table))
    guarded = replace(lists, guards=guards_by_table(environment)[table])
    values = {f"_value_{n}": (one.column, one.how) for n, one in enumerate(compared)}
    left = {f"_left_{n}": (one.column, one.how) for n, one in enumerate(compared)}
    valued = with_comparables(with_comparables(rows, values, lists), left, guarded)
    limits = environment.unify.guards.records_per_value
    told = [
        valued[value].notnull()
        & (ibis.literal(one.identifier_type in limits) | valued[rest].isnull())
        for one, value, rest in zip(compared, values, left, strict=True)
    ]
    parts = [
        ibis.struct(
            {
                "identifier_type": ibis.literal(one.identifier_type),
                "value": valued[value],
                "is_placeholder": valued[rest].isnull(),
                "is_told": is_told,
            }
        )
        for one, value, rest, is_told in zip(compared, values, left, told, strict=True)
    ]
    found = valued.filter(ibis.or_(*told)).select("_key", one=ibis.array(parts).unnest())
    return _as_rows(found, table)


def _as_rows(found: ir.Table, table: str) -> ir.Table:
    found = found.filter(found.one["is_told"])
    return found.select(
        identifier_type=found.one["identifier_type"],
        value=found.one["value"],
        is_placeholder=found.one["is_placeholder"],
        table=ibis.literal(table),
        key="_key",
    )


def _kept(engine: Engine, environment: Environment, over: ir.Table) -> ir.Table:
    """Keys at the ends of an edge of the last run that compared a value now past its limit."""
    edges = engine.table(names.MATCH_EDGES)
    parts = [
        edges.select(
            identifier=edges[f"{side}_identifier"],
            pair=edges[f"{side}_columns"].zip(edges[f"{side}_values"]).unnest(),
        )
        for side in ("left", "right")
    ]
    ends = ibis.union(*parts)
    compared = ends.select("identifier", column=ends.pair["f1"], text=ends.pair["f2"])
    columns = engine.keep(engine.relation(_COLUMNS, _columns_of_edges(environment)))
    prefix = columns.data_source + names.BAR + columns.table_name + names.BAR
    typed = compared.join(
        columns,
        [compared.column == columns.column, compared.identifier.startswith(prefix)],
        rname="{name}_of",
    )
    typed = typed.mutate(
        key=typed.identifier.substr(
            (typed.data_source + names.BAR + typed.table_name + names.BAR).length()
        )
    )
    held = typed.join(
        over.select("identifier_type", "value"),
        [typed.identifier_type == over.identifier_type, typed.text == over.value],
        rname="{name}_over",
    )
    return held.select(*KEPT).distinct()


_COLUMNS = {
    "table": "string",
    "data_source": "string",
    "table_name": "string",
    "column": "string",
    "identifier_type": "string",
}


def _columns_of_edges(environment: Environment) -> list[tuple[str, ...]]:
    """Columns as edges name them: `Column` within a table, `table.Column` above another."""
    rows: list[tuple[str, ...]] = []
    for table, columns in identifier_types(environment).items():
        source = environment.source(table)
        for column, identifier_type in columns.items():
            for name in (column, f"{table}.{column}"):
                rows.append((table, source.data_source, source.table, name, identifier_type))
    return rows


def _remembered(engine: Engine, aside: ir.Table, kept: ir.Table) -> ir.Table:
    """Values with the ingestion date that first set them aside, and how many keys keep them."""
    day = last_date(engine)
    counted = kept.group_by("identifier_type", "value").aggregate(kept=kept.count())
    known = last_run(engine, names.GUARDED_VALUES, GUARDED)
    known = known.select(*NAMED, "since")
    joined = aside.left_join(known, list(NAMED), rname="{name}_before")
    joined = joined.left_join(counted, ["identifier_type", "value"], rname="{name}_kept")
    return engine.keep(
        joined.mutate(
            since=ibis.coalesce(joined.since, ibis.literal(day, "date")),
            kept=ibis.coalesce(joined.kept, ibis.literal(0, "int64")),
        ).select(*GUARDED)
    )
