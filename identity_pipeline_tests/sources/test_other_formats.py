"""JSON lines and Parquet meet the same checks, and give the same keys, as CSV."""

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from identity_pipeline_tests.sources.warehouse import Shop, declare

JSON = {"format": {"kind": "jsonl"}}
PARQUET = {"format": {"kind": "parquet"}}

VALUES = [
    # JSON value, the text it becomes
    ('"707"', "707"),
    ("707", "707"),
    ("707.0", "707"),
    ("7.07e2", "707"),
    ("0.123456789012345678901", "0.123456789012345678901"),
    ("12345678901234567890123", "12345678901234567890123"),
    ("1e999999", "1E+999999"),
    ("true", "true"),
    ("null", None),
    ('""', None),
    ('"--"', None),
    ('{"b": [1, 1.50, "é"]}', '{"b":[1,1.5,"é"]}'),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_a_json_value_becomes_one_text(tmp_path: Path, value: str, text: str | None) -> None:
    shop = Shop(tmp_path, declare(**JSON))

    shop.load(f'{{"id": "1", "name": {value}}}\n', "a.jsonl")

    assert shop.rows("name") == [(text,)]


def test_a_line_that_is_no_object_is_rejected_with_its_line(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare(**JSON))
    bad = ["[1]", "{", '{"id": "1", "id": "2"}', '{"id": 1,}', "7"]

    shop.load("\n".join(['{"id": "1"}', "", *bad, '{"id": "9"}']), "a.jsonl")

    assert (shop.rows("id, _line"), shop.rows("_line, reason", "rejected.orders")) == (
        [("1", 1), ("9", 8)],
        [
            (3, "not a JSON object"),
            (4, "not JSON"),
            (5, "a key is there twice"),
            (6, "not JSON"),
            (7, "not a JSON object"),
        ],
    )


def test_a_key_that_is_misspelt_in_every_object_breaks_the_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare(**JSON))

    delivery = shop.load('{"id": "1", "nmae": "Ann"}\n', "a.jsonl")

    assert "no object has 'name'. Of the undeclared keys: Did you mean 'nmae'?" in (
        delivery.files[0].message
    )


ARROW = [
    # Parquet column, declared type, what is stored
    (pa.array([707]), "text", "707"),
    (pa.array([707.0]), "text", "707"),
    (pa.array([0.1]), "text", "0.1"),
    (pa.array([Decimal("707.00")]), "text", "707"),
    (pa.array([Decimal("100")]), "text", "100"),
    (pa.array(["--"]), "text", None),
    (pa.array([True]), "boolean", True),
    (pa.array([Decimal("1.50000")]), {"type": "decimal", "scale": 2}, Decimal("1.50")),
    (pa.array([datetime.date(2022, 7, 3)]), "date", datetime.date(2022, 7, 3)),
    (pa.array([datetime.datetime(2022, 7, 3)]), "date", datetime.date(2022, 7, 3)),
    (
        pa.array([datetime.datetime(2022, 7, 3, 9, 8, 7, 654321)]),
        {"type": "timestamp", "format": "%d.%m.%Y", "zone": "Europe/Berlin"},
        datetime.datetime(2022, 7, 3, 7, 8, 7, 654321),
    ),
    (
        pa.array([datetime.datetime(2022, 7, 3, 9)], pa.timestamp("us", "America/New_York")),
        {"type": "timestamp", "zone": "Europe/Berlin"},
        datetime.datetime(2022, 7, 3, 9),
    ),
]


@pytest.mark.parametrize(("column", "declared", "stored"), ARROW)
def test_a_parquet_value_is_typed_by_the_same_checks(
    tmp_path: Path, column: pa.Array, declared: object, stored: object
) -> None:
    columns = {"id": "text", "value": declared}
    shop = Shop(tmp_path, declare(**PARQUET, columns=columns))
    path = shop.deliver(b"", "a.parquet")
    pq.write_table(pa.table({"value": column, "id": ["1"]}), path)

    delivery = shop.ingest()

    assert shop.rows("value, _line") == [(stored, 1)], delivery


STRANGE = [
    # Parquet column of the declared type, declared type, why its value is rejected
    (pa.array([10**18]), "integer", "value is not a whole number of at most 18 digits"),
    (pa.array([3_000_000], pa.date32()), "date", "value is not a date of the years 1 to 9999"),
    (pa.array([2**61], pa.timestamp("us")), "timestamp", "value is not a time of the years 1"),
    (pa.array([Decimal(10**30)]), {"type": "decimal", "scale": 18}, "value is not a number of at"),
]


@pytest.mark.parametrize(("column", "declared", "reason"), STRANGE)
def test_a_parquet_value_of_the_declared_type_meets_the_limits_of_a_text(
    tmp_path: Path, column: pa.Array, declared: object, reason: str
) -> None:
    shop = Shop(tmp_path, declare(**PARQUET, columns={"id": "text", "value": declared}))
    pq.write_table(pa.table({"value": column, "id": ["1"]}), shop.deliver(b"", "a.parquet"))
    shop.ingest()

    assert [row[0].startswith(reason) for row in shop.rows("reason", "rejected.orders")] == [True]


def test_a_null_marker_that_a_number_could_be_is_looked_for_in_parquet_too(tmp_path: Path) -> None:
    changes = {"columns": {"id": "text", "value": "integer"}, "null_markers": ["0"]}
    shop = Shop(tmp_path, declare(**PARQUET, **changes))
    pq.write_table(pa.table({"value": [0], "id": ["1"]}), shop.deliver(b"", "a.parquet"))
    shop.ingest()

    assert shop.rows("value") == [(None,)]


BROKEN = [
    (b"", "the file is empty"),
    (b"PAR1 not really", "not Parquet, or damaged"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_damaged_parquet_file_is_broken_and_undoes_nothing(
    tmp_path: Path, content: bytes, message: str
) -> None:
    shop = Shop(tmp_path, declare(**PARQUET, columns={"id": "text"}))
    pq.write_table(pa.table({"id": ["1"]}), shop.deliver(b"", "a.parquet"))

    delivery = shop.load(content, "b.parquet")

    assert (shop.rows("id"), message in delivery.files[1].message) == ([("1",)], True)
