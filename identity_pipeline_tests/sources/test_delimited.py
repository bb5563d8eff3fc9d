"""Delimited files come back exactly, each record with the line it begins in."""

import csv
import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.sources.files import LandedFile
from identity_pipeline.sources.readers import delimited
from identity_pipeline.terms.errors import LandingError
from identity_pipeline_tests.sources.warehouse import Shop, declare

HARD = [
    # what is hard, content, rows of id, name, amount and line
    ("cr lf", "id,name,amount\r\n1,Ann,1\r\n2,Ben,2\r\n", [("1", "Ann", 2), ("2", "Ben", 3)]),
    ("cr only", "id,name,amount\r1,Ann,1\r2,Ben,2\r", [("1", "Ann", 2), ("2", "Ben", 3)]),
    ("mixed", "id,name,amount\n1,Ann,1\r\n2,Ben,2\r", [("1", "Ann", 2), ("2", "Ben", 3)]),
    ("no last line end", "id,name,amount\n1,Ann,1\n2,Ben,2", [("1", "Ann", 2), ("2", "Ben", 3)]),
    ("byte order mark", "\ufeffid,name,amount\n1,Ann,1\n", [("1", "Ann", 2)]),
    ("quoted header", '"id","name","amount"\n1,Ann,1\n', [("1", "Ann", 2)]),
    ("header of two lines", 'id,name,amount,"x\ny"\n1,Ann,1,z\n', [("1", "Ann", 3)]),
    ("empty lines", "\nid,name,amount\n\n1,Ann,1\n\n\n2,Ben,2\n\n",
     [("1", "Ann", 4), ("2", "Ben", 7)]),
    ("empty lines at the end", "id,name,amount\r\n1,Ann,1\r\n\r\n\r\n", [("1", "Ann", 2)]),
    ("delimiter in quotes", 'id,name,amount\n1,"Ann, B",1\n', [("1", "Ann, B", 2)]),
    ("quotes in quotes", 'id,name,amount\n1,"a ""b"" c",1\n', [("1", 'a "b" c', 2)]),
    ("only a quote", 'id,name,amount\n1,"""",1\n', [("1", '"', 2)]),
    ("quote inside", 'id,name,amount\n1,5" pipe,1\n2,6" x 7",2\n',
     [("1", '5" pipe', 2), ("2", '6" x 7"', 3)]),
    ("one quote inside", 'id,name,amount\n1,5" pipe,1\n2,Ben,2\n',
     [("1", '5" pipe', 2), ("2", "Ben", 3)]),
    ("blank before a quote", 'id,name,amount\n1, "Ann",1\n', [("1", ' "Ann"', 2)]),
    ("blanks", "id,name,amount\n1, Ann ,1\n", [("1", " Ann ", 2)]),
    ("several lines", 'id,name,amount\n1,"a\nb",1\n2,Ben,2\n', [("1", "a\nb", 2), ("2", "Ben", 4)]),
    ("cr lf with lf inside", 'id,name,amount\r\n1,"a\nb",1\r\n2,B,2\r\n',
     [("1", "a\nb", 2), ("2", "B", 4)]),
    ("cr lf inside", 'id,name,amount\r\n1,"a\r\nb",1\r\n2,B,2\r\n',
     [("1", "a\r\nb", 2), ("2", "B", 4)]),
    ("cr inside", 'id,name,amount\n1,"a\rb",1\n2,B,2\n', [("1", "a\rb", 2), ("2", "B", 4)]),
    ("several lines, last", 'id,name,amount\n2,B,2\n1,"a\n\n",1\n',
     [("2", "B", 2), ("1", "a\n\n", 3)]),
    ("nul", "id,name,amount\n1,a\x00b,1\n", [("1", "a\x00b", 2)]),
    ("backslash", 'id,name,amount\n1,a\\,1\n2,"b\\",2\n', [("1", "a\\", 2), ("2", "b\\", 3)]),
    ("number sign", "id,name,amount\n#1,Ann,1\n", [("#1", "Ann", 2)]),
    ("other line ends", "id,name,amount\n1,a\u2028b\x85c\x0bd,1\n",
     [("1", "a\u2028b\x85c\x0bd", 2)]),
    ("long", "id,name,amount\n1," + "x" * 3_000_000 + ",1\n", [("1", "x" * 3_000_000, 2)]),
    ("not declared", "x,id,y,name,amount\n8,1,9,Ann,1\n", [("1", "Ann", 2)]),
    ("null markers", 'id,name,amount\n1,--,1\n2,"--",2\n3,"",3\n',
     [("1", None, 2), ("2", None, 3), ("3", None, 4)]),
    ("only a header", "id,name,amount\n", []),
    ("a header without line end", "id,name,amount", []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "content", "rows"), HARD)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_nothing_is_lost_or_changed(
    tmp_path: Path, name: str, what: str, content: str, rows: list[tuple[object, ...]]
) -> None:
    shop = Shop(tmp_path, declare())
    stored = content.encode()

    delivery = shop.load(gzip.compress(stored) if name.endswith(".gz") else stored, name)

    assert (shop.rows("id, name, _line"), delivery.rejected) == (rows, 0), what


ENCODINGS = ["latin-1", "cp1252", "utf-16", "UTF8", "utf-8-sig"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    shop = Shop(tmp_path, declare(format={"kind": "csv", "encoding": encoding}))

    shop.load("id,name,amount\n1,Zoé,1\n2,Ben\n".encode(encoding))

    assert shop.rows("id, name, _line") == [("1", "Zoé", 2)]


FORMATS = [(";", '"'), ("\t", "'"), ("|", '"'), ("§", '"')]


@pytest.mark.parametrize(("delimiter", "quote"), FORMATS)
def test_other_delimiters_and_quotes_are_read(tmp_path: Path, delimiter: str, quote: str) -> None:
    shop = Shop(tmp_path, declare(format={"kind": "csv", "delimiter": delimiter, "quote": quote}))
    lines = ["id,name,amount", "1,~a,b~,1", "2,c~,2"]

    shop.load("\n".join(lines).replace(",", delimiter).replace("~", quote))

    assert shop.rows("name") == [(f"a{delimiter}b",), (f"c{quote}",)]


@pytest.mark.parametrize(
    "name", ["a[1].csv", "b*.csv", "c?.csv", "d{1,2}.csv", "e'f.csv", "g=h.csv"]
)
def test_a_file_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    shop = Shop(tmp_path, declare())
    shop.deliver("id,name,amount\n1,Ann,1\n", name)

    shop.ingest()

    assert shop.rows("id, _file") == [("1", f"landing/2022-07-23/{name}")]


def test_faulty_records_do_not_shift_the_lines_of_others(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    faulty = {2, 3, 256, 257, 258, 259, 511, 512, 513, 1500, 1501, 2001}
    lines = ["id,name,amount", *(f"{n},x,1" for n in range(2, 2002))]
    for line in faulty:
        lines[line - 1] = f"{line},x"

    shop.load("\n".join(lines))

    assert (
        shop.rows("_line", "source.orders where _line::varchar <> id"),
        {line for (line,) in shop.rows("_line", "rejected.orders")},
    ) == ([], faulty)


def read_texts(content: str) -> tuple[object, ...]:
    """What the reader makes of a file: rows, faults and number of records, or its message."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content.encode())
        engine, source = DuckDBEngine(CONNECTION), declare()
        try:
            with engine.landing() as landing:
                found = delimited.read(landing, LandedFile(path, "a.csv"), source, ("id", "name"))
                rows, faults = engine.rows(found.rows), engine.rows(found.faults)
                return sorted(rows), sorted(faults), found.records
        except LandingError as error:
            return (str(error),)


CONNECTION = duckdb.connect()
VALUES = st.text(st.sampled_from("ab ,;\"\n\r\té\u2028\\#'"), max_size=6)
# With a plain line feed the module leaves a carriage return unquoted if it may, and cannot read it.
STYLES = [("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]
TABLES = st.lists(st.tuples(VALUES, VALUES), max_size=12)


@settings(max_examples=20, deadline=None)
@given(rows=TABLES, style=st.sampled_from(STYLES))
def test_what_the_csv_module_writes_comes_back(
    rows: list[tuple[str, str]], style: tuple[str, int]
) -> None:
    line_end, quoting = style
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=line_end, quoting=quoting)
    lines = []
    for record in [("id", "name", "amount"), *((a, b, "1") for a, b in rows)]:
        lines.append(1 + sum(1 for _ in io.StringIO(written.getvalue(), newline="")))
        writer.writerow(record)

    found, faults, _ = read_texts(written.getvalue())

    expected = [(n, a, b) for (a, b), n in zip(rows, lines[1:], strict=True)]
    assert ([(n, a or "", b or "") for n, a, b in found], faults) == (expected, [])


@settings(max_examples=40, deadline=None)
@given(body=st.text(st.sampled_from('ab12,,,""\n\n\r '), max_size=40))
def test_the_bulk_reader_agrees_with_the_exact_one_on_any_text(body: str) -> None:
    content = "id,name,amount\n" + body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_read_in_bulk", lambda *_: None)
        exact = read_texts(content)

    assert normal(read_texts(content)) == normal(exact)


def normal(answer: tuple[object, ...]) -> str:
    """An empty value is NULL to one and empty to the other; both are an absent value."""
    return repr(answer).replace("None", "''")
