"""Reading files with DuckDB beside the warehouse's transaction: an error undoes nothing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot as sg
import sqlglot.expressions as sge

from identity_pipeline.engine.base import RECORD, Delimited, TextRead

FindTable = Callable[[str, tuple[str, str]], ir.Table]

# Each landing gets a name of its own: a transaction that has seen a database of some name goes on
# seeing that one, even after it was detached and the name given to another.
_numbers = count(1)


class DuckDBLanding:
    """A database in memory where one file is read; gone when the `with` block ends.

    DuckDB aborts a whole transaction when any statement of it fails, and a file that cannot be
    read is such a failure. So files are read by a second connection in its own transaction; the
    warehouse's connection only ever sees what was read well.

    Args:
        connection: the warehouse's connection.
        find_table: gives the Ibis table of a name and its (catalog, schema).
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, find_table: FindTable) -> None:
        self._name = "landing_" + str(next(_numbers))
        self._connection = connection
        self._side = connection.cursor()
        self._find_table = find_table

    def __enter__(self) -> Self:
        target = sge.alias_(sge.Literal.string(":memory:"), self._name)
        self._side.execute(sge.Attach(this=target).sql("duckdb"))
        self._side.execute(sge.Use(this=sg.to_identifier(self._name)).sql("duckdb"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A connection cannot detach the database it uses, hence another one.
        self._side.close()
        with self._connection.cursor() as other:
            other.execute(sge.Detach(this=sg.to_identifier(self._name)).sql("duckdb"))

    def read_delimited(self, path: Path, shape: Delimited) -> TextRead | None:
        """Read a UTF-8 file into `records` and `faulty`; None where the reader gives up."""
        try:
            self._side.execute(
                _statement("read_delimited.sql"),
                {
                    "path": _literally(path),
                    "columns": dict.fromkeys(shape.columns, "VARCHAR"),
                    "delimiter": shape.delimiter,
                    "quote": shape.quote,
                    "compression": "gzip" if shape.is_packed else "none",
                },
            )
        except duckdb.Error:
            return None
        self._side.execute(_statement("faulty_records.sql"), {"quote": shape.quote})
        faulty, is_plain, last, faulty_octets = self._row(
            "select count(*), coalesce(bool_and(is_plain), true), max(_record), sum(strlen(text))"
            " from faulty"
        )
        if not is_plain:
            return None
        self._side.execute(_statement("sound_records.sql" if faulty else "whole_records.sql"))
        sound, *octets = self._row("select count(*), sum(strlen(columns(*))) from text")
        if last > sound + faulty:
            return None
        return TextRead(sound, faulty, sum(octets) + faulty_octets)

    def occurrences(self, text: str) -> int:
        """How often a character is in the values and faulty records of the file just read."""
        # Looking first whether it is there at all is four times faster where it mostly is not.
        inside = self._row(
            "select sum(case when contains(columns(*), $text)"
            " then strlen(columns(*)) - strlen(replace(columns(*), $text, '')) end) from text",
            {"text": text},
        )
        (faulty,) = self._row(
            "select sum(strlen(text) - strlen(replace(text, $text, ''))) from faulty",
            {"text": text},
        )
        return sum(inside) + faulty

    def records(self) -> ir.Table:
        """`_record` and the columns as text, one row a sound record."""
        return self._table("records")

    def faulty(self) -> ir.Table:
        """`_record` and `text`, as it is in the file, of each faulty record."""
        return self._table("faulty")

    def read_parquet(self, path: Path) -> tuple[ir.Table, int] | None:
        """Every row of a Parquet file as it is, and how many its footer says it has."""
        pattern = _literally(path)
        try:
            self._side.execute(_statement("read_parquet.sql"), {"path": pattern})
            (rows,) = self._row(
                "select sum(num_rows) from parquet_file_metadata($path)", {"path": pattern}
            )
        except duckdb.Error:
            return None
        return self._table("records"), rows

    def take(
        self, columns: Sequence[str], batches: Iterable[Sequence[Sequence[object]]]
    ) -> ir.Table:
        """Rows from Python, in bulk: the record's number, then texts in the order of `columns`."""
        fields = [pa.field(name, pa.string()) for name in columns]
        schema = pa.schema([pa.field(RECORD, pa.int64()), *fields])
        self._side.register("batch", schema.empty_table())
        self._side.execute("create table taken as select * from batch")
        for batch in batches:
            turned = zip(*batch, strict=True)
            arrays = [pa.array(v, f.type) for v, f in zip(turned, schema, strict=True)]
            self._side.register("batch", pa.table(arrays, schema=schema))
            self._side.execute("insert into taken select * from batch")
        self._side.unregister("batch")
        return self._table("taken")

    def _table(self, name: str) -> ir.Table:
        # The warehouse's transaction sees this database as it is now, and nothing later.
        return self._find_table(name, (self._name, "main"))

    def _row(self, statement: str, values: Mapping[str, str] | None = None) -> tuple[int, ...]:
        row = self._side.execute(statement, dict(values or {})).fetchone()
        assert row is not None, "an aggregate without groups always has one row"
        return tuple(int(number or 0) for number in row)


def _statement(file: str) -> str:
    return Path(__file__).with_name(file).read_text(encoding="utf-8")


def _literally(path: Path) -> str:
    """The path as a pattern that fits itself alone: DuckDB takes * ? [ for wildcards."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))
