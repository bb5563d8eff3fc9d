"""DuckDB through Ibis: the default engine, one connection, the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot as sg
import sqlglot.expressions as sge

from identity_pipeline.engine import statements
from identity_pipeline.engine.components import number_components
from identity_pipeline.engine.scan import DuckDBLanding
from identity_pipeline.terms.errors import MissingTable
from identity_pipeline.terms.names import TableName


class DuckDBEngine:
    """Stores Ibis expressions as DuckDB tables.

    An expression is compiled once and stored by one statement: Ibis' own `create_table` sends
    several and was measured at ten times the cost on small tables.

    Args:
        connection: an open connection; the caller begins, commits and closes.

    Attributes:
        at_work: what it did last, or still does, in words.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._backend = ibis.duckdb.from_connection(connection)
        self.at_work = ""
        self._kept = 0
        self._files = 0
        self._known: dict[TableName, ibis.Schema] | None = None
        self._views: set[TableName] = set()
        self._ensured: set[str] = set()

    @property
    def _schemas(self) -> dict[TableName, ibis.Schema]:
        """The columns of every stored table, asked for once: one by one they cost 6 ms each."""
        if self._known is None:
            columns: dict[TableName, dict[str, dt.DataType]] = {}
            found = self.connection.execute(
                "select schema_name, table_name, column_name, data_type from duckdb_columns()"
                " where database_name = current_database() and not internal"
                " order by schema_name, table_name, column_index"
            )
            for schema, table, column, kind in found.fetchall():
                columns.setdefault(TableName(schema, table), {})[column] = statements.type_of(kind)
            self._known = {name: ibis.schema(types) for name, types in columns.items()}
            views = self.connection.execute(
                "select schema_name, view_name from duckdb_views()"
                " where database_name = current_database() and not internal"
            )
            self._views = {TableName(schema, view) for schema, view in views.fetchall()}
        return self._known

    def table(self, name: TableName) -> ir.Table:
        """A stored table; raises KeyError where there is none."""
        if name not in self._schemas:
            raise MissingTable(
                f"table {name} is not there yet: run what makes it first, or the job 'refresh'"
            )
        place = ops.Namespace(catalog=None, database=name.schema)
        return self._reference(name.table, self._schemas[name], place)

    def size(self, name: TableName) -> int:
        """The number of rows of a stored table."""
        query = sg.select(sge.Count(this=sge.Star())).from_(statements.identifier(name.key))
        return _count(self.connection.execute(query.sql(statements.DIALECT)))

    def exists(self, name: TableName) -> bool:
        """Whether the table is stored."""
        return name in self._schemas

    def store(self, name: TableName, rows: ir.Table) -> int:
        """Replace a table by the rows of an expression; the number of rows."""
        self._ensure_schema(name)
        if self.exists(name) and name in self._views:
            self.connection.execute(statements.drop(name.key, "VIEW"))
            self._views.discard(name)
        count = self.create(name.key, rows)
        self._schemas[name] = _as_stored(rows.schema())
        if not count:
            self._settle(statements.identifier(name.key))
        return count

    def show(self, name: TableName, rows: ir.Table) -> None:
        """Replace a table by a view: rows are computed where they are read, from stored tables."""
        self._ensure_schema(name)
        if self.exists(name) and name not in self._views:
            self.connection.execute(statements.drop(name.key, "TABLE"))
        self._prepare(rows)
        self.connection.execute(statements.view(name.key, rows))
        self._schemas[name] = _as_stored(rows.schema())
        self._views.add(name)

    def replace_rows(self, name: TableName, rows: ir.Table, where: Mapping[str, str]) -> int:
        """Delete rows whose columns equal `where`, then insert; creates the table if missing."""
        if self.exists(name):
            self.remove_rows(name, where)
        return self.append(name, rows)

    def define(self, name: TableName, columns: Mapping[str, str]) -> None:
        """Create an empty table where there is none; `columns` maps names to Ibis types."""
        if name in self._schemas:
            return
        self._ensure_schema(name)
        schema = ibis.schema(columns).to_sqlglot_column_defs(statements.DIALECT)
        target = sge.Schema(this=statements.identifier(name.key), expressions=schema)
        create = sge.Create(this=target, kind="TABLE", exists=True)
        self.connection.execute(create.sql(statements.DIALECT))
        self._schemas[name] = _as_stored(ibis.schema(columns))

    def remove_rows(self, name: TableName, where: Mapping[str, str]) -> None:
        """Delete the rows whose columns equal `where`; the table must be there."""
        tests = [sg.column(key, quoted=True).eq(value) for key, value in where.items()]
        delete = sge.delete(
            statements.identifier(name.key), where=sg.and_(*tests), dialect=statements.DIALECT
        )
        self.connection.execute(delete.sql(statements.DIALECT))

    def put(self, name: TableName, rows: Sequence[Sequence[object]], key: str) -> None:
        """Replace rows of an existing table by a few from Python, those with equal `key`."""
        columns = self._schemas[name].names
        delete, insert = statements.replacing(name.key, key, len(columns))
        place = columns.index(key)
        self.connection.executemany(delete, [[row[place]] for row in rows])
        self.connection.executemany(insert, [list(row) for row in rows])

    def append(self, name: TableName, rows: ir.Table) -> int:
        """Add rows, matched by column name; creates the table if missing."""
        if not self.exists(name):
            return self.store(name, rows)
        self.at_work = f"adding to {name.table}"
        self._prepare(rows)
        count = _count(self.connection.execute(statements.insert(name.key, rows)))
        if not count:
            self._settle(statements.identifier(name.key))
        return count

    def amend(self, name: TableName, key: str, gone: ir.Table, rows: ir.Table) -> None:
        """Delete the rows whose key is one of `gone`'s, then add rows, matched by column name."""
        self.amend_at(name.key, key, gone, rows)

    def amend_at(self, place: statements.Place, key: str, gone: ir.Table, rows: ir.Table) -> None:
        """Amend a table, wherever it is."""
        self.at_work = f"changing {place[-1]}"
        self.connection.execute(statements.delete_keys(place, key, gone))
        # An insert that adds nothing can hide the next one: see `_settle`.
        if self.count(rows):
            self.connection.execute(statements.insert(place, rows))

    def forget_schemas(self) -> None:
        """Ask the database again what its tables are, after a rollback."""
        self._known = None
        self._ensured.clear()

    def keep(self, rows: ir.Table) -> ir.Table:
        """Compute an expression once and read it many times; lives as long as the connection."""
        self._kept += 1
        name = f"kept_{self._kept}"
        self.create(("temp", "main", name), rows)
        place = ops.Namespace(catalog="temp", database="main")
        return self._reference(name, _as_stored(rows.schema()), place)

    def forget(self) -> None:
        """Drop what `keep` computed."""
        for number in range(1, self._kept + 1):
            table = sg.table(f"kept_{number}", db="main", catalog="temp", quoted=True)
            drop = sge.Drop(this=table, kind="TABLE", exists=True)
            self.connection.execute(drop.sql(statements.DIALECT))
        self._kept = 0

    def rows(self, rows: ir.Table) -> list[tuple[object, ...]]:
        """Fetch a small answer."""
        return self._ask(rows).fetchall()

    def to_arrow(self, rows: ir.Table) -> pa.Table:
        """Fetch an answer to be written to files; rows are in the order the expression gives."""
        return self._ask(rows).to_arrow_table()

    def count(self, rows: ir.Table) -> int:
        """The number of rows of an expression."""
        return _count(self._ask(rows.count().as_table()))

    def relation(self, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> ir.Table:
        """A table of a few rows from Python; `columns` maps names to Ibis types."""
        schema = ibis.schema(columns)
        values = list(rows)
        if not values:
            # Nothing to register, and the same expression each time.
            row = {name: ibis.null(kind) for name, kind in schema.items()}
            return ops.DummyTable(row).to_expr().filter(ibis.literal(False))
        arrays = [
            pa.array([row[place] for row in values], type=field.type)
            for place, field in enumerate(schema.to_pyarrow())
        ]
        return ibis.memtable(pa.table(arrays, schema=schema.to_pyarrow()), schema=schema)

    def landing(self) -> DuckDBLanding:
        """A place to read one file, beside this connection's transaction."""
        self._files += 1
        self.at_work = f"reading file {self._files}"
        return DuckDBLanding(self.connection, self._landed)

    def components(self, edges: ir.Table) -> ir.Table:
        """Connected components of `left`, `right` (int64): one row a node, `node` and `component`.

        On the driver: a path of a million nodes took 0.4 s there and 9 s through the engine.
        """
        found = self._ask(edges).to_arrow_table()
        nodes, component = number_components(
            found.column("left").to_numpy(), found.column("right").to_numpy()
        )
        return ibis.memtable(pa.table({"node": nodes, "component": component}))

    def _reference(self, name: str, schema: ibis.Schema, place: ops.Namespace) -> ir.Table:
        """A table whose columns are known: asking the database for them cost 5 ms a table."""
        return ops.DatabaseTable(name, schema, self._backend, place).to_expr()

    def _landed(self, name: str, database: tuple[str, str]) -> ir.Table:
        return self._backend.table(name, database=database)

    def create(self, place: statements.Place, rows: ir.Table) -> int:
        """Create or replace a table, wherever it is, by the rows of an expression."""
        self.at_work = f"making {place[-1].replace('kept_', 'part ')}"
        self._prepare(rows)
        return _count(self.connection.execute(statements.create(place, rows)))

    def _ask(self, rows: ir.Table) -> duckdb.DuckDBPyConnection:
        self._prepare(rows)
        return self.connection.execute(statements.select(rows))

    def _prepare(self, rows: ir.Table) -> None:
        """Register rows from Python and Python functions that an expression uses."""
        if rows.op().find((ops.InMemoryTable, ops.ScalarUDF)):
            self._backend._run_pre_execute_hooks(rows)

    def _settle(self, table: sge.Table) -> None:
        """Put a row into a table and take it out again, after a statement that wrote none.

        In DuckDB 1.5.5 an insert of no rows may make the next large insert (above 100,000 rows) of
        the same transaction invisible until the database is opened anew, when the rows are there,
        twice if the insert was repeated. A row in between mends it.
        """
        insert = sge.Insert(this=table, default=True)
        self.connection.execute(insert.sql(statements.DIALECT))
        newest = sg.select(sge.Max(this=sg.column("rowid"))).from_(table).subquery()
        delete = sge.delete(table, where=sg.column("rowid").eq(newest), dialect=statements.DIALECT)
        self.connection.execute(delete.sql(statements.DIALECT))

    def _ensure_schema(self, name: TableName) -> None:
        if name.schema in self._ensured:
            return
        schema = sge.Create(
            this=sg.to_identifier(name.schema, quoted=True), kind="SCHEMA", exists=True
        )
        self.connection.execute(schema.sql(statements.DIALECT))
        self._ensured.add(name.schema)


def _as_stored(schema: ibis.Schema) -> ibis.Schema:
    """The schema as a table has it: any column may be NULL, timestamps have microseconds."""
    return ibis.schema(
        {
            name: dt.Timestamp(scale=6) if kind.is_timestamp() else kind.copy(nullable=True)
            for name, kind in schema.items()
        }
    )


def _identifier(name: TableName) -> sge.Table:
    return sg.table(name.table, db=name.schema, quoted=True)


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0
