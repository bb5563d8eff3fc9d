"""Which published tables change at all."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.effects.effect import TableEffect
from identity_pipeline.effects.sides import AFTER, BEFORE, Sides
from identity_pipeline.terms.names import TableName

# Sums of 64-bit hashes fit for any number of rows.
SUM = "decimal(38, 0)"


def table_effects(sides: Sides) -> tuple[TableEffect, ...]:
    """Published tables with other columns or other rows, by name.

    Rows are compared by the sum of their hashes, whatever their order: hashes are only compared
    with those of the same process.
    """
    marks = {side: _marks(sides, side) for side in (BEFORE, AFTER)}
    names = sorted(marks[BEFORE].keys() | marks[AFTER].keys())
    nothing = (None, None)
    return tuple(
        TableEffect(name, marks[BEFORE].get(name, nothing)[0], marks[AFTER].get(name, nothing)[0])
        for name in names
        if marks[BEFORE].get(name) != marks[AFTER].get(name)
    )


def _marks(sides: Sides, side: str) -> dict[str, tuple[int, str]]:
    """By table, its number of rows, and what tells its columns and rows from others."""
    tables = {
        name: sides.engine.table(TableName(side, name)) for name in sides.tables.get(side, ())
    }
    if not tables:
        return {}
    parts = [_mark(name, rows) for name, rows in tables.items()]
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return {
        str(name): (int(str(count)), f"{tables[str(name)].schema()} {mark}")
        for name, count, mark in sides.engine.rows(every)
    }


def _mark(name: str, rows: ir.Table) -> ir.Table:
    whole = ibis.struct({column: rows[column] for column in rows.columns})
    return rows.aggregate(
        name=ibis.literal(name), count=rows.count(), mark=whole.hash().cast(SUM).sum()
    )
