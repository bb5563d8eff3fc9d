"""Files: exact values, RFC 4180, the same bytes each time, nothing a spreadsheet would run."""

import csv
import datetime
import gzip
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from identity_pipeline.exports.files import HashedSink, write_rows
from identity_pipeline_tests.exports.sample import export_of, sha256

TEN = datetime.datetime(2022, 7, 23, 10)
VALUES = pa.table(
    {
        "text": pa.array(['say "hi", Ann', None, "two\nlines"]),
        "price": pa.array([Decimal("0.10"), None, Decimal("-12.00")], pa.decimal128(38, 2)),
        "small": pa.array([Decimal("0.0000000001"), None, Decimal(0)], pa.decimal128(38, 10)),
        "number": pa.array([2**60 + 1, None, 0], pa.int64()),
        "ratio": pa.array([0.1, None, float("inf")]),
        "known": pa.array([True, None, False]),
        "day": pa.array([TEN.date(), None, TEN.date()]),
        "at": pa.array([TEN, None, TEN.replace(microsecond=500)], pa.timestamp("us")),
        "list": pa.array([["a", "ö"], None, []], pa.list_(pa.string())),
    }
)


def written(table, **changes):
    below = io.BytesIO()
    write_rows(table, export_of("segment", **changes), HashedSink(below))
    return below.getvalue()


def test_csv_is_exact_to_the_byte():
    header = "text,price,small,number,ratio,known,day,at,list\r\n"
    first = '"say ""hi"", Ann",0.10,0.0000000001,1152921504606846977,0.1,true,2022-07-23,'
    first += '2022-07-23T10:00:00Z,"[""a"",""ö""]"\r\n'
    third = '"two\nlines",-12.00,0.0000000000,0,inf,false,2022-07-23,'
    third += "2022-07-23T10:00:00.000500Z,[]\r\n"

    assert written(VALUES).decode() == header + first + ",,,,,,,,\r\n" + third


def test_csv_is_read_back_as_it_was_with_any_delimiter():
    text = pa.table({"a;b": ["x;y", 'q"', "r\rs"], "c": ["", "d", "e"]})
    lines = csv.reader(
        io.StringIO(written(text, delimiter=";").decode(), newline=""), delimiter=";"
    )

    assert list(lines) == [["a;b", "c"], ["x;y", ""], ['q"', "d"], ["r\rs", "e"]]


def test_a_missing_value_of_the_only_column_is_still_a_line():
    assert written(pa.table({"a": pa.array([None], pa.string())})) == b'a\r\n""\r\n'


def test_a_table_without_rows_is_its_header():
    assert written(VALUES.slice(0, 0)).startswith(b"text,price,small")


def test_json_lines_are_exact_to_the_byte():
    first = '{"text":"say \\"hi\\", Ann","price":0.10,"small":0.0000000001,'
    first += '"number":1152921504606846977,"ratio":0.1,"known":true,"day":"2022-07-23",'
    first += '"at":"2022-07-23T10:00:00Z","list":["a","ö"]}\n'

    assert written(VALUES.slice(0, 1), format="jsonl").decode() == first


def test_json_knows_null_but_no_infinity():
    lines = written(VALUES, format="jsonl").decode().splitlines()
    second, third = (json.loads(line) for line in lines[1:])

    assert (set(second.values()), third["ratio"]) == ({None}, None)


def test_parquet_holds_the_values_and_marks_timestamps_as_utc():
    read = pq.read_table(io.BytesIO(written(VALUES, format="parquet")))

    assert read.schema.field("at").type == pa.timestamp("us", "UTC")
    assert read.drop(["at"]).equals(VALUES.drop(["at"]))


@pytest.mark.parametrize("packing", ["csv", "jsonl"])
def test_packed_files_are_the_same_byte_for_byte_whenever_they_are_made(packing, monkeypatch):
    first = written(VALUES, format=packing, gzip=True)
    monkeypatch.setattr("time.time", lambda: 1e9)

    assert written(VALUES, format=packing, gzip=True) == first
    assert gzip.decompress(first) == written(VALUES, format=packing)


def test_parquet_is_the_same_byte_for_byte():
    assert written(VALUES, format="parquet") == written(VALUES, format="parquet")


def test_a_file_is_hashed_and_counted_as_it_is():
    below = io.BytesIO()
    sink = HashedSink(below)
    write_rows(pa.table({"a": ["x"]}), export_of("segment"), sink)

    assert (sink.sha256, sink.size) == (sha256("a\r\nx\r\n"), len(below.getvalue()))


CELLS = [
    # text, as a cell for people
    ("=1+1", "'=1+1"),
    ("+49 30", "'+49 30"),
    ("-5", "'-5"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\tx", "'\tx"),
    ("\rx", "'\rx"),
    ("a=b", "a=b"),
    ("", ""),
    ("'x", "'x"),
]


@pytest.mark.parametrize(("text", "cell"), CELLS)
def test_a_cell_for_people_is_no_formula(text, cell):
    found = written(pa.table({"a": [text], "b": ["x"]}), safe_for_spreadsheets=True)

    assert list(csv.reader(io.StringIO(found.decode(), newline="")))[1] == [cell, "x"]


@pytest.mark.parametrize("text", [case[0] for case in CELLS])
def test_a_cell_for_machines_is_exact(text):
    found = written(pa.table({"a": [text], "b": ["x"]}))

    assert list(csv.reader(io.StringIO(found.decode(), newline="")))[1] == [text, "x"]


def test_numbers_stay_numbers_for_people_and_headers_are_cells_too():
    table = pa.table({"=a": [-5], "price": pa.array([Decimal("-0.10")], pa.decimal128(9, 2))})

    assert written(table, safe_for_spreadsheets=True) == b"'=a,price\r\n-5,-0.10\r\n"
