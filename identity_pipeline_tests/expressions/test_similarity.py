"""Similarity: distances in characters, and thresholds that a value exactly on them passes."""

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from identity_pipeline.expressions.normalize import normalized
from identity_pipeline.expressions.similarity import agrees, edit_distance, edit_distance_score
from identity_pipeline.terms.rules import Normalization

ENGINE = ibis.duckdb.connect()

TYPO = ("robert2020@hotmail.com", "robrt2020@hotmail.cm")

DISTANCES = [
    # left, right, edits
    (*TYPO, 2),
    ("müller", "muller", 1),  # the engine alone counts bytes: 2
    ("straße", "strasse", 2),
    ("ann 👍🏽", "ann", 3),  # the emoji is two code points, and there is the blank
    ("", "ann", 3),
    ("ann", "ann", 0),
    (None, "ann", None),
    ("é", None, None),
]

SCORES = [
    # left, right, score
    (*TYPO, 20 / 22),
    ("benn ito", "ben ito", 0.875),
    ("ab", "abcdef", 2 / 6),  # symmetric: the longer one divides, whichever side it is on
    ("müller", "muller", 5 / 6),
    (None, "ann", None),
    ("", "", None),
]

AGREEMENTS = [
    # left, right, precision, whether they agree
    (*TYPO, 90, True),
    (*TYPO, 91, False),
    ("a" * 16 + "bcde", "a" * 20, 80, True),  # 4 of 20: exactly on the threshold
    ("a" * 15 + "bcdef", "a" * 20, 80, False),
    ("abcde", "abcdx", 80, True),  # 1 of 5: on the threshold again
    ("abcde", "abcxy", 80, False),
    ("müller", "mueller", 70, True),
    ("ab", "abcdefgh", 30, False),  # 6 of 8, more than 70 %
    ("ab", "abcdefgh", 25, True),
    ("ann", "ann", 100, True),
    ("ann", "Ann", 100, False),
    (None, "ann", 30, False),
    (None, None, 30, False),
    (None, "ann", 100, None),
]

LEVELS = [
    # precision, edits allowed at lengths 5, 10 and 20
    (30, (3, 7, 14)),
    (60, (2, 4, 8)),
    (80, (1, 2, 4)),
    (100, (0, 0, 0)),
]

TEXT = st.text(st.sampled_from("abcé👍 "), max_size=12)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=20)


def pairs_of(pairs):
    left, right = zip(*pairs, strict=True)
    columns = {"left": list(left), "right": list(right)}
    return ibis.memtable(columns, schema={"left": "string", "right": "string"})


def values(table, expression):
    return ENGINE.to_pyarrow(table.select(value=expression))["value"].to_pylist()


@pytest.mark.parametrize(("left", "right", "edits"), DISTANCES)
def test_the_distance_counts_edits_of_characters(left, right, edits):
    pair = pairs_of([(left, right)])
    assert values(pair, edit_distance(pair.left, pair.right)) == [edits]


@pytest.mark.parametrize(("left", "right", "score"), SCORES)
def test_the_score_is_the_share_of_the_longer_value_left_unedited(left, right, score):
    pair = pairs_of([(left, right)])
    assert values(pair, edit_distance_score(pair.left, pair.right)) == [score]


@pytest.mark.parametrize(("left", "right", "precision", "same"), AGREEMENTS)
def test_values_agree_where_their_edits_are_within_the_precision(left, right, precision, same):
    pair = pairs_of([(left, right)])
    assert values(pair, agrees(pair.left, pair.right, precision)) == [same]


@pytest.mark.parametrize(("precision", "allowed"), LEVELS)
def test_a_level_allows_its_edits_and_not_one_more(precision, allowed):
    sizes = [
        (size, edits)
        for size, most in zip((5, 10, 20), allowed, strict=True)
        for edits in (most, most + 1)
    ]
    pairs = pairs_of([("a" * size, "a" * (size - edits) + "b" * edits) for size, edits in sizes])
    assert values(pairs, agrees(pairs.left, pairs.right, precision)) == [True, False] * 3


def test_every_exact_threshold_of_80_percent_is_passed():
    pairs = pairs_of([("a" * 5 * n, "a" * 4 * n + "b" * n) for n in range(1, 40)])
    assert values(pairs, agrees(pairs.left, pairs.right, 80)) == [True] * 39


def test_a_misspelt_nickname_is_one_edit_from_the_nickname():
    pair = pairs_of([("Benn Ito", "Ben Ito")])
    left, right = (normalized(side, [Normalization.NAME]) for side in (pair.left, pair.right))
    assert values(pair, edit_distance_score(left, right)) == [0.875]


def test_values_can_be_compared_in_a_join():
    people, others = ibis.memtable({"name": ["müller", "ann"]}), ibis.memtable({"who": ["muller"]})
    joined = people.join(others, agrees(people.name, others.who, 80))
    assert values(joined, joined.name) == ["müller"]


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_the_distance_is_that_of_rapidfuzz(pairs):
    table = pairs_of(pairs)
    wanted = [Levenshtein.distance(left, right) for left, right in pairs]
    assert values(table, edit_distance(table.left, table.right)) == wanted


@settings(max_examples=30, deadline=None)
@given(PAIRS, st.integers(1, 100))
def test_the_order_of_the_two_values_does_not_matter(pairs, precision):
    table = pairs_of(pairs)
    one_way = agrees(table.left, table.right, precision)
    other_way = agrees(table.right, table.left, precision)
    assert values(table, one_way == other_way) == [True] * len(pairs)
