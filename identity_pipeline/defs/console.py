"""Runs from the command line: in this process, in the history that the UI shows."""

import datetime
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import dagster as dg
from rich.console import Console

from identity_pipeline.config import load_environment
from identity_pipeline.defs.automation import REFRESH
from identity_pipeline.defs.collection import paused_collection
from identity_pipeline.defs.freshness import forget_all, work_of
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline.defs.profile import profiling
from identity_pipeline.defs.progress import telling
from identity_pipeline.defs.resources import memory_limit
from identity_pipeline.defs.serving import KEY as PUBLISHED
from identity_pipeline.defs.summary import print_failures, print_summary
from identity_pipeline.defs.unchanged import (
    Past,
    note_runs,
    read_past,
    remembered_dates,
    unchanged_dates,
)
from identity_pipeline.defs.validation import check_types
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms.environment import Environment, every_source
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
class Site:
    """Where ingestion dates are run: an environment, what runs leave behind, and the history."""

    environment: Environment
    place: Home
    instance: dg.DagsterInstance


@dataclass(frozen=True)
class Run:
    """A run of an ingestion date; `work` are the assets that have something to do, None all."""

    job: dg.JobDefinition
    instance: dg.DagsterInstance
    date: datetime.date
    work: list[dg.AssetKey] | None


def checked_environment(folder: Path) -> Environment:
    """An environment, all of it checked before anything runs.

    Raises:
        ConfigError: the environment cannot be used.
    """
    environment = load_environment(folder.resolve())
    check_types(environment)
    return environment


def run_dates(folder: Path, home: Path, dates: Dates, *, again: bool = False) -> bool:
    """Refresh each ingestion date in order; whether all runs succeeded.

    What did not change since it was last made is not made again, and dates without changes are not
    run, unless that is asked.

    Raises:
        ConfigError: the environment cannot be used.
        NothingToRun: no files for what was asked.
    """
    console = Console(highlight=False, soft_wrap=True)
    environment = checked_environment(folder)
    memory_limit()  # one that cannot be read is refused before anything runs
    place = Home(home.resolve(), environment.name)
    chosen = chosen_dates(environment, place, dates, again=again)
    print_unchanged(console, chosen)
    os.environ["DAGSTER_HOME"] = str(dagster_home(home))
    with dg.DagsterInstance.get() as instance:
        site = Site(environment, place, instance)
        succeeded = refresh_dates(site, chosen.run, console, again=again)
    console.print(f"\nOpen {_shown(place.published)} with SQL, or `make ui` for the history.")
    return succeeded


def refresh_dates(
    site: Site, dates: Sequence[datetime.date], console: Console, *, again: bool = False
) -> bool:
    """Refresh ingestion dates at a site, in order, and tell what failed; of a run also its summary.

    Returns:
        Whether all runs succeeded.
    """
    environment, place = site.environment, site.place
    definitions = definitions_of(environment, place, through=max(dates))
    job = definitions.resolve_job_def(REFRESH)
    assets = [one for one in definitions.assets or () if isinstance(one, dg.AssetsDefinition)]
    outcomes: dict[datetime.date, bool] = {}
    for date in dates:
        if again:
            forget_all(place.warehouse)
        work = None if again else work_of(environment, assets, place.warehouse, date)
        result = _refresh(Run(job, site.instance, date, work), console)
        outcomes[date] = result.success
        if _was_published(result) and not place.is_rehearsal:
            print_summary(console, environment, place.published, date)
        print_failures(console, result)
    note_runs(environment, place.warehouse, outcomes)
    return all(outcomes.values())


@dataclass(frozen=True)
class Chosen:
    """The ingestion dates to run, in order, and how many others are as they last ran."""

    run: list[datetime.date]
    unchanged: int = 0


def chosen_dates(
    environment: Environment, place: Home, dates: Dates, *, again: bool = False
) -> Chosen:
    """The dates to run: of several, those that changed since they last ran, and the last.

    Raises:
        NothingToRun: no files for what was asked.
    """
    # One date that is named runs whatever is remembered.
    past = Past() if dates.only else read_past(place.warehouse)
    chosen = _asked(environment, past, dates)
    if again:
        return Chosen(chosen)
    *others, last = chosen
    unchanged = unchanged_dates(environment, past, others)
    return Chosen([*(one for one in others if one not in unchanged), last], len(unchanged))


def print_unchanged(console: Console, chosen: Chosen) -> None:
    """Say how many dates are not run, if any."""
    if chosen.unchanged:
        word = "1 date" if chosen.unchanged == 1 else f"{chosen.unchanged:,} dates"
        console.print(f"{word} unchanged since their last run")


def _asked(environment: Environment, past: Past, dates: Dates) -> list[datetime.date]:
    sources = every_source(environment)
    delivered = list(delivered_dates(environment.folder, sources.values()))
    if not delivered:
        patterns = ", ".join(source.landing for source in environment.sources.values())
        raise NothingToRun(f"{environment.folder}: no files fit {patterns}")
    first, last = delivered[0], delivered[-1]
    # A date whose files are all gone is run too, so that their rows go.
    gone = {date for date in remembered_dates(environment, past) if date > first}
    chosen = dates.of(sorted(gone.union(delivered)))
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
    """Run one ingestion date, saying which step is at work and how far it is."""
    run_id = str(uuid.uuid4())  # Dagster's id of the run; nothing in the data depends on it
    with paused_collection(), telling(run.date, console) as told, profiling(run.date) as noted:
        for listener in (told, noted):
            run.instance.add_event_listener(run_id, listener)
        return run.job.execute_in_process(
            instance=run.instance,
            partition_key=run.date.isoformat(),
            run_config=QUIET,
            run_id=run_id,
            raise_on_error=False,
            asset_selection=run.work,
        )


def _was_published(result: dg.ExecuteInProcessResult) -> bool:
    return any(event.asset_key == PUBLISHED for event in result.get_asset_materialization_events())


def _shown(path: Path) -> str:
    """A path as a person would type it from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
