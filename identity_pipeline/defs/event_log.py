"""Dagster's event log in SQLite, with its connections kept open."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, cast

import sqlalchemy as sa
from dagster import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

# Each run has a database of its own; a server that shows many runs keeps the latest open.
KEPT_DATABASES = 8
BUSY_SECONDS = 30


class KeptEventLog(SqliteEventLogStorage):
    """The files and tables of Dagster's own SQLite event log; only the connections last longer.

    Dagster opens and closes a connection, and writes the journal back, five times an event. The
    sample's four days took 20 s with that and 13 s without.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, sa.Engine] = OrderedDict()
        self._kept_lock = threading.Lock()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """What `dagster.yaml` says of it: Dagster's home."""
        return {"dagster_home": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The event log of a Dagster home."""
        # Where Dagster's default keeps them, so that the setting can come and go.
        folder = Path(config_value["dagster_home"]) / "history" / "runs"
        return cls(str(folder), inst_data)

    def run_connection(self, run_id: str | None = None) -> Any:
        """A transaction on the database of one run."""
        return self._connection(cast(str, run_id))

    def index_connection(self) -> Any:
        """A transaction on the database that answers questions about all runs."""
        return self._connection("index")

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; once it has, it is not asked again."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connection(self, shard: str) -> Iterator[sa.Connection]:
        with self._kept_lock:
            # The file may have been deleted under an open connection: `wipe`, or by hand.
            if shard not in self._kept or not Path(self.path_for_shard(shard)).exists():
                self._open(shard)
            self._kept.move_to_end(shard)
            with self._kept[shard].begin() as connection:
                yield connection

    def _open(self, shard: str) -> None:
        self._initialized_dbs.discard(shard)
        with self._connect(shard):
            pass  # creates the database and its tables where they are missing
        if stale := self._kept.pop(shard, None):
            stale.dispose()
        while len(self._kept) >= KEPT_DATABASES:
            self._kept.popitem(last=False)[1].dispose()
        self._kept[shard] = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=sa.pool.StaticPool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )

    def dispose(self) -> None:
        """Close every connection."""
        with self._kept_lock:
            while self._kept:
                self._kept.popitem()[1].dispose()
        super().dispose()
