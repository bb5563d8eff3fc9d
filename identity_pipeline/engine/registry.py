"""The door to engines: opens the default one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from identity_pipeline.engine.base import Engine, PublishedTable
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.publish import publish


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

    def publish(self, tables: list[PublishedTable], file: Path) -> dict[str, int]:
        """Write tables to a new file and put it in the place of the published one."""
        counts = publish(self.engine, tables, file)
        self.engine.forget()
        return counts


@contextmanager
def open_engine(database: Path | None, read_only: bool = False) -> Iterator[OpenEngine]:
    """Open a database file, or one in memory, and close it in any case."""
    connection = duckdb.connect(str(database) if database else ":memory:", read_only=read_only)
    try:
        # Nothing is ever downloaded at run time.
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        yield OpenEngine(connection, DuckDBEngine(connection))
    finally:
        connection.close()
