"""The warehouse as a Dagster resource: one connection a run, one transaction an asset."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import filelock
from dagster_duckdb import DuckDBResource
from pydantic import Field, PrivateAttr

from identity_pipeline.defs.progress import Watch, begin_step, watching
from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import Limits, OpenEngine, open_engine
from identity_pipeline.terms.errors import PipelineError, WarehouseBusy

# How long a run waits for another one before it gives up, and how often it says so.
PATIENCE_SECONDS = 600
REMINDER_SECONDS = 10

# How much memory the engine may use, as `1GB`; what does not fit goes beside the warehouse.
MEMORY_VARIABLE = "IDENTITY_PIPELINE_MEMORY_LIMIT"
MEMORY = re.compile(r"\d+(\.\d+)? ?([KMGT]i?)?B", re.IGNORECASE)


class UnreadableLimit(PipelineError):
    """A limit that an environment variable gives cannot be read."""


def memory_limit() -> str:
    """What MEMORY_VARIABLE says; empty where it is not set: the engine's own limit holds."""
    asked = os.environ.get(MEMORY_VARIABLE, "").strip()
    if asked and not MEMORY.fullmatch(asked):
        raise UnreadableLimit(f"{MEMORY_VARIABLE} is '{asked}': write it as 1GB or 512MB")
    return asked


class Warehouse(DuckDBResource):
    """The working database.

    Dagster's own resource leaks its lock when an asset fails and then waits in silence; this one
    closes in any case, and names the run it waits for.
    """

    folders: list[str] = Field(
        default_factory=list, description="The only folders that may be read and written."
    )

    _open: OpenEngine | None = PrivateAttr(default=None)
    _watch: Watch | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        """Hold the warehouse from the first asset of a run to the last."""
        path = Path(self.database)
        # Customers' data is for the user who runs this, not for the machine's others.
        mask = os.umask(0o077)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{path}.lock")
        self._wait(lock, context)
        try:
            holder = path.with_suffix(".holder")
            holder.write_text(f"process {os.getpid()}, run {context.run_id}\n", encoding="utf-8")
            limits = Limits(tuple(map(Path, self.folders)), memory=memory_limit() or None)
            with open_engine(path, limits) as opened, watching(opened.doing) as watch:
                self._open, self._watch = opened, watch
                yield self
            holder.unlink(missing_ok=True)
        finally:
            self._open = self._watch = None
            lock.release()
            os.umask(mask)

    def _wait(self, lock: filelock.BaseFileLock, context: dg.InitResourceContext) -> None:
        holder = Path(self.database).with_suffix(".holder")
        for waited in range(0, PATIENCE_SECONDS, REMINDER_SECONDS):
            try:
                lock.acquire(timeout=REMINDER_SECONDS)
            except filelock.Timeout:
                who = holder.read_text(encoding="utf-8").strip() if holder.exists() else "unknown"
                if context.log:
                    context.log.info(
                        f"waiting for the warehouse, held by {who}, "
                        f"{waited + REMINDER_SECONDS} of {PATIENCE_SECONDS} s"
                    )
            else:
                return
        raise WarehouseBusy(
            f"{self.database} was in use for {PATIENCE_SECONDS} s; "
            "let the other run finish, or cancel it in the UI"
        )

    @contextmanager
    def transaction(self) -> Iterator[Engine]:
        """An engine whose changes all count, or none does."""
        opened, watch = self._at_work()
        try:
            with opened.transaction() as engine:
                yield engine
        finally:
            watch.end()

    def publisher(self) -> OpenEngine:
        """The open engine outside a transaction, to write the published file."""
        opened, _ = self._at_work()
        return opened

    def _at_work(self) -> tuple[OpenEngine, Watch]:
        """The open engine, watched from here on for the step that asks."""
        assert self._open is not None, "the warehouse is open while a run executes"
        assert self._watch is not None, "an open warehouse is watched"
        begin_step(self._watch)
        return self._open, self._watch
