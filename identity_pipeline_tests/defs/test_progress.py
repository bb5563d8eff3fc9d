"""What a run tells of itself while it is at work, and what it cost."""

import contextlib
import datetime
import io
import json
import re
import threading
import time

import pytest

from identity_pipeline.defs import progress
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.defs.profile import PROFILE_VARIABLE
from identity_pipeline.defs.progress import BOARD, Watch, watching
from identity_pipeline.defs.resources import MEMORY_VARIABLE, UnreadableLimit, memory_limit
from identity_pipeline.engine.registry import Doing, Limits, open_engine
from identity_pipeline.terms.names import TableName
from identity_pipeline_tests.shop import DAY_1, write_shop

DAY = datetime.date.fromisoformat(DAY_1)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(progress, "REMINDER_SECONDS", 0.02)


def told_by(doing, seconds=1.0):
    """The first line that a watch tells of a step that takes long."""
    lines, told = [], threading.Event()

    def log(line):
        lines.append(line)
        told.set()

    with watching(lambda: doing) as watch:
        watch.begin("match_members", log)
        told.wait(seconds)
        watch.end()
    return lines[0] if lines else None


@pytest.mark.parametrize(
    ("doing", "line"),
    [
        (Doing("making customer", 45.4), "match_members: at work for 0 s, making customer, 45 %"),
        (Doing("reading file 6"), "match_members: at work for 0 s, reading file 6"),
        (Doing(), "match_members: at work for 0 s"),
    ],
)
def test_a_step_that_takes_long_says_what_it_does_and_how_far_it_is(impatient, doing, line):
    assert told_by(doing) == line


def test_a_step_that_takes_no_time_says_nothing():
    assert told_by(Doing("making customer"), seconds=0.05) is None


def test_a_step_that_ended_says_nothing_more(impatient):
    lines = []
    watch = Watch(Doing)
    watch.begin("match_members", lines.append)
    time.sleep(0.1)
    watch.end()
    time.sleep(0.05)  # a line may be under way when the step ends
    before = len(lines)
    time.sleep(0.1)
    watch.close()

    assert len(lines) == before > 0


def test_the_board_is_wiped_when_a_run_ends():
    with watching(lambda: Doing("making customer", 45)):
        during = BOARD.words()

    assert (during, BOARD.words()) == (", making customer, 45 %", "")


def test_an_engine_says_what_it_makes_and_after_its_end_nothing():
    with open_engine(None) as opened, opened.transaction() as engine:
        engine.store(TableName("unify", "keys"), engine.relation({"key": "string"}, [("A",)]))
        during = opened.doing()

    assert (during.what, opened.doing()) == ("making keys", Doing())


def test_an_engine_keeps_to_the_memory_it_is_given():
    with open_engine(None, Limits(memory="100MiB")) as opened:
        row = opened.connection.execute("select current_setting('memory_limit')").fetchone()

    assert row == ("100.0 MiB",)


def test_a_limit_that_cannot_be_read_is_refused_by_name(monkeypatch):
    monkeypatch.setenv(MEMORY_VARIABLE, "a lot")

    with pytest.raises(UnreadableLimit, match=f"{MEMORY_VARIABLE} is 'a lot': write it as 1GB"):
        memory_limit()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The profile of one run, and the lines it printed beside its summary."""
    folder = tmp_path_factory.mktemp("progress")
    profile = folder / "profile.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PROFILE_VARIABLE, str(profile))
        patch.setattr(progress, "PATIENCE_SECONDS", 0.0)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            run_dates(write_shop(folder), folder / "home", Dates(through=DAY))
    (cost,) = map(json.loads, profile.read_text(encoding="utf-8").splitlines())
    return cost, errors.getvalue().splitlines()


def test_without_a_terminal_each_long_step_is_a_line_with_its_rows_and_seconds(run):
    _, lines = run

    assert [
        re.sub(r"[0-9.]+ s$", "N s", line) for line in lines if "ingest_contacts: 3" in line
    ] == [f"{DAY_1}: ingest_contacts: 3 rows in N s"]


def test_a_run_costs_its_steps_and_what_is_between_them(run):
    cost, _ = run

    assert 0 < sum(step["cpu"] for step in cost["steps"]) < cost["cpu"]


def test_a_step_is_noted_with_the_tables_it_made_and_their_rows(run):
    cost, _ = run
    found = {step["step"]: (step["tables"], step["rows"]) for step in cost["steps"]}

    assert found["ingest_contacts"] == (["source.contacts", "rejected.contacts"], 3)
