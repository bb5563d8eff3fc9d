"""Each sort of bad file says what is wrong and where, and takes no good file with it."""

import gzip
from pathlib import Path

import pytest

from identity_pipeline.sources import ingest
from identity_pipeline_tests.sources.warehouse import DAY, Shop, declare

GOOD = "id,name,amount\n1,Ann,1.50\n2,Ben,2.50\n"
PACKED = gzip.compress(GOOD.encode() * 50, mtime=0)

BROKEN = [
    # file, content, what its message says
    ("empty.csv", b"", "the file is empty"),
    ("blank.csv", b"\n\n\n", "only empty lines"),
    ("semicolon.csv", b"id;name;amount\n1;Ann;1\n", "line 1: looks delimited by ';'"),
    ("tab.csv", b"id\tname\tamount\n1\tAnn\t1\n", "line 1: looks delimited by a tab"),
    ("headerless.csv", b"1,Ann,1\n2,Ben,2\n", "line 1: the first line has none"),
    ("missing.csv", b"id,nmae,amount\n1,Ann,1\n", "line 1: the header lacks 'name'"),
    ("twice.csv", b"id,name,amount,name\n1,Ann,1,Bo\n", "names 'name' more than once"),
    ("latin.csv", "id,name,amount\n1,Ann,1\n2,Zoé,2\n".encode("latin-1"), "line 3: not utf-8"),
    ("utf16.csv", GOOD.encode("utf-16"), "begins as utf-16"),
    ("nul.csv", GOOD.encode("utf-16-le"), "line 1: holds NUL bytes"),
    ("unclosed.csv", b'id,name,amount\n1,Ann,1\n2,"Ben,2\n3,Cy,3\n', "line 3: a quote opened"),
    ("last.csv", b'id,name,amount\n1,Ann,1\n2,Ben,"2', "line 3: a quote opened"),
    ("pairs.csv", b'id,name,amount\n1,"Ann,1\n2,"Ben",2\n', "line 2: a quote opened"),
    ("header.csv", b'id,"name,amount\n1,Ann,1\n', "line 1: a quote opened"),
    ("cut.csv.gz", PACKED[:-20], "the gzip file is cut off"),
    ("corrupt.csv.gz", PACKED[:30] + b"xxxx" + PACKED[34:], "the gzip file is damaged"),
    ("notgzip.csv.gz", GOOD.encode(), "the gzip file is damaged, or none"),
    ("packed.csv", PACKED, "this is a gzip file; give it a name that ends in .gz"),
]


@pytest.mark.parametrize(("file", "content", "message"), BROKEN)
def test_a_broken_file_says_where_and_what(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    delivery = Shop(tmp_path, declare()).load(content, file)

    assert [(f.status, message in f.message) for f in delivery.files] == [("broken", True)], (
        delivery.files[0].message
    )


def test_a_broken_file_does_not_stop_the_good_ones(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    for file, content, _ in BROKEN:
        shop.deliver(content, file)
    shop.deliver(GOOD, "good.csv")
    shop.deliver(GOOD, "zebra.csv")

    delivery = shop.ingest()

    assert (
        shop.rows("_file, id"),
        len(delivery.broken),
        delivery.status,
        delivery.fails_run,
    ) == (
        [(f"landing/{DAY}/{f}.csv", i) for f in ("good", "zebra") for i in ("1", "2")],
        len(BROKEN),
        "applied",
        True,
    )


REJECTED = [
    # content, the rejected lines, the first faulty column, the reason
    ("id,name,amount\n1,Ann,1\n2,Ben\n3,Cy,3\n", 3, None, "2 values where the header has 3"),
    ("id,name,amount\n1,Ann,1\n2,Ben,2,x\n3,Cy,3\n", 3, None, "4 values where the header has 3"),
    # A last delimiter too many is a value too many; DuckDB drops it in silence.
    ("id,name,amount\n1,Ann,1\n2,Ben,2,\n3,Cy,3\n", 3, None, "4 values where the header has 3"),
    # DuckDB drops the blank in silence.
    ('id,name,amount\n1,Ann,1\n2,"Ben" ,2\n3,Cy,3\n', 3, None, "text after a closing quote"),
    ('id,name,amount\n1,Ann,1\n2,"Ben"x,2\n3,Cy,3\n', 3, None, "text after a closing quote"),
    ("id,name,amount\n1,Ann,1\n,Ben,2\n3,Cy,3\n", 3, "id", "id, the primary key, is missing"),
    ("id,name,amount\n1,Ann,1\n,,\n3,Cy,3\n", 3, "id", "id, the primary key, is missing"),
    ("id,name,amount\n1,Ann,1\n  \n3,Cy,3\n", 3, None, "1 values where the header has 3"),
    (
        "id,name,amount\n1,Ann,1\n--,Ben,2.555\n3,Cy,3\n",
        3,
        "id",
        "id, the primary key, is missing; "
        "amount is not a number of at most 36 digits, and 2 after the point",
    ),
]


@pytest.mark.parametrize(("content", "line", "column", "reason"), REJECTED)
def test_a_bad_record_is_rejected_with_its_line_and_never_with_its_neighbours(
    tmp_path: Path, content: str, line: int, column: str | None, reason: str
) -> None:
    shop = Shop(tmp_path, declare())

    shop.load(content)

    assert (shop.rows("id, _line"), shop.rows("_line, column_name, reason", "rejected.orders")) == (
        [("1", 2), ("3", 4)],
        [(line, column, reason)],
    )


def test_swapped_columns_are_found_by_name(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())

    shop.load("amount,id,name\n1.50,1,Ann\n")

    assert shop.rows("id, name, amount::varchar") == [("1", "Ann", "1.50")]


def test_a_file_that_is_still_written_is_broken(tmp_path: Path, monkeypatch) -> None:
    shop = Shop(tmp_path, declare())
    path = shop.deliver(GOOD)
    landing = shop.engine.landing

    def written_to_meanwhile():
        path.write_text(GOOD + "3,Cy,3\n")
        return landing()

    monkeypatch.setattr(shop.engine, "landing", written_to_meanwhile)

    delivery = shop.ingest()

    assert ["changed while it was read" in f.message for f in delivery.files] == [True]


def test_no_value_of_a_file_is_in_a_message(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())

    delivery = shop.load("ann@x.org,Ann,1\nben@x.org,Ben,2\n")

    assert "ann@x.org" not in delivery.files[0].message


def test_a_file_of_more_records_than_places_is_broken(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ingest, "MOST_LINES", 2)
    shop = Shop(tmp_path, declare())
    shop.deliver(GOOD)

    [broken] = shop.ingest().files

    assert "has more than 2 records. Deliver it in parts." in broken.message
    assert shop.rows("id") == []
