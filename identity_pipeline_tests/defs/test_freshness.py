"""Work is proportional to what changed, and the tables are the same as if all were made again."""

import datetime
import random
import shutil

import dagster as dg
import duckdb
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs import customers
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.defs.freshness import Ledger, Made, work_of
from identity_pipeline.defs.location import Home, assets_of
from identity_pipeline_tests.builders import CONTACTS, UNIFY, VISITORS, write_environment

DAYS = ("2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04")


def land(environment, table, lines, date):
    file = environment / "landing" / table / date / "file.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def contacts(*rows):
    return ["Id,Name,Email,Joined", *rows]


def visitors(*rows):
    return ["Visitor,Mail", *rows]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A small environment, run for its first day."""
    folder = write_environment(tmp_path_factory.mktemp("ran"))
    land(folder, "contacts", contacts("1,Ann,ann@x.example,2024-01-01"), DAYS[0])
    land(folder, "visitors", visitors("v1,ann@x.example", "v2,"), DAYS[0])
    run(folder)
    return folder


@pytest.fixture
def environment(ran, tmp_path):
    shutil.copytree(ran.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / ran.name


def run(folder, home="home", **options):
    return run_dates(folder, folder.parent / home, Dates(), **options)


def work(folder, day):
    """The tables that a run of a day would touch, without those it always does."""
    environment = load_environment(folder)
    place = Home(folder.parent / "home", environment.name)
    date = datetime.date.fromisoformat(day)
    keys = work_of(environment, assets_of(environment, place), place.warehouse, date)
    return {key.path[1] for key in keys} - {"published"}


def test_a_table_that_brings_nothing_new_is_not_deduplicated_again(environment):
    before = made(environment)
    land(environment, "visitors", visitors("v1,ann@x.example", "v3,"), DAYS[1])

    found = work(environment, DAYS[1])
    run(environment)

    again = made_since(before, environment)
    assert {"unify.visitors_members", "unify.visitors_matches", "customer.customer"} <= again
    assert {table for table in again if "contacts" in table} == set()
    assert {"visitors_members", "visitors_matches", "customer"} <= found
    assert {"contacts", "contacts_current"}.isdisjoint(found)


def test_a_day_run_again_leaves_what_turns_out_the_same(environment):
    before = made(environment)

    run(environment)

    assert made(environment) == before


def made(folder):
    """When each table was made last, by the numbers of the ledger."""
    with duckdb.connect(str(folder.parent / "home" / "warehouse" / "small.duckdb")) as connection:
        return dict(connection.execute("select table_name, made from ledger.made").fetchall())


def made_since(before, folder):
    """The tables that were made after `made` said when they were."""
    return {table for table, number in made(folder).items() if before.get(table) != number}


def test_a_changed_rule_makes_its_table_and_what_follows_again(environment):
    land(environment, "visitors", visitors("v1,ann@x.example"), DAYS[1])
    run(environment)
    before = made(environment)
    changed = UNIFY.replace("{name: Mail, conditions", "{name: Mailbox, conditions")
    (environment / "unify.yaml").write_text(changed, encoding="utf-8")

    run(environment)

    again = made_since(before, environment)
    assert changed != UNIFY
    assert {"unify.visitors_matches", "customer.customer"} <= again
    assert {"unify.contacts_members", "unify.contacts_current"}.isdisjoint(again)


def test_what_failed_is_made_next_time_with_all_that_follows(environment, monkeypatch):
    land(environment, "visitors", visitors("v1,ann@x.example", "v3,"), DAYS[1])
    with monkeypatch.context() as patch:
        patch.setattr(customers, "audit", lambda engine: {"records_lost": 1})
        failed = run(environment)

    succeeded = run(environment)

    assert (failed, succeeded) == (False, True)
    assert "v3" in published(environment.parent / "home")["Customer"]


def published(home):
    """Every published table as text, in a stable order."""
    file = home / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables()").fetchall()
        return {
            name: str(connection.execute(f'from "{name}" order by all').fetchall())
            for (name,) in names
        }


def test_a_table_is_fresh_if_it_was_made_after_its_inputs_by_the_same_configuration():
    spec = dg.AssetSpec(["a", "b"], deps=[["c", "d"]], code_version="1")
    cases = [
        # version of a.b, number of a.b, numbers of c.d: made, changed, fresh
        ("1", 2, (1, 1), True),
        ("1", 1, (2, 2), False),
        ("1", 2, (3, 1), True),
        ("0", 2, (1, 1), False),
        ("1", 2, None, False),
    ]

    for version, own, other, fresh in cases:
        tables = {"a.b": Made(version, own, own)}
        tables |= {"c.d": Made("x", *other)} if other else {}
        assert Ledger(tables).is_fresh([spec]) is fresh


def changes(seed):
    """Random deliveries by day and table: inserts, updates, deletes, late identities."""
    chance = random.Random(seed)
    people = ["ann", "bob", "cid", "dan"]
    found = {}
    for day in DAYS:
        rows = [
            f"{number},{chance.choice(people)},{chance.choice(people)}@x.example,2024-01-01"
            for number in range(chance.randrange(2, 5))
        ]
        seen = [
            f"v{number},{chance.choice(['', *(f'{person}@x.example' for person in people)])}"
            for number in range(chance.randrange(2, 5))
        ]
        found[day, "contacts"] = (
            contacts(*rows) if day == DAYS[0] or chance.random() < 0.5 else None
        )
        found[day, "visitors"] = (
            visitors(*seen) if day == DAYS[0] or chance.random() < 0.7 else None
        )
    return found


# Histories of more sorts of changes are in test_incremental_at_random.
@pytest.mark.parametrize("seed", [1])
def test_making_only_what_changed_gives_the_tables_that_making_all_gives(tmp_path, seed):
    free = "limits: {shrink_to: 0%}\n"
    files = {"sources/contacts.yaml": CONTACTS + free, "sources/visitors.yaml": VISITORS + free}
    folder = write_environment(tmp_path, files)
    for (day, table), lines in changes(seed).items():
        if lines:
            land(folder, table, lines, day)

    run(folder, "some")
    run(folder, "all", again=True)

    assert published(tmp_path / "some") == published(tmp_path / "all")
