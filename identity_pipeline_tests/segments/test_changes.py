"""Memory: who entered and left; static and inactive segments; merges, undo, customers who go."""

import pytest

from identity_pipeline_tests.segments.days import Days, segment


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
