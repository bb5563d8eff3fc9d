"""What a room may ask of an engine: give a table, store an expression, fetch a small answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path
from typing import Protocol

import ibis.expr.types as ir
import pyarrow as pa

from identity_pipeline.terms.names import TableName

# What a room gives an engine to store.
Rows = ir.Table

# A record's number in its file, from 1, faulty records counted, the header not.
RECORD = "_record"


@dataclass(frozen=True)
class Delimited:
    """How a file with a header is cut into values."""

    columns: tuple[str, ...]
    delimiter: str
    quote: str
    is_packed: bool


@dataclass(frozen=True)
class TextRead:
    """What became of a delimited file.

    Attributes:
        sound, faulty: the number of records of the right width, and of those too short or too long.
        octets: UTF-8 bytes of all values of the sound and of the text of the faulty ones.
    """

    sound: int
    faulty: int
    octets: int


class Landing(Protocol):
    """A place beside the warehouse where one file is read: an error in it undoes nothing.

    Its tables may be asked for when the file is read to its end, not before, and used until the
    `with` block ends.
    """

    def read_delimited(self, path: Path, shape: Delimited) -> TextRead | None:
        """Read a UTF-8 file into `records` and `faulty`.

        None where the reader gives up, or a faulty record is more than too short or too long.
        """

    def occurrences(self, text: str) -> int:
        """How often a character is in the values and faulty records of the file just read."""

    def records(self) -> ir.Table:
        """`_record` and the columns as text, one row a sound record."""

    def faulty(self) -> ir.Table:
        """`_record` and `text`, as it is in the file, of each faulty record."""

    def read_parquet(self, path: Path) -> tuple[ir.Table, int] | None:
        """Every row of a Parquet file as it is, with `_record`; and the number its footer gives.

        None where it cannot be read.
        """

    def take(
        self, columns: Sequence[str], batches: Iterable[Sequence[Sequence[object]]]
    ) -> ir.Table:
        """Rows from Python, in bulk: the record's number, then texts in the order of `columns`."""


class Engine(Protocol):
    """Runs expressions: rooms build them, an engine stores them and counts the rows."""

    def table(self, name: TableName) -> ir.Table:
        """A stored table; raises KeyError where there is none."""

    def size(self, name: TableName) -> int:
        """The number of rows of a stored table."""

    def exists(self, name: TableName) -> bool:
        """Whether the table is stored."""

    def store(self, name: TableName, rows: ir.Table) -> int:
        """Replace a table by the rows of an expression; the number of rows."""

    def show(self, name: TableName, rows: ir.Table) -> None:
        """Replace a table by a view: rows are computed where they are read, from stored tables."""

    def replace_rows(self, name: TableName, rows: ir.Table, where: Mapping[str, str]) -> int:
        """Delete rows whose columns equal `where`, then insert; creates the table if missing."""

    def define(self, name: TableName, columns: Mapping[str, str]) -> None:
        """Create an empty table where there is none; `columns` maps names to Ibis types."""

    def remove_rows(self, name: TableName, where: Mapping[str, str]) -> None:
        """Delete the rows whose columns equal `where`; the table must be there."""

    def put(self, name: TableName, rows: Sequence[Sequence[object]], key: str) -> None:
        """Replace rows of an existing table by a few from Python, those with equal `key`."""

    def append(self, name: TableName, rows: ir.Table) -> int:
        """Add rows, matched by column name; creates the table if missing."""

    def amend(self, name: TableName, key: str, gone: ir.Table, rows: ir.Table) -> None:
        """Delete the rows whose key is one of `gone`'s, then add rows, matched by column name."""

    def keep(self, rows: ir.Table) -> ir.Table:
        """Compute an expression once and read it many times; lives as long as the connection."""

    def rows(self, rows: ir.Table) -> list[tuple[object, ...]]:
        """Fetch a small answer."""

    def to_arrow(self, rows: ir.Table) -> pa.Table:
        """Fetch an answer to be written to files; rows are in the order the expression gives."""

    def count(self, rows: ir.Table) -> int:
        """The number of rows of an expression."""

    def relation(self, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> ir.Table:
        """A table of a few rows from Python; `columns` maps names to Ibis types."""

    def components(self, edges: ir.Table) -> ir.Table:
        """Connected components of `left`, `right` (int64): one row a node, `node` and `component`.

        `component` is the smallest node of its component.
        """

    def landing(self) -> AbstractContextManager[Landing]:
        """A place to read one file."""


@dataclass(frozen=True)
class Changes:
    """What changed of a published table since the tables it is made of were made the time before.

    Attributes:
        tables: these, as `schema.table`.
        key: the published table's column that tells rows, or groups of them, apart.
        gone: rows with that column: all that changed, or went; others that did not do no harm.
        rows: what they are now, with the columns of the published table.
        everywhere: columns that have one value in all rows, and that value now.
    """

    tables: tuple[str, ...]
    key: str
    gone: ir.Table
    rows: ir.Table
    everywhere: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedTable:
    """A table of the published file.

    Attributes:
        name: the product's name of it, or ours.
        rows: what it holds.
        description: what a row is.
        columns: descriptions of columns, by name; columns without one are published all the same.
        changes: what changed of `rows`, so that a published file that has them as they were before
            need not be written whole; None where nobody knows.
    """

    name: str
    rows: ir.Table
    description: str
    columns: Mapping[str, str] = field(default_factory=dict)
    changes: Changes | None = None


@dataclass(frozen=True)
class Numbers:
    """When stored tables were made, by `schema.table`: numbers that grow with every making.

    Attributes:
        made: of every table. A published table that is made of others too is always written.
        since: of tables whose changes are known, the making that they are changes since.
    """

    made: Mapping[str, int]
    since: Mapping[str, int] = field(default_factory=dict)

    def before(self, tables: Sequence[str]) -> "Iterator[Numbers]":
        """What they may have been when the changes of tables began: not each was made since.

        Nothing where that is not known of one of them.
        """
        if all(table in self.since and table in self.made for table in tables):
            for numbers in product(*((self.since[name], self.made[name]) for name in tables)):
                yield Numbers({**self.made, **dict(zip(tables, numbers, strict=True))})
