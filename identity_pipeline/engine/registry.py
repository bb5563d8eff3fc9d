"""The door to engines: opens the default one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from identity_pipeline.engine.base import Engine, PublishedTable
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.publish import publish

# Of the log of changes, after which a commit moves it into the database file; closing does it too.
# At DuckDB's own 16 MB most steps of a large run did: 12 % of its time.
CHECKPOINT_AFTER = "512MB"


@dataclass(frozen=True)
class OpenEngine:
    """An engine with its connection; begins and ends transactions."""

    connection: duckdb.DuckDBPyConnection
    engine: DuckDBEngine

    @contextmanager
    def transaction(self) -> Iterator[Engine]:
        """All changes count, or, on any exception, none does."""
        self.connection.begin()
        try:
            yield self.engine
            self.engine.forget()
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            self.engine.forget_schemas()
            raise

    def publish(
        self, tables: list[PublishedTable], file: Path, made: Mapping[str, int]
    ) -> dict[str, int]:
        """Write tables to a new file and put it in the place of the published one.

        Args:
            tables, file: what to publish, and where.
            made: `schema.table` -> a number that grows whenever the stored table is made.
        """
        counts = publish(self.engine, tables, file, made)
        self.engine.forget()
        return counts


@dataclass(frozen=True)
class Limits:
    """What an engine may touch and use.

    Attributes:
        folders: the only folders whose files it reads and writes; none is no limit.
        read_only: whether the database may be changed.
    """

    folders: tuple[Path, ...] = ()
    read_only: bool = False


@contextmanager
def open_engine(database: Path | None, limits: Limits = Limits()) -> Iterator[OpenEngine]:
    """Open a database file, or one in memory, and close it in any case."""
    path = str(database) if database else ":memory:"
    connection = duckdb.connect(path, read_only=limits.read_only)
    try:
        # Nothing is ever downloaded at run time.
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        connection.execute("set checkpoint_threshold = $size", {"size": CHECKPOINT_AFTER})
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
