"""Dates whose deliveries are as they last ran are not run again; the last date always is."""

import datetime
import gzip
import shutil

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs import customers
from identity_pipeline.defs.console import Dates, chosen_dates, run_dates
from identity_pipeline.defs.location import Home
from identity_pipeline.engine.registry import open_engine
from identity_pipeline.sources.ingest import ingest
from identity_pipeline_tests.builders import CONTACTS, write_environment

DAYS = [datetime.date(2024, 5, day) for day in (1, 2, 3)]
ALL = Dates()
FREE = "limits: {shrink_to: 0%}\n"


def land(environment, table, day, text):
    file = environment / "landing" / table / str(day) / "file.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Contacts of each day, visitors of the first two, all of it run."""
    folder = write_environment(tmp_path_factory.mktemp("ran"))
    for number, day in enumerate(DAYS):
        land(folder, "contacts", day, f"Id,Name,Email,Joined\n{number},Ann,,2024-01-01\n")
    land(folder, "visitors", DAYS[0], "Visitor,Mail\nv1,\n")
    land(folder, "visitors", DAYS[1], "Visitor,Mail\nv1,\n")
    assert to_run(folder) == [1, 2, 3]
    assert run(folder)
    return folder


@pytest.fixture
def environment(ran, tmp_path):
    shutil.copytree(ran.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "small"


def place(environment):
    return Home(environment.parent / "home", "small")


def to_run(environment, dates=ALL, **options):
    chosen = chosen_dates(load_environment(environment), place(environment), dates, **options)
    return [day.day for day in chosen.run]


def run(environment, dates=ALL):
    return run_dates(environment, environment.parent / "home", dates)


def test_only_the_last_date_runs_again(environment, capsys):
    run(environment)

    assert to_run(environment) == [3]
    assert capsys.readouterr().out.startswith("2 dates unchanged since their last run")


def other_visitors(environment):
    land(environment, "visitors", DAYS[1], "Visitor,Mail\nv2,\n")


def other_contacts(environment):
    land(environment, "contacts", DAYS[0], "Id,Name,Email,Joined\n1,Bob,,2024-01-01\n")


def another_file(environment):
    file = environment / "landing" / "visitors" / str(DAYS[0]) / "more.csv.gz"
    file.write_bytes(gzip.compress(b"Visitor,Mail\nv9,\n"))
    declaration = environment / "sources" / "visitors.yaml"
    declaration.write_text(declaration.read_text().replace("*.csv", "*"))


def a_file_less(environment):
    (environment / "landing" / "visitors" / str(DAYS[1]) / "file.csv").unlink()


def another_declaration(environment):
    file = environment / "sources" / "contacts.yaml"
    file.write_text(file.read_text() + "description: people\n")


def free_contacts(environment):
    (environment / "sources" / "contacts.yaml").write_text(CONTACTS + FREE)


def a_rule(environment):
    file = environment / "unify.yaml"
    file.write_text(file.read_text().replace("normalize: [lower]", "normalize: [whitespace]"))


def ingested_otherwise(environment):
    """A job that only ingests reads other files, which then are as they were again."""
    other_visitors(environment)
    source = load_environment(environment).sources["visitors"]
    with open_engine(place(environment).warehouse) as opened, opened.transaction() as engine:
        ingest(engine, source, environment, DAYS[1])
    land(environment, "visitors", DAYS[1], "Visitor,Mail\nv1,\n")


CHANGES = [
    # what changes, which dates run
    (other_visitors, [2, 3]),
    (other_contacts, [1, 2, 3]),  # the size of a full delivery is what the next is judged by
    (another_file, [1, 2, 3]),  # its declaration is another one too
    (a_file_less, [2, 3]),
    (another_declaration, [1, 2, 3]),
    (free_contacts, [1, 2, 3]),
    (a_rule, [3]),
    (ingested_otherwise, [2, 3]),
]


@pytest.mark.parametrize(("change", "days"), CHANGES)
def test_what_changed_runs_again_and_what_is_judged_by_it(environment, change, days):
    change(environment)

    assert to_run(environment) == days


def test_a_date_whose_files_are_all_gone_runs_and_its_rows_go(environment):
    shutil.rmtree(environment / "landing" / "contacts" / str(DAYS[1]))
    shutil.rmtree(environment / "landing" / "visitors" / str(DAYS[1]))
    assert to_run(environment) == [2, 3]
    run(environment)

    assert to_run(environment) == [3]


def test_a_date_that_failed_runs_again(environment, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(customers, "audit", lambda engine: {"records_lost": 1})
        run(environment, Dates(only=DAYS[1]))

    assert to_run(environment) == [2, 3]


def test_a_date_that_is_asked_for_runs(environment):
    assert to_run(environment, Dates(only=DAYS[0])) == [1]
    assert to_run(environment, again=True) == [1, 2, 3]
