"""Whatever changes: a run that makes only what is stale leaves what a run of everything does."""

import random
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from rich.console import Console

from identity_pipeline.config import load_environment
from identity_pipeline.defs.console import Dates, Site, chosen_dates, refresh_dates
from identity_pipeline.defs.freshness import forget_all
from identity_pipeline.defs.location import Home
from identity_pipeline.engine.registry import open_engine
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.sources.ingest import ingest
from identity_pipeline.terms.environment import every_source
from identity_pipeline_tests.defs.changing_world import (
    DAYS,
    NAME,
    anything_changes,
    deliveries_change,
    first_world,
)

QUIET = Console(quiet=True)
# What says when something was made, and what of it is fresh: it cannot be the same.
OF_RUNS = {("ledger", "made"), ("ledger", "published"), ("ledger", "versions")}


def tables(file):
    """Every table and view of a database with its rows, sorted."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("""
            select schema_name, table_name from duckdb_tables()
            union all select schema_name, view_name from duckdb_views() where not internal
        """).fetchall()
        return {
            name: sorted(map(repr, connection.execute('from "{}"."{}"'.format(*name)).fetchall()))
            for name in names
            if name not in OF_RUNS
        }


def differences(one, other):
    """Rows that only one side has, by table; tables that only one has."""
    found = {name: ("only here", name in one) for name in one.keys() ^ other.keys()}
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            here, there = set(one[name]), set(other[name])
            found[name] = (sorted(here - there)[:3], sorted(there - here)[:3])
    return found


def everything(place):
    return tables(place.warehouse) | tables(place.published)


class Homes:
    """One environment run in two homes: by what is stale, and anew with everything forgotten."""

    def __init__(self, world, folder):
        self.world = world
        self.incremental = Home(folder / "incremental", NAME)
        self.anew = Home(folder / "anew", NAME)

    def run(self):
        """Run what changed in both; whether the runs succeeded."""
        environment = load_environment(self.world.folder)
        dates = chosen_dates(environment, self.incremental, Dates()).run
        with dg.DagsterInstance.ephemeral() as instance:
            site = Site(environment, self.incremental, instance)
            succeeded = refresh_dates(site, dates, QUIET)
            for date in dates:
                self.forget()
                site = Site(environment, self.anew, instance)
                refresh_dates(site, [date], QUIET, again=True)
        self.read_all_files(environment)
        return succeeded

    def begin(self):
        """Run the first date, which is the same in both."""
        environment = load_environment(self.world.folder)
        with dg.DagsterInstance.ephemeral() as instance:
            site = Site(environment, self.incremental, instance)
            assert refresh_dates(site, DAYS[:1], QUIET)
        shutil.copytree(self.incremental.folder, self.anew.folder, copy_function=shutil.copy2)

    def forget(self):
        forget_all(self.anew.warehouse)
        self.anew.published.unlink(missing_ok=True)

    def read_all_files(self, environment):
        """Also those of dates that were not run: no file that changed may be passed over."""
        with open_engine(self.anew.warehouse) as opened:
            for source in every_source(environment).values():
                for date in delivered_dates(environment.folder, [source]):
                    with opened.transaction() as engine:
                        ingest(engine, source, environment.folder, date)

    def differences(self):
        return differences(everything(self.incremental), everything(self.anew))


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The first date of every history, run."""
    folder = tmp_path_factory.mktemp("changing")
    Homes(first_world(folder), folder).begin()
    return folder


def history(begun: Path, folder: Path, seed: int) -> Homes:
    """Homes as they are after the first date, with a chance of their own."""
    shutil.copytree(begun, folder, dirs_exist_ok=True)
    world = first_world(folder)
    world.chance = random.Random(seed)
    return Homes(world, folder)


def timeline(place):
    """Event -> the customer, whether unknown then, the date of the delivery that counts."""
    query = """
        select ActivityId, CustomerId, was_unknown_at_event, ingestion_date from UnifiedActivity
    """
    with duckdb.connect(str(place.published), read_only=True) as connection:
        return {event: rest for event, *rest in connection.execute(query).fetchall()}


def happened(before, after):
    """What became of events, in words."""
    stay = before.keys() & after.keys()
    words = {"an event came": after.keys() - before.keys(), "an event went": before.keys() - stay}
    values = [(before[event], after[event]) for event in stay]
    for place, word in enumerate(
        ("an event changed its customer", "an event was known then", "an event was replaced")
    ):
        words[word] = [was for was, now in values if was[place] != now[place]]
    return {word for word, events in words.items() if events}


@pytest.fixture(scope="module")
def delivered(begun, tmp_path_factory):
    """Three times two deliveries change: what differs after each, and what happened."""
    homes = history(begun, tmp_path_factory.mktemp("delivered"), seed=0)
    seen, differs = set(), {}
    for _ in range(3):
        before = timeline(homes.incremental)
        deliveries_change(homes.world)
        assert homes.run(), homes.world.changes
        differs[tuple(homes.world.changes)] = homes.differences()
        seen |= happened(before, timeline(homes.incremental))
    return differs, seen


def test_changed_deliveries_leave_what_a_run_of_everything_does(delivered):
    differs, _ = delivered

    assert differs == {changes: {} for changes in differs}


def test_the_deliveries_move_replace_and_remove_events(delivered):
    _, seen = delivered

    assert seen == {
        *("an event came", "an event went", "an event changed its customer"),
        *("an event was known then", "an event was replaced"),
    }


@pytest.mark.parametrize("seed", [0])
def test_whatever_changes_leaves_what_a_run_of_everything_does(begun, tmp_path, seed):
    homes = history(begun, tmp_path, seed)
    for _ in range(2):
        anything_changes(homes.world)
        assert homes.run(), homes.world.changes

        assert homes.differences() == {}, homes.world.changes
