"""What a run would do: the same run on a copy, whose published file is compared with the real one.

Nothing is written but in a temporary folder (TMPDIR says where), and nothing is sent.
"""

import dataclasses
import datetime
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import filelock
from rich.console import Console

from identity_pipeline.defs.console import (
    Chosen,
    Dates,
    Site,
    checked_environment,
    chosen_dates,
    refresh_dates,
)
from identity_pipeline.defs.location import Home
from identity_pipeline.defs.resources import PATIENCE_SECONDS
from identity_pipeline.effects.compare import Subject, compare
from identity_pipeline.effects.effect import Effect
from identity_pipeline.effects.insights import RECIPIENTS, reached
from identity_pipeline.effects.sides import AFTER, BEFORE, Sides
from identity_pipeline.effects.words import in_words
from identity_pipeline.engine.base import Engine, Rows
from identity_pipeline.engine.registry import open_beside
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import OWN_COLUMNS, Environment, every_source
from identity_pipeline.terms.errors import PipelineError, WarehouseBusy
from identity_pipeline.terms.names import TableName

# Whom exports reached before: kept beside the comparison, since the run overwrites its log.
REACHED_BEFORE = TableName("kept", "reached_before")
WAREHOUSE = "warehouse"


class NothingToCompare(PipelineError):
    """The environment that a plan is to be compared with was never run, or is to be named."""


@dataclass(frozen=True)
class Question:
    """What is to be planned.

    Attributes:
        folder: the environment.
        home: where the runs are that it is compared with.
        dates: the dates that a run would be asked for.
        base: the environment that was run, a folder or a name, where it has another name than
            `folder`; its files are read where `folder` has none.
    """

    folder: Path
    home: Path
    dates: Dates
    base: Path | None = None


@dataclass(frozen=True)
class Rehearsal:
    """A run on a copy, while the copy is there.

    Attributes:
        environment: as it was run.
        chosen: the dates that were run.
        succeeded: whether all runs did.
        before: the published file as it is; None before the first run.
        after: the published file as the run would leave it.
        beside: a database to compare them in.
        warehouse: the copy, after the run.
    """

    environment: Environment
    chosen: Chosen
    succeeded: bool
    before: Path | None
    after: Path
    beside: Path
    warehouse: Path


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        environment: its name.
        dates: the ingestion dates that would run.
        unchanged: how many others are as they last ran.
        is_first: whether nothing was run before, so that everything is new.
        effect: what would change.
    """

    environment: str
    dates: tuple[datetime.date, ...]
    unchanged: int
    is_first: bool
    effect: Effect


def make_plan(question: Question, console: Console, examples: int | None) -> Plan | None:
    """Say what a run would do; None where the run would fail, which the console tells.

    Args:
        question: what is asked.
        console: where progress and failures are told.
        examples: at most so many of anything are named; None: all.

    Raises:
        ConfigError: the environment cannot be used.
        NothingToRun: no files for what was asked.
        NothingToCompare: the base was never run.
        WarehouseBusy: a run holds the warehouse.
    """
    with rehearse(question, console) as rehearsal:
        if not rehearsal.succeeded:
            return None
        with console.status("comparing"):
            effect = compare_sides(rehearsal, examples)
        return Plan(
            environment=rehearsal.environment.name,
            dates=tuple(rehearsal.chosen.run),
            unchanged=rehearsal.chosen.unchanged,
            is_first=rehearsal.before is None,
            effect=effect,
        )


@contextmanager
def rehearse(question: Question, console: Console) -> Iterator[Rehearsal]:
    """Run what is asked on a copy, with a history of its own; the copy is gone afterwards."""
    environment = _environment(question)
    real = Home(question.home.resolve(), _base_name(question, environment))
    if question.base and not real.published.exists():
        raise NothingToCompare(f"{real.environment} was never run: there is no {real.published}")
    with tempfile.TemporaryDirectory(prefix="identity_pipeline_plan_") as temporary:
        folder = Path(temporary)
        copy = Home(folder, environment.name, is_rehearsal=True)
        before = folder / "before.duckdb"
        _copy_state(real, copy, before, console)
        beside = folder / "beside.duckdb"
        _keep_reached(copy.warehouse, beside)
        chosen = chosen_dates(environment, copy, question.dates)
        with dg.DagsterInstance.ephemeral() as instance:
            succeeded = refresh_dates(Site(environment, copy, instance), chosen.run, console)
        yield Rehearsal(
            environment=environment,
            chosen=chosen,
            succeeded=succeeded,
            before=before if before.exists() else None,
            after=copy.published,
            beside=beside,
            warehouse=copy.warehouse,
        )


def _environment(question: Question) -> Environment:
    """The environment, with the base's folder for files where it has none of its own."""
    environment = checked_environment(question.folder)
    sources = every_source(environment)
    if delivered_dates(environment.folder, sources.values()):
        return environment
    if question.base is None or not question.base.is_dir():
        raise NothingToCompare(
            f"{environment.folder} has no delivered files: name the folder of the environment "
            "that has them with --base"
        )
    return environment.model_copy(update={"folder": question.base.resolve()})


def _base_name(question: Question, environment: Environment) -> str:
    return question.base.resolve().name if question.base else environment.name


def _copy_state(real: Home, copy: Home, before: Path, console: Console) -> None:
    """Copy warehouse and published file, the latter as `before` too, while no run is at work."""
    for folder in (copy.warehouse.parent, copy.published.parent):
        folder.mkdir(parents=True)
    files = [
        (real.warehouse, copy.warehouse),
        (real.warehouse.with_suffix(".duckdb.wal"), copy.warehouse.with_suffix(".duckdb.wal")),
        (real.published, copy.published),
    ]
    if not real.warehouse.exists():
        return
    with console.status("copying the warehouse"):
        try:
            with filelock.FileLock(f"{real.warehouse}.lock", timeout=PATIENCE_SECONDS):
                for source, target in files:
                    if source.exists():
                        _copy(source, target)
        except filelock.Timeout:
            raise WarehouseBusy(
                f"{real.warehouse} was in use for {PATIENCE_SECONDS} s; let the run finish"
            ) from None
    if copy.published.exists():
        # A run puts another file in its place, and this name keeps the old one.
        os.link(copy.published, before)


def _copy(source: Path, target: Path) -> None:
    """Copy a file and its times; where the file system can, its blocks are shared, not copied."""
    try:
        with source.open("rb") as read, target.open("wb") as written:
            while os.copy_file_range(read.fileno(), written.fileno(), 1 << 30):
                pass
    except OSError:
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _keep_reached(warehouse: Path, beside: Path) -> None:
    """Keep whom exports reached before the run."""
    if warehouse.exists():
        with open_beside(beside, {WAREHOUSE: warehouse}) as (engine, _):
            engine.store(REACHED_BEFORE, _reached_in(engine))


def _reached_in(engine: Engine) -> Rows:
    log = TableName(WAREHOUSE, str(names.EXPORT_RECIPIENTS))
    return reached(engine.table(log)) if engine.exists(log) else engine.relation(RECIPIENTS, [])


def compare_sides(rehearsal: Rehearsal, examples: int | None) -> Effect:
    """What the run on the copy did, against what is published."""
    environment = rehearsal.environment
    files = {AFTER: rehearsal.after, WAREHOUSE: rehearsal.warehouse}
    if rehearsal.before:
        files[BEFORE] = rehearsal.before
    with open_beside(rehearsal.beside, files) as (engine, tables):
        known = engine.exists(REACHED_BEFORE)
        subject = Subject(
            segments=[one.name for one in environment.segments],
            exports=[one.name for one in environment.exports],
            passed_over={*OWN_COLUMNS, *environment.key_columns},
            reached_before=engine.table(REACHED_BEFORE)
            if known
            else engine.relation(RECIPIENTS, []),
            reached_after=engine.keep(_reached_in(engine)),
        )
        return compare(Sides(engine, tables, examples), subject)


def as_json(plan: Plan) -> str:
    """The plan for programs, in a stable order."""
    return json.dumps(dataclasses.asdict(plan), default=str, indent=2)


def print_plan(console: Console, plan: Plan) -> None:
    """Print the plan for people."""
    last = f" to {plan.dates[-1]}" if len(plan.dates) > 1 else ""
    others = "1 other date" if plan.unchanged == 1 else f"{plan.unchanged:,} other dates"
    unchanged = f"; {others} unchanged" if plan.unchanged else ""
    console.print(f"Plan of {plan.environment} for {plan.dates[0]}{last}{unchanged}")
    if plan.is_first:
        console.print(
            f"Nothing was run yet of {plan.environment}: everything is new. "
            "(--base names an environment of another name to compare with.)"
        )
    for line in in_words(plan.effect):
        console.print(line, markup=False, soft_wrap=True)
