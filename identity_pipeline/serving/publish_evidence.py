"""What the published file holds so that `why` can explain who is one customer, and who is not."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine, PublishedTable
from identity_pipeline.serving.changes import changes_of, changes_of_records
from identity_pipeline.terms import evidence_contracts as contracts
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.guards_contracts import GUARDS
from identity_pipeline.terms.tables import Contract


def evidence_tables(engine: Engine, environment: Environment) -> list[PublishedTable]:
    """Edges, custom matches, what guards set aside, value lists, and rows of profile tables."""
    return [
        _plain(engine, contracts.MATCH_EDGES),
        _plain(engine, contracts.CUSTOM_MATCHES),
        *(_plain(engine, contract) for contract in GUARDS),
        *_value_lists(engine, environment),
        *(_records(engine, environment, table) for table in environment.unify.order),
    ]


def _plain(engine: Engine, contract: Contract) -> PublishedTable:
    rows = engine.table(contract.stored)
    changes = changes_of(engine, contract.stored, rows)
    return PublishedTable(contract.name, rows, contract.description, contract.columns, changes)


def _value_lists(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    asked = environment.unify.overrides
    nothing = ibis.null("string")
    parts = []
    for name in asked.bypass:
        rows = engine.table(names.current(f"bypass_{name}"))
        parts.append(
            rows.select(
                list=ibis.literal(name), kind=ibis.literal("bypass"), value="Value", alias=nothing
            )
        )
    for name in asked.alias:
        rows = engine.table(names.current(f"alias_{name}"))
        parts.append(
            rows.select(
                list=ibis.literal(name), kind=ibis.literal("alias"), value="Value", alias="Alias"
            )
        )
    if parts:
        every = ibis.union(*parts) if len(parts) > 1 else parts[0]
        yield PublishedTable(
            contracts.VALUE_LISTS, every, contracts.VALUE_LISTS_TEXT, contracts.VALUE_LISTS_COLUMNS
        )


def _records(engine: Engine, environment: Environment, table: str) -> PublishedTable:
    source, profile = environment.source(table), environment.profile(table)
    keys = engine.table(names.KEYS)
    held = keys.filter(keys.table == table).select(_of="key", _record="record")
    members = engine.table(names.members(table))
    rows = members.join(held, members._key == held._of).drop("_of")
    columns = ("_key", "_record", "_group", *profile.columns)
    rows = rows.select(*columns, "_is_winner", "_ordinal")
    if profile.primary_key != source.primary_key:
        rows = _distinct(rows, columns)
    described = {name: source.columns[name].description or "" for name in profile.columns}
    return PublishedTable(
        contracts.records_of(source),
        rows,
        f"One row a profile row of {table}, with the columns that unification reads.",
        {**described, **contracts.RECORD_COLUMNS},
        changes_of_records(engine, table, rows),
    )


def _distinct(rows: ir.Table, columns: tuple[str, ...]) -> ir.Table:
    """Rows that differ in nothing once: a visitor's thousand events are a few profile rows."""
    return rows.group_by(*columns).aggregate(
        _is_winner=rows._is_winner.any(), _ordinal=rows._ordinal.min()
    )
