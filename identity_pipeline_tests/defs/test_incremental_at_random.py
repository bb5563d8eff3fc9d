"""Whatever changes: a run that makes only what is stale leaves what a run of everything does."""

import random
import shutil
from dataclasses import dataclass

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
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import every_source
from identity_pipeline.unify import changed_rows
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
# What changed since the making before; where all is made, nothing is known of it.
OF_RUNS |= {("insight", "activity_touched"), ("insight", "activity_changed")}
OF_RUNS |= {name.key for name in (names.CUSTOMERS_TOUCHED, names.KEYS_TOUCHED)}
OF_RUNS |= {names.PROFILES_TOUCHED.key, names.GUARDED_TOUCHED.key}
OF_RUNS |= {names.RECORDS_TOUCHED.key, names.EDGES_TOUCHED.key}
OF_RUNS |= {names.matches_touched("visits").key, names.MATCH_PAIRS_CHANGED.key}
OF_RUNS |= {names.MATCH_PAIRS_TOUCHED.key}
OF_RUNS |= {names.profiles_touched(table).key for table in ("contacts", "visits")}
OF_RUNS |= {names.groups_touched(table).key for table in ("contacts", "visits")}


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
                succeeded &= refresh_dates(site, [date], QUIET, again=True)
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


@dataclass(frozen=True)
class History:
    """What differed between the homes after each change, and what happened to events."""

    differences: dict[str, object]
    events: set[str]


def play(begun, folder, seed, changes):
    """Make changes one after the other, with a chance of their own, and run both homes each time.

    Histories of other seeds are tried by calling this: what differs names the changes up to there.
    """
    shutil.copytree(begun, folder, dirs_exist_ok=True)
    world = first_world(folder)
    world.chance = random.Random(seed)
    homes, found = Homes(world, folder), History({}, set())
    for change in changes:
        before = timeline(homes.incremental)
        change(world)
        succeeded = homes.run()
        differs = homes.differences() if succeeded else "the run failed"
        found.differences[", then ".join(world.changes)] = differs
        found.events.update(happened(before, timeline(homes.incremental)))
    return found


@pytest.fixture(scope="module")
def of_any_size():
    """What changes alone is made of tables of any size, however much it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changed_rows, "SHORT", 0)
        patch.setattr(changed_rows, "MOST", 1)
        yield


@pytest.fixture(scope="module")
def history(tmp_path_factory, of_any_size):
    begun = tmp_path_factory.mktemp("begun")
    Homes(first_world(begun), begun).begin()
    changes = (deliveries_change, deliveries_change, anything_changes)
    return play(begun, tmp_path_factory.mktemp("history"), 22, changes)


def test_what_is_made_of_changes_is_what_is_made_anew(history):
    assert history.differences == {changes: {} for changes in history.differences}


def test_the_history_moves_replaces_and_removes_events(history):
    assert history.events == {
        *("an event came", "an event went", "an event changed its customer"),
        *("an event was known then", "an event was replaced"),
    }
