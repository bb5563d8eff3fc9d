"""Marks turn away only pairs that do not agree."""

import random

import ibis
import pytest

from identity_pipeline.expressions.marks import marks_of, may_agree
from identity_pipeline.expressions.similarity import agrees

LETTERS = "abcxyz019 -'éü\u0301"


def texts(seed):
    """Pairs of texts, one of them often the other with a few edits."""
    chance = random.Random(seed)
    for _ in range(400):
        one = [chance.choice(LETTERS) for _ in range(chance.randrange(1, 14))]
        other = list(one)
        for _ in range(chance.randrange(5)):
            place = chance.randrange(len(other) + 1)
            other[place : place + chance.randrange(2)] = chance.choice(["", *LETTERS])
        yield "".join(one), "".join(other)


def turned_away(pairs, precision):
    """Of pairs as texts: whether marks turn them away, and whether they agree."""
    table = ibis.memtable([{"one": one, "other": other} for one, other in pairs])
    marked = table.mutate(first=marks_of(table.one), second=marks_of(table.other))
    marks, values = (marked["first"], marked.second), (marked.one, marked.other)
    asked = marked.select(may=may_agree(marks, values, precision), agree=agrees(*values, precision))
    rows = ibis.duckdb.connect().to_pyarrow(asked).to_pylist()
    return [(not row["may"], bool(row["agree"])) for row in rows]


@pytest.mark.parametrize("precision", [30, 60, 80, 95])
@pytest.mark.parametrize("seed", range(3))
def test_no_pair_that_agrees_is_turned_away(seed, precision):
    assert (True, True) not in turned_away(texts(seed), precision)


def test_texts_of_other_letters_are_turned_away():
    assert turned_away([("karenlo", "stavopi"), ("karenlo", "karenla")], 80) == [
        (True, False),
        (False, True),
    ]
