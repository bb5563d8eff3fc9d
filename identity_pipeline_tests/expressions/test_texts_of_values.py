"""The one text of a value, by which keys and conditions compare it."""

from decimal import Decimal

import ibis
import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.expressions.conditions import as_text

TEXTS = [
    # type, value, text
    ("decimal(38, 0)", Decimal(100), "100"),
    ("decimal(38, 0)", Decimal(0), "0"),
    ("decimal(38, 2)", Decimal("100.00"), "100"),
    ("decimal(38, 2)", Decimal("12.50"), "12.5"),
    ("int64", 100, "100"),
    ("string", "100.00", "100.00"),
]


@pytest.mark.parametrize(("kind", "value", "text"), TEXTS)
def test_a_number_has_one_text_and_no_two_numbers_have_the_same(kind, value, text):
    with open_engine(None) as opened:
        rows = opened.engine.relation({"value": kind}, [(value,)])
        assert opened.engine.rows(rows.select(text=as_text(rows.value))) == [(text,)]


def test_ten_and_a_hundred_are_two_keys():
    with open_engine(None) as opened:
        rows = opened.engine.relation({"key": "decimal(38, 0)"}, [(Decimal(10),), (Decimal(100),)])
        texts = opened.engine.rows(rows.select(text=as_text(rows.key)).order_by(ibis._.text))
    assert texts == [("10",), ("100",)]
