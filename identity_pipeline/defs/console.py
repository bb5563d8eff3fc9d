"""Runs from the command line: in this process, in the history that the UI shows."""

import datetime
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import dagster as dg
from rich.console import Console

from identity_pipeline.config import load_environment
from identity_pipeline.defs.automation import REFRESH
from identity_pipeline.defs.freshness import forget_all, work_of
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline.defs.serving import KEY as PUBLISHED
from identity_pipeline.defs.summary import print_failures, print_summary
from identity_pipeline.defs.validation import check_types
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms.environment import Environment, override_sources
from identity_pipeline.terms.errors import PipelineError

# The terminal shows our own lines; Dagster's log is in the UI.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class NothingToRun(PipelineError):
    """No ingestion date fits what was asked."""


@dataclass(frozen=True)
class Dates:
    """Which ingestion dates to run: one, all up to one, or all."""

    only: datetime.date | None = None
    through: datetime.date | None = None

    def of(self, delivered: list[datetime.date]) -> list[datetime.date]:
        """The dates to run, in order."""
        if self.only:
            return [self.only]
        return [date for date in delivered if not self.through or date <= self.through]


def dagster_home(home: Path) -> Path:
    """Dagster's home inside ours, made with our settings where there is none."""
    folder = home.resolve() / "dagster_home"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        template = files("identity_pipeline.defs") / "dagster.yaml"
        settings.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Run:
    """A run of an ingestion date; `work` are the assets that have something to do, None all."""

    job: dg.JobDefinition
    instance: dg.DagsterInstance
    date: datetime.date
    work: list[dg.AssetKey] | None


def run_dates(folder: Path, home: Path, dates: Dates, *, again: bool = False) -> bool:
    """Refresh each ingestion date in order; whether all runs succeeded.

    What did not change since it was last made is not made again, unless that is asked.

    Raises:
        ConfigError: the environment cannot be used.
        NothingToRun: no files for what was asked.
    """
    console = Console(highlight=False, soft_wrap=True)
    environment = load_environment(folder.resolve())
    check_types(environment)
    place = Home(home.resolve(), environment.name)
    chosen = _chosen(environment, dates)
    os.environ["DAGSTER_HOME"] = str(dagster_home(home))
    definitions = definitions_of(environment, place, through=max(chosen))
    job = definitions.resolve_job_def(REFRESH)
    assets = [one for one in definitions.assets or () if isinstance(one, dg.AssetsDefinition)]
    succeeded = True
    with dg.DagsterInstance.get() as instance:
        for date in chosen:
            if again:
                forget_all(place.warehouse)
            work = None if again else work_of(environment, assets, place.warehouse, date)
            result = _refresh(Run(job, instance, date, work), console)
            succeeded &= result.success
            if _was_published(result):
                print_summary(console, environment, place.published, date)
            print_failures(console, result)
    console.print(f"\nOpen {_shown(place.published)} with SQL, or `make ui` for the history.")
    return succeeded


def _chosen(environment: Environment, dates: Dates) -> list[datetime.date]:
    sources = environment.sources | override_sources(environment)
    delivered = list(delivered_dates(environment.folder, sources.values()))
    if not delivered:
        patterns = ", ".join(source.landing for source in environment.sources.values())
        raise NothingToRun(f"{environment.folder}: no files fit {patterns}")
    first, last = delivered[0], delivered[-1]
    chosen = dates.of(delivered)
    if not chosen:
        raise NothingToRun(f"no files up to {dates.through}; there are some from {first} to {last}")
    if chosen[-1] > (today := datetime.datetime.now(datetime.UTC).date()):
        raise NothingToRun(
            f"{chosen[-1]} is in the future (today is {today} in UTC): "
            "mend the name of the delivery's folder, or run --through an earlier date"
        )
    if chosen[0] < first:
        raise NothingToRun(f"no files before {first}, the first ingestion date")
    return chosen


def _refresh(run: Run, console: Console) -> dg.ExecuteInProcessResult:
    """Run one ingestion date, saying which step is at work."""
    run_id = str(uuid.uuid4())  # Dagster's id of the run; nothing in the data depends on it
    with paused_collection(), console.status(f"{run.date}: starting") as status:
        told = _tell(lambda step: status.update(f"{run.date}: {step}"))
        run.instance.add_event_listener(run_id, told)
        return run.job.execute_in_process(
            instance=run.instance,
            partition_key=run.date.isoformat(),
            run_config=QUIET,
            run_id=run_id,
            raise_on_error=False,
            asset_selection=run.work,
        )


@contextmanager
def paused_collection() -> Iterator[None]:
    """Let Python's garbage collector rest during a run, and pass over what the run leaves.

    It would look through hundreds of thousands of nodes of expressions again and again, all of them
    alive: measured at an eighth of a run, and another second when the process ends. What is garbage
    after a run are some thousand objects.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    return any(event.asset_key == PUBLISHED for event in result.get_asset_materialization_events())


def _tell(show: Callable[[str], None]) -> Callable[[dg.EventLogEntry], None]:
    def told(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.event_type_value == "STEP_START" and event.step_key:
            show(event.step_key.replace("_", " "))

    return told


def _shown(path: Path) -> str:
    """A path as a person would type it from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
