"""Memory: who entered and left; static and inactive segments; merges, undo, customers who go."""

import datetime
from random import Random

import ibis
import pytest

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.segments.changes import (
    CHANGES,
    Memory,
    changes_on,
    members_before,
    members_now,
)
from identity_pipeline.terms.names import SEGMENT_CHANGES
from identity_pipeline.terms.segments import Segment

START = datetime.date(2024, 5, 1)
PROFILES = {"customer_id": "string", "state": "string", "merged_into": "string"}


def segment(name, kind="dynamic", state="active"):
    return Segment.model_validate({"name": name, "kind": kind, "state": state, "rule": {"Age": 1}})


class Days:
    """Runs on one day after another; what fits is given, who is who too."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self.engine, self.day = engine, START
        engine.define(SEGMENT_CHANGES, CHANGES)

    def memory(self, merged):
        rows = [(old, "merged", new) for old, new in merged.items()]
        log = self.engine.table(SEGMENT_CHANGES)
        profiles = self.engine.relation(PROFILES, [*rows, ("live", "live", None)])
        return Memory(log, profiles, ibis.literal(self.day))

    def run(self, segments, fitting, customers, merged=None):
        """Members of the segments after a run: `a: 1 2`, in words."""
        return self.again(segments, fitting, customers, merged, days=1)

    def again(self, segments, fitting, customers, merged=None, days=0):
        self.day += datetime.timedelta(days=days)
        engine, memory = self.engine, self.memory(merged or {})
        columns = {"CustomerId": "string"} | dict.fromkeys(fitting, "boolean")
        rows = [
            (one, *(one in fitting[name].split() for name in fitting)) for one in customers.split()
        ]
        flags = engine.keep(engine.relation(columns, rows))
        now = engine.keep(members_now(flags, segments, memory, flags))
        changes = engine.keep(changes_on(memory, segments, now))
        engine.replace_rows(SEGMENT_CHANGES, changes, {"ingestion_date": self.day.isoformat()})
        return in_words(engine.rows(now))

    def before(self, merged=None):
        """The members that a run on the next day would find."""
        self.day += datetime.timedelta(days=1)
        found = in_words(self.engine.rows(members_before(self.memory(merged or {}))))
        self.day -= datetime.timedelta(days=1)
        return found

    def log(self, day=None):
        """The changes of a day, the last one by default, as `change segment id`."""
        table = self.engine.table(SEGMENT_CHANGES)
        rows = table.filter(table.ingestion_date == (day or self.day))
        found = self.engine.rows(rows.select("change", "segment", "CustomerId"))
        return sorted(" ".join(str(part) for part in row if part) for row in found)


def in_words(rows):
    found: dict[str, list[str]] = {}
    for name, customer in sorted(rows):
        found.setdefault(name, []).append(customer)
    return ", ".join(f"{name}: {' '.join(ids)}" for name, ids in found.items())


@pytest.fixture
def days(engine):
    return Days(engine)


A, STATIC = segment("a"), segment("a", kind="static")
INACTIVE, DRAFT = segment("a", state="inactive"), segment("a", state="draft")


def test_the_log_has_who_entered_and_left_since_the_last_run(days):
    days.run([A], {"a": "1 2"}, "1 2 3")
    days.run([A], {"a": "2 3"}, "1 2 3")

    assert days.log() == ["entered a 3", "left a 1"]


def test_the_first_run_is_remembered_also_without_members(days):
    days.run([A], {"a": ""}, "1")

    assert days.log() == ["started a"]


def test_who_left_and_came_back_is_a_member(days):
    for fitting in ("1", "", "1"):
        days.run([A], {"a": fitting}, "1")

    assert days.before() == "a: 1"


def test_a_repeated_run_changes_nothing(days):
    days.run([A, segment("b", "static")], {"a": "1", "b": "2"}, "1 2")
    days.run([A, segment("b", "static")], {"a": "2", "b": "1"}, "1 2")
    log = days.log()
    days.again([A, segment("b", "static")], {"a": "2", "b": "1"}, "1 2")

    assert days.log() == log


def test_a_repeated_run_with_other_data_takes_the_place_of_the_first(days):
    days.run([A], {"a": "1"}, "1 2")
    days.again([A], {"a": "2"}, "1 2")

    assert days.log() == ["entered a 2", "started a"]


def test_a_static_segment_keeps_the_members_of_its_first_run(days):
    days.run([STATIC], {"a": "1"}, "1 2")

    assert days.run([STATIC], {"a": "2"}, "1 2") == "a: 1"


def test_a_static_segment_without_members_at_first_stays_without(days):
    days.run([STATIC], {"a": ""}, "1")

    assert days.run([STATIC], {"a": "1"}, "1") == ""


def test_a_static_segment_is_computed_anew_after_it_was_a_draft(days):
    days.run([STATIC], {"a": "1"}, "1 2")
    days.run([DRAFT], {}, "1 2")

    assert days.run([STATIC], {"a": "2"}, "1 2") == "a: 2"


def test_a_dynamic_segment_that_becomes_static_keeps_the_members_that_it_has(days):
    days.run([A], {"a": "1"}, "1 2")
    days.run([A], {"a": "2"}, "1 2")

    assert days.run([STATIC], {"a": "1"}, "1 2") == "a: 2"


def test_an_inactive_segment_keeps_its_last_members(days):
    days.run([A], {"a": "1"}, "1 2")

    assert days.run([INACTIVE], {}, "1 2") == "a: 1"


def test_an_inactive_segment_that_never_ran_has_no_members(days):
    assert days.run([INACTIVE], {}, "1 2") == ""


def test_an_inactive_segment_follows_the_data_again_once_it_is_active(days):
    days.run([A], {"a": "1"}, "1 2")
    days.run([INACTIVE], {}, "1 2")

    assert days.run([A], {"a": "2"}, "1 2") == "a: 2"


@pytest.mark.parametrize("segments", [[DRAFT], []], ids=["draft", "removed"])
def test_a_draft_and_a_segment_that_is_no_more_lose_their_members(days, segments):
    days.run([A], {"a": "1"}, "1")
    days.run(segments, {}, "1")

    assert days.log() == ["ended a", "left a 1"]


@pytest.mark.parametrize("one", [A, STATIC, INACTIVE])
def test_a_customer_who_is_gone_leaves_static_and_inactive_segments_too(days, one):
    days.run([A], {"a": "1 2"}, "1 2")

    assert days.run([one], {"a": "2"}, "2") == "a: 2"


def test_the_log_says_that_a_customer_who_is_gone_left_a_static_segment(days):
    days.run([STATIC], {"a": "1 2"}, "1 2")
    days.run([STATIC], {"a": "2"}, "2")

    assert days.log() == ["left a 1"]


def test_a_customer_who_was_gone_and_returns_is_no_member_of_a_static_segment(days):
    days.run([STATIC], {"a": "1 2"}, "1 2")
    days.run([STATIC], {"a": "2"}, "2")

    assert days.run([STATIC], {"a": "1 2"}, "1 2") == "a: 2"


@pytest.mark.parametrize("one", [STATIC, INACTIVE])
def test_members_that_merged_are_members_under_the_id_they_have_now(days, one):
    days.run([A], {"a": "2"}, "1 2")

    assert days.run([one], {"a": ""}, "1", {"2": "1"}) == "a: 1"


def test_a_merge_is_neither_an_entry_nor_a_leaving(days):
    days.run([A], {"a": "2"}, "1 2")
    days.run([A], {"a": "1"}, "1", {"2": "1"})

    assert days.log() == []


def test_who_merged_and_left_since_is_no_member(days):
    days.run([A], {"a": "2"}, "1 2")
    days.run([A], {"a": "1"}, "1", {"2": "1"})
    days.run([A], {"a": ""}, "1", {"2": "1"})

    assert days.before({"2": "1"}) == ""


def test_who_had_left_before_a_merge_is_a_member_if_the_other_one_is(days):
    days.run([A], {"a": "1 2"}, "1 2")
    days.run([A], {"a": "2"}, "1 2")

    assert days.run([INACTIVE], {}, "1", {"2": "1"}) == "a: 1"


def test_two_members_that_merged_leave_under_both_ids(days):
    days.run([A], {"a": "1 2"}, "1 2")
    days.run([A], {"a": ""}, "1", {"2": "1"})

    assert days.log() == ["left a 1", "left a 2"]


def test_after_an_undone_merge_the_one_who_was_a_member_is_one_again(days):
    days.run([STATIC], {"a": "2"}, "1 2")
    days.run([STATIC], {"a": ""}, "1", {"2": "1"})

    assert days.run([STATIC], {"a": ""}, "1 2") == "a: 2"


def test_flags_of_segments_that_are_not_active_are_not_needed(days):
    assert days.run([INACTIVE, segment("b")], {"b": "1"}, "1") == "b: 1"


def _next(random, held, merged):
    """Who is a customer on the next day, and who was absorbed by whom."""
    living = [one for one in map(str, range(8)) if random.random() < 0.85] or ["0"]
    merged = {old: new for old, new in merged.items() if random.random() < 0.8}
    for old in [one for one in living if random.random() < 0.15]:
        if old not in merged.values() and len(set(living) - {old}) > 0:
            merged[old] = random.choice(sorted(set(living) - {old} - set(merged)) or ["0"])
    merged = {old: new for old, new in merged.items() if new not in merged and old != new}
    return [one for one in living if one not in merged], merged


def _expected(segments, fitting, living, held, merged):
    """The members by the rule book; `held` is segment -> ids as they entered, None before it ran.

    Changes `held` to what it is after the run.
    """
    found = {}
    for one in segments:
        ids = held[one.name]
        kept = {merged.get(old, old) for old in ids or set()} & set(living)
        fits = set(fitting[one.name].split())
        follows = one.state == "active" and (one.kind == "dynamic" or ids is None)
        now = {"draft": set()}.get(one.state, fits if follows else kept)
        stay = {old for old in ids or set() if merged.get(old, old) in now}
        entered = now - {merged.get(old, old) for old in stay}
        runs = one.state == "active" or ids is not None
        held[one.name] = (stay | entered) if runs and one.state != "draft" else None
        if now:
            found[one.name] = sorted(now)
    return ", ".join(f"{name}: {' '.join(ids)}" for name, ids in sorted(found.items()))


@pytest.mark.parametrize("seed", range(12))
def test_members_are_those_of_the_rule_book_whatever_happens(days, seed):
    random = Random(seed)
    held = dict.fromkeys("abcd")
    merged: dict[str, str] = {}
    found, expected = [], []
    for _ in range(12):
        living, merged = _next(random, held, merged)
        segments = [
            segment(
                name,
                "static" if name in "ab" else "dynamic",
                random.choice(["active", "active", "active", "inactive", "draft"]),
            )
            for name in held
        ]
        fitting = {name: " ".join(one for one in living if random.random() < 0.5) for name in held}
        found.append(days.run(segments, fitting, " ".join(living), merged))
        expected.append(_expected(segments, fitting, living, held, merged))

    assert found == expected


@pytest.mark.parametrize("seed", range(20, 24))
def test_after_a_run_the_log_alone_says_who_is_a_member(days, seed):
    random = Random(seed)
    merged: dict[str, str] = {}
    found, expected = [], []
    for _ in range(8):
        living, merged = _next(random, {}, merged)
        fitting = {"a": " ".join(one for one in living if random.random() < 0.5)}
        expected.append(days.run([A], fitting, " ".join(living), merged))
        found.append(days.before(merged))

    assert found == expected
