"""The door to engines: opens the default one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot as sg
import sqlglot.expressions as sge

from identity_pipeline.engine.base import Engine, Numbers, PublishedTable
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.publish import publish
from identity_pipeline.engine.statements import DIALECT, identifier

# Of the log of changes, after which a commit moves it into the database file; closing does it too.
# At DuckDB's own 16 MB most steps of a large run did: 12 % of its time.
CHECKPOINT_AFTER = "512MB"
# The format of database files that are made, which later versions of DuckDB read. The oldest one
# is DuckDB's own default; this one's compression of texts took a sixth less to write 10 M events.
FILE_FORMAT = "v1.4.0"


@dataclass(frozen=True)
class Doing:
    """What an engine does now.

    Attributes:
        what: in words; empty where nothing is known.
        percent: of the statement that runs, 0 to 100; 0 where it is not known.
    """

    what: str = ""
    percent: float = 0.0


@dataclass(frozen=True)
class OpenEngine:
    """An engine with its connection; begins and ends transactions."""

    connection: duckdb.DuckDBPyConnection
    engine: DuckDBEngine

    @contextmanager
    def transaction(self) -> Iterator[Engine]:
        """All changes count, or, on any exception, none does."""
        self.engine.at_work = ""
        self.connection.begin()
        try:
            yield self.engine
            self.engine.forget()
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            self.engine.forget_schemas()
            raise

    def doing(self) -> Doing:
        """What the engine does now; another thread may ask, even just after the end."""
        try:
            percent = self.connection.query_progress()
        except duckdb.Error:
            return Doing()
        return Doing(self.engine.at_work, max(percent, 0.0))

    def publish(self, tables: list[PublishedTable], file: Path, numbers: Numbers) -> dict[str, int]:
        """Write tables to a new file and put it in the place of the published one.

        Args:
            tables, file: what to publish, and where.
            numbers: when what they are made of was made.
        """
        counts = publish(self.engine, tables, file, numbers)
        self.engine.forget()
        return counts


# What a statement that fails raises; its text may quote a value.
FAULT = duckdb.Error

# The names of tables by the name of the file that has them.
Tables = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Limits:
    """What an engine may touch and use.

    Attributes:
        folders: the only folders whose files it reads and writes; none is no limit.
        read_only: whether the database may be changed.
        memory: how much memory, as DuckDB writes it (`1GB`); what does not fit goes to a folder
            beside the database. None is four fifths of the machine's.
    """

    folders: tuple[Path, ...] = ()
    read_only: bool = False
    memory: str | None = None


@contextmanager
def open_engine(database: Path | None, limits: Limits = Limits()) -> Iterator[OpenEngine]:
    """Open a database file, or one in memory, and close it in any case."""
    path = str(database) if database else ":memory:"
    connection = duckdb.connect(
        path,
        read_only=limits.read_only,
        config={"storage_compatibility_version": FILE_FORMAT},
    )
    try:
        # Nothing is ever downloaded at run time.
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        connection.execute("set checkpoint_threshold = $size", {"size": CHECKPOINT_AFTER})
        # So that `doing` knows; nothing is printed.
        connection.execute("set enable_progress_bar = true")
        connection.execute("set enable_progress_bar_print = false")
        if limits.memory:
            connection.execute("set memory_limit = $size", {"size": limits.memory})
        engine = DuckDBEngine(connection)
        if limits.folders:
            allowed = [f"{folder}/" for folder in limits.folders]
            connection.execute("set allowed_directories = $allowed", {"allowed": allowed})
            connection.execute("set enable_external_access = false")
            # From here on no statement can lift the limits.
            connection.execute("set lock_configuration = true")
        yield OpenEngine(connection, engine)
    finally:
        connection.close()


@contextmanager
def open_beside(database: Path, files: Mapping[str, Path]) -> Iterator[tuple[Engine, Tables]]:
    """Open database files side by side, read-only: each one's tables are in a schema of its name.

    Args:
        database: a file to compute in; what is stored there stays, what is seen of `files` goes.
        files: name -> file. A table of another schema than `main` is seen as `schema.table`.

    Returns:
        The engine, and by the name of each file the names of its tables, sorted.
    """
    with open_engine(database) as opened:
        connection = opened.connection
        found = {name: _show(connection, name, file) for name, file in files.items()}
        try:
            yield opened.engine, found
        finally:
            for name in files:
                schema = sg.to_identifier(name, quoted=True)
                drop = sge.Drop(this=schema, kind="SCHEMA", cascade=True)
                connection.execute(drop.sql(DIALECT))
                detach = sge.Detach(this=sg.to_identifier(_attached(name), quoted=True))
                connection.execute(detach.sql(DIALECT))


def _show(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> tuple[str, ...]:
    """Attach a file, and make a view of each of its tables in a schema."""
    target = sge.alias_(sge.Literal.string(str(file)), _attached(name), quoted=True)
    read_only = sge.AttachOption(this=sge.Var(this="READ_ONLY"))
    connection.execute(sge.Attach(this=target, expressions=[read_only]).sql(DIALECT))
    schema = sge.Create(this=sg.to_identifier(name, quoted=True), kind="SCHEMA")
    connection.execute(schema.sql(DIALECT))
    stored = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $name",
        {"name": _attached(name)},
    ).fetchall()
    shown = {(table if place == "main" else f"{place}.{table}"): place for place, table in stored}
    for (place, table), view in zip(stored, shown, strict=True):
        rows = sg.select("*").from_(identifier((_attached(name), place, table)))
        create = sge.Create(this=identifier((name, view)), kind="VIEW", expression=rows)
        connection.execute(create.sql(DIALECT))
    return tuple(sorted(shown))


def _attached(name: str) -> str:
    return f"{name} file"
