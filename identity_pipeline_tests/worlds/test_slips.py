"""Slips: each is one edit, as often as asked for."""

import numpy as np
import pyarrow as pa
import pytest
from rapidfuzz.distance import OSA

from identity_pipeline.worlds.chance import numbered, stream, weighted
from identity_pipeline.worlds.contacts import phone_texts
from identity_pipeline.worlds.slips import with_typos

NAMES = ["Katherine", "Bob", "Müller", "Li", "", None, "OBrien"] * 3000


def typed(share):
    rng = stream(1, "people")
    return with_typos(rng, pa.array(NAMES, pa.string()), share).to_pylist()


def test_a_typo_is_one_edit():
    pairs = [(a, b) for a, b in zip(NAMES, typed(1.0), strict=True) if a]

    assert {OSA.distance(a, b) for a, b in pairs} == {0, 1}


def test_short_and_missing_texts_stay_as_they_are():
    pairs = zip(NAMES, typed(1.0), strict=True)

    assert all(a == b for a, b in pairs if not a or len(a) < 3)


def test_typos_are_as_frequent_as_asked_for():
    long = [(a, b) for a, b in zip(NAMES, typed(0.1), strict=True) if a and len(a) > 2]

    # A few edits change nothing: equal letters swapped, a letter put for itself.
    assert np.mean([a != b for a, b in long]) == pytest.approx(0.097, rel=0.08)


def test_all_four_kinds_of_edits_are_made():
    pairs = [("Katherine", b) for a, b in zip(NAMES, typed(1.0), strict=True) if a == "Katherine"]
    lengths = [len(b) - len(a) for a, b in pairs]
    swaps = [b for a, b in pairs if sorted(a) == sorted(b) and a != b]

    shares = [lengths.count(-1), lengths.count(1), len(swaps)]
    assert np.array(shares) / len(pairs) == pytest.approx([0.25, 0.25, 0.25], rel=0.08)


def test_equal_values_are_numbered_in_the_order_they_come():
    assert numbered(np.array([5, 3, 5, 5, 3])).tolist() == [0, 0, 1, 2, 1]


def test_words_are_drawn_as_often_as_their_weights_say():
    drawn = weighted(stream(1, "people"), np.array([3.0, 0.0, 1.0]), 100_000)

    assert np.bincount(drawn) / 100_000 == pytest.approx([0.75, 0.0, 0.25], abs=0.01)


PHONES = [
    # number, style, with +1, as written
    (0, 0, False, "(200) 555-0100"),
    (79_999, 1, True, "+1 999-555-0199"),
    (80_000, 2, False, "290.200.0000"),  # the lines for fiction are used up
    (80_000 + 10_000 * 80 + 7, 3, False, "2902010007"),
]


@pytest.mark.parametrize(("number", "style", "country", "written"), PHONES)
def test_phones_are_written_in_four_ways(number, style, country, written):
    texts = phone_texts(np.array([number]), np.array([style]), np.array([country]))

    assert texts.to_pylist() == [written]
