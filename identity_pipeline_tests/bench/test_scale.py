"""Hard worlds run, at a small size, and what their size must not multiply."""

import datetime

import duckdb
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.config_warnings import warnings
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.unify import pair_counts
from identity_pipeline_tests.bench.cost import Cost
from identity_pipeline_tests.bench.hard_worlds import DATE, WORLDS, write_world
from identity_pipeline_tests.bench.scale import Measured, as_markdown, rows_of, sizes_of

SIZE = 60


def published(folder, name, size=SIZE):
    """Customers, and links, of a case that ran."""
    world = write_world(WORLDS[name], folder / name, size)
    assert run_dates(world, folder / "home", Dates(only=datetime.date.fromisoformat(DATE)))
    with duckdb.connect(str(folder / "home" / "published" / f"{name}.duckdb")) as connection:
        counted = connection.execute(
            "select (select count(*) from Customer), (select count(*) from MatchEdges)"
        )
        return counted.fetchone()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # customers, and no more links than records
        ("path_components", (1, SIZE - 1)),
        ("star_never", (2, SIZE - 2)),
        ("star_centre", (1, SIZE)),
    ],
)
def test_a_hard_world_is_as_few_customers_as_it_says(tmp_path, name, expected):
    assert published(tmp_path, name) == expected


def test_a_rule_that_compares_very_many_pairs_is_named_with_their_number(tmp_path, monkeypatch):
    monkeypatch.setattr(pair_counts, "MANY_PAIRS", 1000)
    remarks = []
    monkeypatch.setattr(
        "identity_pipeline.unify.pair_counts._remark",
        lambda *told: remarks.append(told) or "",
    )
    published(tmp_path, "shared_value")

    assert remarks == [("deduplication rule 'Near' of people", 1770, 1770)]


def test_a_rule_without_an_exact_condition_is_warned_of(tmp_path):
    world = write_world(WORLDS["fuzzy_alone"], tmp_path / "world", 1)
    [warning] = warnings(load_environment(world))

    assert "rule 'Near' has no exact condition: it compares every pair of rows" in str(warning)


def test_a_case_is_measured_at_a_tenth_of_its_size_and_at_its_size():
    assert (sizes_of("star", quick=False), sizes_of("star", quick=True)) == (
        (100_000, 1_000_000),
        (1_000, 10_000),
    )


def test_the_table_shows_how_the_cost_grows():
    small = Measured("star", 100, Cost(2.0, 1.0, 10**8), "landing")
    large = Measured("star", 1000, Cost(30.0, 20.0, 10**9), "unification")

    assert as_markdown(rows_of([small, large])).splitlines()[-1] == (
        "| star | 1,000 | 30.0 | 20.0 | 1,000 | 15.0 | unification |"
    )
