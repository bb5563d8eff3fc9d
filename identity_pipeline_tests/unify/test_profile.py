"""A row's place in its data set: files by date and name, then lines; it outlasts its neighbours."""

import datetime

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.terms.sources import MOST_LINES, Profile
from identity_pipeline.unify.profile import file_numbers, profile_rows, profile_rows_of_events

FIRST, SECOND = datetime.date(2024, 5, 1), datetime.date(2024, 5, 2)
PROFILE = Profile(primary_key="Id", columns=("Id", "Name"))
FILES = [("people", SECOND, "a.csv"), ("people", FIRST, "b.csv"), ("people", FIRST, "a.csv")]
ROWS = [
    ("1", "Ann", FIRST, "b.csv", 7),
    ("2", None, SECOND, "a.csv", 2),
    (None, "Cy", FIRST, "a.csv", 3),
    ("1", "Ann", FIRST, "a.csv", 4),
]
PLACE = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}


@pytest.fixture
def engine():
    with open_engine(None) as opened:
        yield opened.engine


def places(engine, rows, of=profile_rows, files=FILES):
    """`_ordinal`, key, filled columns and rows of the profile rows, by place."""
    ledger = {"table_name": "string", "ingestion_date": "date", "file": "string"}
    numbers = file_numbers(engine.relation(ledger, [*files, ("other", FIRST, "0.csv")]), "people")
    current = engine.relation({"Id": "string", "Name": "string"} | PLACE, rows)
    found = of(current, numbers, PROFILE)
    return sorted(engine.rows(found.select("_ordinal", "_key", "_filled", "_rows")))


def test_a_place_is_the_files_number_and_the_line(engine):
    assert places(engine, ROWS) == [
        (4, "1", 2, 1),
        (MOST_LINES + 7, "1", 2, 1),
        (2 * MOST_LINES + 2, "2", 1, 1),
    ]


def test_a_place_stays_where_other_rows_go_and_files_come(engine):
    before = places(engine, ROWS)
    later = [*FILES, ("people", SECOND, "b.csv")]

    assert places(engine, ROWS[:2], files=later) == before[1:]


def test_events_alike_have_the_place_of_the_first(engine):
    assert places(engine, ROWS, of=profile_rows_of_events) == [
        (4, "1", 2, 2),
        (2 * MOST_LINES + 2, "2", 1, 1),
    ]
