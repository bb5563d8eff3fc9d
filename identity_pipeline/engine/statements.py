"""From Ibis expressions to DuckDB statements, remembered: a day's run is mostly the last one's."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

DIALECT = "duckdb"

# A refresh of an environment has a few hundred; compiling one takes 5 to 20 ms.
REMEMBERED = 4096

_compiler = DuckDBCompiler()

Place = tuple[str, ...]  # (schema, table) or (catalog, schema, table)


def identifier(place: Place) -> sge.Table:
    """A table's quoted name."""
    *catalog, schema, table = place
    return sg.table(table, db=schema, catalog=catalog[0] if catalog else None, quoted=True)


@lru_cache(maxsize=REMEMBERED)
def type_of(written: str) -> dt.DataType:
    """DuckDB's word for a type as Ibis' type."""
    return _compiler.type_mapper.from_string(written)


def select(rows: ir.Table) -> str:
    """The query of an expression."""
    return _select_of(rows) if _holds_data(rows) else _remembered_select(rows.op())


def create(place: Place, rows: ir.Table) -> str:
    """The statement that makes a table of an expression's rows; one in `temp` is temporary."""
    if _holds_data(rows):
        return _create_of(place, rows)
    return _remembered_create(place, rows.op())


def view(place: Place, rows: ir.Table) -> str:
    """The statement that makes a view of an expression; it must not hold rows from Python."""
    assert not _holds_data(rows), "a view outlives what a connection holds"
    view = sge.Create(this=identifier(place), kind="VIEW", replace=True, expression=_typed(rows))
    return str(view.sql(DIALECT))


@lru_cache(maxsize=REMEMBERED)
def drop(place: Place, kind: str) -> str:
    """The statement that drops a TABLE or a VIEW; another kind of that name makes it fail."""
    return str(sge.Drop(this=identifier(place), kind=kind, exists=True).sql(DIALECT))


def insert(place: Place, rows: ir.Table) -> str:
    """The statement that adds an expression's rows to a table, by column name."""
    columns = [sg.to_identifier(column, quoted=True) for column in rows.columns]
    target = sge.Schema(this=identifier(place), expressions=columns)
    return str(sge.Insert(this=target, expression=_typed(rows)).sql(DIALECT))


@lru_cache(maxsize=REMEMBERED)
def replacing(place: Place, key: str, width: int) -> tuple[str, str]:
    """Statements with marks that delete the rows with a key, and insert a row of so many values."""
    table = identifier(place)
    delete = sge.delete(table, where=sg.column(key, quoted=True).eq(sge.Placeholder()))
    row = sge.Tuple(expressions=[sge.Placeholder() for _ in range(width)])
    insert = sge.Insert(this=table, expression=sge.Values(expressions=[row]))
    return str(delete.sql(DIALECT)), str(insert.sql(DIALECT))


def delete_keys(place: Place, key: str, gone: ir.Table) -> str:
    """The statement that deletes the rows whose key is one of those of an expression."""
    column = sg.column(key, quoted=True)
    keys = sg.select(column).from_(_compiler.to_sqlglot(gone).subquery("gone", copy=False))
    return str(sge.delete(identifier(place), where=column.isin(query=keys)).sql(DIALECT))


def update_all(place: Place, values: Mapping[str, date]) -> str:
    """The statement that gives columns of a table the same value in all rows."""
    settings = [
        sge.EQ(this=sg.column(name, quoted=True), expression=sge.convert(value))
        for name, value in values.items()
    ]
    return str(sge.Update(this=identifier(place), expressions=settings).sql(DIALECT))


def _holds_data(rows: ir.Table) -> bool:
    """Whether rows from Python are in the expression: remembering it would keep them."""
    return bool(rows.op().find(ops.InMemoryTable))


@lru_cache(maxsize=REMEMBERED)
def _remembered_select(rows: ops.Relation) -> str:
    return _select_of(rows.to_expr())


@lru_cache(maxsize=REMEMBERED)
def _remembered_create(place: Place, rows: ops.Relation) -> str:
    return _create_of(place, rows.to_expr())


def _select_of(rows: ir.Table) -> str:
    return str(_compiler.to_sqlglot(rows).sql(DIALECT))


def _create_of(place: Place, rows: ir.Table) -> str:
    temporary = sge.Properties(expressions=[sge.TemporaryProperty()])
    statement = sge.Create(
        this=identifier(place),
        kind="TABLE",
        replace=True,
        expression=_typed(rows),
        properties=temporary if place[0] == "temp" else None,
    )
    return str(statement.sql(DIALECT))


def _typed(rows: ir.Table) -> sge.Query:
    """The query with the types Ibis knows: DuckDB takes the literal 1 for an int32."""
    mapper = _compiler.type_mapper
    columns = [
        sg.cast(sg.column(name, quoted=True), to=mapper.from_ibis(kind)).as_(name, quoted=True)
        for name, kind in rows.schema().items()
    ]
    query = _compiler.to_sqlglot(rows).subquery("stored", copy=False)
    return sg.select(*columns).from_(query, copy=False)
