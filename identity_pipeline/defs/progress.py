"""What a run is doing and how far it is: in the terminal, and in the run's log."""

import ast
import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
from rich.console import Console
from rich.text import Text

from identity_pipeline.engine.registry import Doing

# A step that takes longer says what it does; a log is told again after so long.
PATIENCE_SECONDS = 2.0
REMINDER_SECONDS = 30.0


@dataclass
class Board:
    """Where a process that runs says what it does, for whoever shows it.

    A process runs one run at a time; with none, nothing is written here.
    """

    doing: Callable[[], Doing] | None = None

    def words(self) -> str:
        """`, storing unify.keys, 45 %`; nothing where it is not known."""
        return _words(self.doing()) if self.doing else ""


BOARD = Board()


def _words(doing: Doing) -> str:
    percent = f"{doing.percent:.0f} %" if doing.percent > 0 else ""
    return "".join(f", {part}" for part in (doing.what, percent) if part)


class Watch:
    """Tells the log of a run's steps what they do, once they take longer than PATIENCE_SECONDS.

    Args:
        doing: what the engine does now; asked by another thread.
    """

    def __init__(self, doing: Callable[[], Doing]) -> None:
        self._doing = doing
        self._changed = threading.Condition()
        self._step = ""
        self._is_over = False
        self._log: Callable[[str], None] | None = None
        self._thread = threading.Thread(target=self._remind, daemon=True)
        self._thread.start()

    def begin(self, step: str, log: Callable[[str], None]) -> None:
        """A step is at work; the one before it is not any more."""
        self._set(step, log)

    def end(self) -> None:
        """No step is at work."""
        self._set("", None)

    def close(self) -> None:
        """Stop, before the engine that is asked goes away."""
        with self._changed:
            self._is_over = True
            self._log = None
            self._changed.notify()
        self._thread.join()

    def _set(self, step: str, log: Callable[[str], None] | None) -> None:
        with self._changed:
            self._step, self._log = step, log
            self._changed.notify()

    def _remind(self) -> None:
        with self._changed:
            while not self._is_over:
                log, began, patience = self._log, time.monotonic(), PATIENCE_SECONDS
                if log is None:
                    self._changed.wait()
                    continue
                # Woken up, it is another step's turn; not woken up, this one takes long.
                while not self._changed.wait(patience):
                    elapsed = time.monotonic() - began
                    log(f"{self._step}: at work for {elapsed:.0f} s{_words(self._doing())}")
                    patience = REMINDER_SECONDS


@contextmanager
def watching(doing: Callable[[], Doing]) -> Iterator[Watch]:
    """Watch a run, and write what it does on the board."""
    watch = Watch(doing)
    BOARD.doing = doing
    try:
        yield watch
    finally:
        BOARD.doing = None
        watch.close()


def begin_step(watch: Watch) -> None:
    """Tell the watch which step is at work; outside a run there is none."""
    try:
        context = dg.OpExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return
    watch.begin(context.op.name, context.log.info)


@dataclass
class _Teller:
    """Turns a run's events into what is shown.

    Attributes:
        date: the ingestion date.
        plain: takes whole lines, where the terminal cannot show one that changes.
        steps: how many steps the run has; 0 while it is not known.
    """

    date: datetime.date
    plain: Callable[[str], None]
    steps: int = 0
    number: int = 0
    step: str = "starting"
    began: float = field(default_factory=time.monotonic)
    rows: int = 0

    def __rich__(self) -> Text:
        """The line of a terminal; asked for many times a second."""
        place = f", step {self.number} of {self.steps}" if self.number and self.steps else ""
        elapsed = time.monotonic() - self.began
        seconds = f", {elapsed:.0f} s{BOARD.words()}" if elapsed > PATIENCE_SECONDS else ""
        return Text(f"{self.date}: {self.step.replace('_', ' ')}{place}{seconds}")

    def told(self, entry: dg.EventLogEntry) -> None:
        """Take an event of the run."""
        event = entry.dagster_event
        if event is None:
            if entry.level == LOG_LEVEL and entry.user_message.startswith(f"{self.step}: at work"):
                self.plain(entry.user_message)
        elif event.event_type == dg.DagsterEventType.ENGINE_EVENT and not self.steps:
            self.steps = _number_of_steps(event)
        elif event.event_type == dg.DagsterEventType.STEP_START and event.step_key:
            self.number, self.step, self.rows = self.number + 1, event.step_key, 0
            self.began = time.monotonic()
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self.rows += rows_of(event)
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            self._finish()

    def _finish(self) -> None:
        elapsed = time.monotonic() - self.began
        if elapsed > PATIENCE_SECONDS:
            self.plain(f"{self.step}: {self.rows:,} rows in {elapsed:.1f} s")


LOG_LEVEL = 20  # of `log.info`


def rows_of(event: dg.DagsterEvent) -> int:
    """The rows that an event says were made or published; 0 where it does not say."""
    told = event.materialization.metadata
    value = told.get("dagster/row_count") or told.get("rows")
    return int(str(value.value)) if value else 0


def _number_of_steps(event: dg.DagsterEvent) -> int:
    """How many steps the executor is about to run; 0 for events that say something else."""
    keys = event.engine_event_data.metadata.get("step_keys")
    return len(ast.literal_eval(str(keys.value))) if keys else 0


@contextmanager
def telling(date: datetime.date, console: Console) -> Iterator[Callable[[dg.EventLogEntry], None]]:
    """Show what a run does: a line that changes in a terminal, else a line for what takes long.

    Returns:
        What takes the run's events.
    """
    if console.is_terminal:
        teller = _Teller(date, plain=lambda _line: None)
        with console.status(teller):
            yield teller.told
    else:
        errors = Console(stderr=True, highlight=False, soft_wrap=True)
        yield _Teller(date, plain=lambda line: errors.print(f"{date}: {line}", markup=False)).told
