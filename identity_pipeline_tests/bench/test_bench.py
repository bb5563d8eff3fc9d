"""What the benchmark counts, and what it calls reached."""

import os
from dataclasses import replace

import duckdb
import pytest

from identity_pipeline_tests.bench.cost import BenchFailed, Cost, python
from identity_pipeline_tests.bench.figures import Results, Sized, Splink, targets_of
from identity_pipeline_tests.bench.quality import Quality, quality_of
from identity_pipeline_tests.bench.report import as_html, as_markdown
from identity_pipeline_tests.bench.stages import (
    BEFORE,
    BETWEEN,
    CURRENT,
    LANDING,
    OTHERS,
    UNIFICATION,
    Stage,
    stage_of,
    stages_of,
)

SIZED = Sized(
    records=100,
    events=900,
    floor=Cost(2.0, 1.0, 10**8),
    full=Cost(8.0, 6.0, 10**9),
    stages=[Stage(UNIFICATION, 3.0, 2.0, 10**9), Stage(LANDING, 1.0, 1.0, 10**8)],
    day=Cost(1.0, 1.0, 10**9),
    day_stages=[],
    quality=Quality(80, 100, 100),
)
LARGER = replace(SIZED, records=1000, events=9000, full=Cost(130.0, 60.0, 10**9))
SAMPLE = Cost(5.0, 5.5, 10**8)
SPLINK = Splink(2.5, 10**9, 0.9, Quality(80, 100, 120))


def results(*sizes):
    return Results("2024-06-05", {"cores": "2"}, {"duckdb": "1.5.5"}, sizes, SAMPLE)


TRUE = [
    # source, table, record, person
    ("Shop", "Contacts", "1", "ann"),
    ("Shop", "Contacts", "2", "ann"),
    ("Club", "Members", "1", "ann"),
    ("Club", "Members", "2", "bob"),
    ("Till", "Customers", "1", None),
    ("Web", "Events", "9", "ann"),
]


def quality(*groups):
    """The quality of (source, table, record, group) rows beside TRUE."""
    with duckdb.connect() as connection:
        for name, column in (("truth", "person"), ("groups", "grp")):
            connection.execute(
                f"create table {name} (source text, tab text, record text, {column} text)"
            )
        connection.executemany("insert into truth values (?, ?, ?, ?)", TRUE)
        connection.executemany("insert into groups values (?, ?, ?, ?)", groups)
        return quality_of(connection.table("groups"), connection.table("truth"))


@pytest.mark.parametrize(
    ("case", "groups", "expected"),
    [
        ("all of ann", ("a", "a", "a", "b"), Quality(found=3, said=3, true=3)),
        ("two of three", ("a", "a", "c", "b"), Quality(found=1, said=1, true=3)),
        ("bob is drawn in", ("a", "a", "a", "a"), Quality(found=3, said=6, true=3)),
        ("nobody is joined", ("a", "b", "c", "d"), Quality(found=0, said=0, true=3)),
    ],
)
def test_pairs_are_counted_as_found_as_said_and_as_true(case, groups, expected):
    rows = [(*one[:3], group) for one, group in zip(TRUE, groups, strict=False)]

    assert quality(*rows) == expected


def test_visitors_and_records_of_nobody_count_for_nothing():
    rows = [(*one[:3], "all") for one in (TRUE[0], TRUE[4], TRUE[5])]

    assert quality(*rows) == Quality(found=0, said=0, true=3)


def test_a_record_without_a_group_is_alone():
    assert quality(("Shop", "Contacts", "1", "a")) == Quality(found=0, said=0, true=3)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (Quality(found=3, said=4, true=6), (0.75, 0.5, 0.6)),
        (Quality(found=0, said=0, true=3), (1.0, 0.0, 0.0)),
        (Quality(found=0, said=0, true=0), (1.0, 1.0, 1.0)),
    ],
)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(counted, expected):
    assert (counted.precision, counted.recall, counted.f1) == pytest.approx(expected)


def met(*sizes):
    """The targets by name, and whether each is met."""
    return {one.name: (round(one.measured, 3), one.is_met) for one in targets_of(results(*sizes))}


def test_the_largest_world_decides_whether_a_target_is_met():
    assert met(SIZED, LARGER)["whole refresh: CPU / floor's CPU"] == (65.0, False)


def test_a_day_is_compared_with_the_full_refresh():
    sized = replace(SIZED, visits=Cost(2.0, 1.0, 10**9))

    assert met(sized)["a day of 1 %: CPU / full"] == (12.5, True)
    assert met(sized)["a day of 1 % new events alone: CPU / full"] == (25.0, False)


def test_growth_is_the_cost_of_a_row_beside_that_of_the_next_smaller_world():
    assert met(SIZED, LARGER)["CPU a row, 100 to 1,000 records"] == (1.625, False)


def test_only_our_unification_is_compared_with_splink():
    assert met(replace(SIZED, splink=SPLINK))["unification: CPU / Splink's CPU"] == (1.2, False)


def test_a_higher_f1_than_splinks_is_asked_for():
    assert met(replace(SIZED, splink=SPLINK))["F1 above Splink's"] == (0.8, True)


def test_what_was_not_measured_has_no_target():
    assert not [name for name in met(SIZED) if "Splink" in name or "CSV" in name or "row" in name]


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        ("ingest_web_events", LANDING),
        ("web_events_current", CURRENT),
        ("deduplicate_web_events", UNIFICATION),
        ("match_loyalty_members", UNIFICATION),
        ("identify_customers", UNIFICATION),
        ("explain_customers", "evidence and metrics"),
        ("calculate_measures", OTHERS),
        ("serving__published", "publishing"),
    ],
)
def test_a_step_belongs_to_a_stage(step, stage):
    assert stage_of(step) == stage


def test_what_a_run_costs_beside_its_steps_is_between_them():
    step = {"step": "ingest_a", "cpu": 1.0, "wall": 0.5, "peak": 7}
    run = {"before": 2.0, "cpu": 4.0, "wall": 3.0, "steps": [step, {**step, "peak": 9}]}

    assert stages_of(run) == [
        Stage(BEFORE, 2.0, 0.0, 0),
        Stage(LANDING, 2.0, 1.0, 9),
        Stage(BETWEEN, 2.0, 2.0, 9),
    ]


def test_memory_is_that_of_the_process_that_is_measured(tmp_path):
    small = python("-c", "pass", log=tmp_path / "log")
    large = python("-c", "b'x' * 200_000_000", log=tmp_path / "log")

    assert 150e6 < large.peak - small.peak < 250e6


def test_the_seconds_of_threads_count_and_waiting_does_not(tmp_path):
    cost = python("-c", "import time; time.sleep(0.5)", log=tmp_path / "log")

    assert cost.wall > 0.5 > cost.cpu


def test_a_process_that_fails_is_told_with_its_output(tmp_path):
    with pytest.raises(BenchFailed, match="ended with 3:\nno floor"):
        python("-c", "print('no floor'); raise SystemExit(3)", log=tmp_path / "log")


def test_the_report_says_of_each_target_whether_it_is_met():
    text = as_markdown(results(replace(SIZED, splink=SPLINK, visits=Cost(2.0, 1.0, 10**9))))

    assert "| a day of 1 %: CPU / full | 12.50 % | at most 15 % | yes |" in text
    assert "| a day of 1 % new events alone | 2.00 | 1.00 | 1,000 | 1.00 | 2000.00 |" in text
    assert "| whole refresh: CPU / floor's CPU | 4.00x | at most 3x | no |" in text


def test_the_chart_has_a_bar_a_stage_as_long_as_a_row_costs():
    text = as_html(results(SIZED))

    assert f"<title>{UNIFICATION}: 3000.00</title>" in text
    assert text.count("<rect") == 3 + 9  # the floor, two stages, and the legend


def test_the_report_names_no_folder_of_the_machine():
    assert os.getcwd() not in as_html(results(SIZED))
