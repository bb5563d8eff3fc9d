"""A delivery is loaded, held or emptied as a whole, and doing it again changes nothing."""

import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_pipeline.terms.errors import SchemaChanged
from identity_pipeline_tests.sources.warehouse import COLUMNS, DAY, Shop, declare

NEXT_DAY = DAY + datetime.timedelta(days=1)
HEAD = "id,name,amount\n"


def lines(*ids: str) -> str:
    """A file with a row for each id."""
    return HEAD + "".join(f"{i},x,1\n" for i in ids)


def test_the_declared_columns_come_first_and_then_where_a_row_is_from(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())

    shop.load(HEAD + "1,Ann,1.5\n")

    assert shop.connection.execute("select columns(*)::varchar from source.orders").fetchall() == [
        ("1", "Ann", "1.50", "upsert", "2022-07-23", "landing/2022-07-23/a.csv", "2")
    ]


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    shop.deliver(lines("1", "2") + "short\n")
    shop.deliver(lines("3") + "4,x,y\n", "b.csv")
    shop.ingest()
    before = shop.everything()

    shop.ingest()

    assert shop.everything() == before


def test_other_dates_stay_as_they_are(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    shop.load(lines("1"))
    shop.deliver(lines("2"), day=NEXT_DAY)

    shop.ingest(NEXT_DAY)

    assert shop.rows("id, _ingestion_date") == [("1", DAY), ("2", NEXT_DAY)]


def test_no_files_is_no_delivery_as_if_it_had_never_come(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    path = shop.deliver(lines("1") + "short\n")
    shop.ingest()
    path.unlink()

    delivery = shop.ingest()

    assert (delivery.status, shop.everything()) == ("none", [[], [], []])


def test_rows_in_are_rows_accepted_plus_rows_rejected(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())

    delivery = shop.load(lines("1", "2", "3") + "short\n,x,1\n5,x,y\n")

    assert (delivery.rows_in, delivery.accepted, delivery.rejected) == (6, 3, 3)


def test_duplicate_keys_are_kept_and_counted_where_they_come_later(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    shop.deliver(lines("1", "2", "1"))
    shop.deliver(lines("2", "3"), "b.csv")

    delivery = shop.ingest()

    assert ([f.duplicate_keys for f in delivery.files], delivery.accepted) == ([1, 1], 5)


HELD = [
    # declaration, yesterday, today, status, a part of the message
    ({"limits": {"rejected": "25%"}}, None, lines("1", "2", "3") + "short\n", "applied", ""),
    ({"limits": {"rejected": "24%"}}, None, lines("1", "2", "3") + "short\n", "held", "1 of 4"),
    ({"refresh": "full"}, lines("1", "2"), lines("1"), "applied", ""),
    ({"refresh": "full"}, lines("1", "2", "3"), lines("1"), "held", "1 rows after 3"),
    ({"refresh": "full"}, lines("1"), HEAD, "held", "without rows"),
    ({"refresh": "full", "limits": {"shrink_to": "0%"}}, lines("1"), HEAD, "applied", ""),
    ({"refresh": "incremental"}, lines("1", "2", "3"), HEAD, "applied", ""),
    ({"refresh": "incremental"}, lines("1"), "", "broken", "no file"),
]


@pytest.mark.parametrize(("declared", "yesterday", "today", "status", "message"), HELD)
def test_a_delivery_past_a_limit_is_held_with_the_numbers(
    tmp_path: Path,
    declared: dict[str, object],
    yesterday: str | None,
    today: str,
    status: str,
    message: str,
) -> None:
    shop = Shop(tmp_path, declare(**declared))
    if yesterday:
        shop.load(yesterday)
    shop.deliver(today, day=NEXT_DAY)

    delivery = shop.ingest(NEXT_DAY)

    assert (delivery.status, message in delivery.message) == (status, True)


def test_a_held_delivery_leaves_its_rejected_records_and_no_rows(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare(limits={"rejected": "10%"}))

    delivery = shop.load(lines("1") + "short\n")

    assert (
        shop.rows("id"),
        shop.rows("record", "rejected.orders"),
        [(f.status, f.accepted) for f in delivery.files],
    ) == ([], [("short",)], [("held", 1)])


def test_a_delete_names_keys_only(tmp_path: Path) -> None:
    deletes = {"deletes": "landing/{ingestion_date}/gone*", "updated_on": "at"}
    shop = Shop(tmp_path, declare(**deletes, columns=COLUMNS | {"at": "date"}))
    shop.deliver(HEAD.replace("\n", ",at\n") + "1,x,1,2022-07-01\n")
    shop.deliver("id,at\n1,2022-07-02\n2,\n", "gone.csv")

    shop.ingest()

    assert (
        shop.rows('id, name, "at"::varchar, _change'),
        shop.rows("reason", "rejected.orders"),
    ) == (
        [("1", "x", "2022-07-01", "upsert"), ("1", None, "2022-07-02", "delete")],
        [("at is missing",)],
    )


def test_a_column_that_is_declared_later_is_missing_in_earlier_rows(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    shop.load(lines("1"))
    shop.source = declare(columns={"id": "text", "city": "text", "name": "text"})
    shop.deliver("id,city,name\n2,Rome,y\n", day=NEXT_DAY)

    shop.ingest(NEXT_DAY)

    assert shop.rows("id, city, name") == [("1", None, "x"), ("2", "Rome", "y")]


def test_a_column_of_another_type_than_before_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    shop.load(lines("1"))
    shop.source = declare(columns=COLUMNS | {"amount": "text"})

    with pytest.raises(SchemaChanged, match="'amount': stored as decimal"):
        shop.ingest()


def test_a_table_without_a_key_of_its_own_can_be_delivered(tmp_path: Path) -> None:
    columns = dict.fromkeys(["Table1", "Table1Key", "Table2", "Table2Key"], "text")
    shop = Shop(tmp_path, declare(columns=columns, primary_key="Table1Key", refresh="full"))

    shop.load("Table1,Table1Key,Table2,Table2Key\na,1,b,7\na,1,b,8\n")

    assert shop.rows("Table1Key, Table2Key") == [("1", "7"), ("1", "8")]


def test_rows_are_visible_after_an_insert_of_none(tmp_path: Path) -> None:
    """In DuckDB 1.5.5 they were not, in the same transaction, above some 100,000 rows."""
    shop = Shop(tmp_path, declare())
    shop.deliver(HEAD, "a.csv")
    shop.deliver(lines(*map(str, range(200_000))), "b.csv")

    shop.ingest()

    assert shop.connection.execute("select count(*) from source.orders").fetchone() == (200_000,)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(7)), cut=st.integers(0, 7))
def test_rows_are_the_same_however_they_are_ordered_and_split(order: list[int], cut: int) -> None:
    records = ["1,a,1\n", "2,b,2\n", '3,"c\nd",3\n', "4,--,4\n", "short\n", "6,x,y\n", "7,e,\n"]
    shuffled = [records[place] for place in order]

    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder), declare())
        shop.deliver(HEAD + "".join(shuffled[:cut]))
        shop.deliver(HEAD + "".join(shuffled[cut:]), "b.csv")
        shop.ingest()
        found = sorted(shop.rows("id, name, amount::varchar"))

    assert found == [
        ("1", "a", "1.00"),
        ("2", "b", "2.00"),
        ("3", "c\nd", "3.00"),
        ("4", None, "4.00"),
        ("7", "e", None),
    ]
