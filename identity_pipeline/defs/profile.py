"""What each step of a run cost: seconds of wall and of processor, rows, memory."""

import datetime
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import dagster as dg

from identity_pipeline.defs.progress import rows_of

# A file to which the cost of each run is added, one JSON object a line.
PROFILE_VARIABLE = "IDENTITY_PIPELINE_PROFILE"

# What `ru_maxrss` counts in: bytes on macOS, kilobytes elsewhere.
MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class StepCost:
    """What a step cost.

    Attributes:
        step: its name.
        tables: the tables it made, as `schema.table`.
        rows: of all of them.
        wall, cpu: seconds; `cpu` of all threads of the process, user and system.
        peak: bytes, the most that the process had at any time until the step's end.
    """

    step: str
    tables: tuple[str, ...]
    rows: int
    wall: float
    cpu: float
    peak: int


@dataclass
class RunCost:
    """What a run of an ingestion date cost.

    Attributes:
        date: the ingestion date.
        before: processor seconds of the process before the run: imports, configuration.
        wall, cpu: seconds of the run, its steps and what is between them.
        steps: in the order they ran.
    """

    date: str
    before: float
    wall: float = 0.0
    cpu: float = 0.0
    steps: list[StepCost] = field(default_factory=list)


@dataclass
class _Meter:
    """Reads the clocks at the start and the end of each step.

    One step runs at a time, in this process, so the processor's seconds in between are its own.
    """

    cost: RunCost
    began: tuple[float, float] = (0.0, 0.0)
    tables: list[str] = field(default_factory=list)
    rows: int = 0

    def told(self, entry: dg.EventLogEntry) -> None:
        """Take an event of the run."""
        event = entry.dagster_event
        if event is None or not event.step_key:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self.began, self.tables, self.rows = _clocks(), [], 0
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self.tables.append(".".join(event.materialization.asset_key.path))
            self.rows += rows_of(event)
        elif event.event_type in (
            dg.DagsterEventType.STEP_SUCCESS,
            dg.DagsterEventType.STEP_FAILURE,
        ):
            wall, cpu = _since(self.began)
            tables = tuple(self.tables)
            self.cost.steps.append(StepCost(event.step_key, tables, self.rows, wall, cpu, _peak()))


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = _clocks()
    return round(wall - began[0], 4), round(cpu - began[1], 4)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MEMORY_UNIT


@contextmanager
def measuring(date: datetime.date) -> Iterator[tuple[RunCost, Callable[[dg.EventLogEntry], None]]]:
    """Measure a run.

    Returns:
        What it costs, complete when the `with` block ends, and what takes the run's events.
    """
    cost = RunCost(date.isoformat(), before=round(time.process_time(), 4))
    began = _clocks()
    try:
        yield cost, _Meter(cost).told
    finally:
        cost.wall, cost.cpu = _since(began)


@contextmanager
def profiling(date: datetime.date) -> Iterator[Callable[[dg.EventLogEntry], None]]:
    """Add what a run costs to the file that PROFILE_VARIABLE names, if it names one."""
    file = os.environ.get(PROFILE_VARIABLE)
    if not file:
        yield lambda _entry: None
        return
    with measuring(date) as (cost, told):
        yield told
    with Path(file).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(cost)) + "\n")
