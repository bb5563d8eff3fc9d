"""Comparisons besides edits: Jaro-Winkler, differences, and how a text sounds."""

import random
from fractions import Fraction

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from identity_pipeline.expressions.conditions import (
    comparable,
    left_name,
    meets,
    right_name,
    score_of,
)
from identity_pipeline.expressions.normalize import normalize_text
from identity_pipeline.expressions.similarity import jaro_winkler_agrees, jaro_winkler_percent
from identity_pipeline.terms.rules import DeduplicationCondition, Normalization
from identity_pipeline_tests.expressions.test_similarity import pairs_of, values

PERCENTS = [
    # left, right, percent
    ("martha", "marhta", 96),  # 0.9611
    ("dwayne", "duane", 84),  # 0.84, exactly
    ("dixon", "dicksonx", 81),  # 0.8133
    ("müller", "mueller", 80),  # six letters, not seven bytes
    ("ann", "ann", 100),
    ("ann", "bob", 0),
    (None, "ann", None),
    ("é", None, None),
]

DIFFERENCES = [
    # left, right, within, whether it holds, score
    ("1", "3", "2", True, 0.5),  # exactly so far
    ("1", "3.000000001", "2", False, 0.49),
    ("1.5", "1.5", "2", True, 1.0),
    ("12.25", "12.5", "0.25", True, 0.5),
    ("-1", "1", "4", True, 0.75),
    ("1", "1000", "2", False, 0.0),
    ("2024-01-01", "2024-01-31", "30 days", True, 0.5),
    ("2024-01-31", "2024-01-01", "30 days", True, 0.5),
    ("2024-01-01", "2024-02-01", "30 days", False, 0.48),
    ("2024-02-28", "2024-03-01", "2 days", True, 0.5),  # a leap year
    ("2024-01-01", "2024-01-15", "2 weeks", True, 0.5),
    ("2024-01-01 10:00:00", "2024-01-02 10:00:00", "1 day", True, 0.5),
    ("2024-01-01 10:00:00", "2024-01-02 10:00:01", "1 day", False, 0.49),
    ("2024-01-01", "2024-01-01 12:00:00", "1 day", True, 0.75),
    (None, "2024-01-01", "30 days", None, None),
    ("1", None, "2", None, None),
]

SOUNDS = [
    # value, code
    ("Schmidt", "XMT"),
    ("Shmit", "XMT"),
    ("Catherine", "K0RN"),
    ("Kathryn", "K0RN"),
    ("Müller", "MLR"),
    ("Mueller", "MLR"),
    ("O'Brien", "APRN"),
    ("O\u2019Brien", "APRN"),
    ("Anna-Maria Lee", "AN MR L"),
    ("\u0416\u0443\u043a\u043e\u0432", "JKF"),  # Zhukov, as he writes himself
    ("Zhukov", "JKF"),
    ("12 Main St", "12 MN ST"),  # a number sounds like no other
    ("H", "H"),  # silent, so it stays
    ("--", None),
]

WORD = st.text(st.sampled_from("abcdé "), min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(WORD, WORD), min_size=20)


def judged(left, right, **how):
    """What a condition says of two values, and its score."""
    condition = DeduplicationCondition(column="x", **how)
    pair = pairs_of([(left, right)]).rename({left_name(0): "left", right_name(0): "right"})
    score = score_of(pair[left_name(0)], pair[right_name(0)], condition)
    return values(pair, meets(pair, 0, condition)) + values(pair, score)


def exact_percent(left, right):
    """Jaro-Winkler in fractions, from its definition, rounded down to whole percent."""
    window = max(max(len(left), len(right)) // 2 - 1, 0)
    free = list(range(len(right)))
    places = []
    for place, letter in enumerate(left):
        near = [n for n in free if abs(n - place) <= window and right[n] == letter]
        if near:
            places.append((place, near[0]))
            free.remove(near[0])
    if not places:
        return 0
    others = [right[n] for n in sorted(other for _, other in places)]
    moved = sum(left[one] != other for (one, _), other in zip(places, others, strict=True))
    same = len(places)
    parts = Fraction(same, len(left)), Fraction(same, len(right)), Fraction(same - moved // 2, same)
    jaro = sum(parts) / 3
    prefix = 0
    while prefix < min(4, len(left), len(right)) and left[prefix] == right[prefix]:
        prefix += 1
    boost = Fraction(prefix, 10) * (1 - jaro) if jaro > Fraction(7, 10) else 0
    return int(100 * (jaro + boost))


def misspelt(source):
    """A word of a few letters, and the word with a few slips."""
    word = [source.choice("abcde") for _ in range(source.randint(1, 16))]
    other = list(word)
    for _ in range(source.randint(0, 4)):
        place = source.randrange(len(other))
        other[place : place + 2] = reversed(other[place : place + 2])
        other[source.randrange(len(other))] = source.choice("abcde")
    return "".join(word), "".join(other)


@pytest.mark.parametrize(("left", "right", "percent"), PERCENTS)
def test_the_similarity_is_in_whole_percent_of_characters(left, right, percent):
    pair = pairs_of([(left, right)])

    assert values(pair, jaro_winkler_percent(pair.left, pair.right)) == [percent]


def test_the_percent_is_that_of_exact_fractions():
    source = random.Random(7)
    pairs = [misspelt(source) for _ in range(3000)]
    table = pairs_of(pairs)

    found = values(table, jaro_winkler_percent(table.left, table.right))

    # The symmetric measure takes the smaller value first.
    assert found == [exact_percent(*sorted(pair)) for pair in pairs]


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_the_engine_and_the_library_agree_on_every_text(pairs):
    table = pairs_of(pairs)
    wanted = [int(100 * JaroWinkler.similarity(*sorted(pair)) + 1e-9) for pair in pairs]

    assert values(table, jaro_winkler_percent(table.left, table.right)) == wanted


@settings(max_examples=30, deadline=None)
@given(PAIRS, st.integers(1, 99))
def test_no_pair_is_turned_away_for_its_lengths_that_is_alike_enough(pairs, precision):
    table = pairs_of(pairs)
    alike = jaro_winkler_percent(table.left, table.right) >= precision

    agree = jaro_winkler_agrees(table.left, table.right, precision)

    assert values(table, agree == alike) == [True] * len(pairs)


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_the_order_of_the_two_values_does_not_change_their_similarity(pairs):
    table = pairs_of(pairs)
    one_way = jaro_winkler_percent(table.left, table.right)

    other_way = jaro_winkler_percent(table.right, table.left)

    assert values(table, one_way == other_way) == [True] * len(pairs)


@pytest.mark.parametrize(("precision", "same"), [(84, True), (85, False)])
def test_exactly_the_precision_is_enough(precision, same):
    found = judged("dwayne", "duane", compare="jaro_winkler", precision=precision)

    assert found == [same, 0.84]


@pytest.mark.parametrize(("left", "right", "within", "holds", "score"), DIFFERENCES)
def test_a_difference_holds_up_to_what_is_allowed(left, right, within, holds, score):
    assert judged(left, right, compare="difference", within=within) == [holds, score]


def test_a_difference_that_should_be_larger_says_no_to_near_values():
    how = {"compare": "difference", "within": "2", "operator": "different"}

    assert [judged("1", other, **how)[0] for other in ("3", "4")] == [False, True]


@pytest.mark.parametrize(("value", "code"), SOUNDS)
def test_a_text_is_coded_by_its_sound_word_by_word(value, code):
    assert normalize_text(value, {Normalization.PHONETIC}) == code


def test_a_column_is_coded_as_a_value_is():
    column = ibis.memtable({"v": [value for value, _ in SOUNDS]})
    how = DeduplicationCondition(column="v", normalize=("phonetic",))

    assert values(column, comparable(column.v, how)) == [code for _, code in SOUNDS]


def test_a_name_is_coded_after_its_nickname_and_titles():
    steps = {Normalization.NAME, Normalization.PHONETIC}

    assert normalize_text("Dr. Bob Smyth", steps) == normalize_text("Smith, Robert", steps)
