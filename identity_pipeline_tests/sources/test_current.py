"""What a source holds now: the last full delivery, or the latest row of each key."""

import datetime
from pathlib import Path

import pytest

from identity_pipeline.sources.current import store_current
from identity_pipeline.terms import names
from identity_pipeline_tests.sources.warehouse import COLUMNS, DAY, Shop, declare

DAYS = [DAY + datetime.timedelta(days=n) for n in range(3)]
INCREMENTAL = {
    "refresh": "incremental",
    "columns": COLUMNS | {"at": {"type": "date"}},
    "updated_on": "at",
    "deletes": "landing/{ingestion_date}/gone*",
}
FULL = {"refresh": "full", "columns": {"id": "text", "name": "text"}, "limits": {"shrink_to": "0%"}}


def now(shop: Shop, columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    """Columns of what the source holds, by key."""
    store_current(shop.engine, shop.source)
    rows = shop.engine.table(names.current("orders"))
    return sorted(shop.engine.rows(rows.select(*columns)), key=str)


LATEST = [
    # what, upserts and deletes by day (id,name,at), names held
    ("later time wins", [("1,a,2022-01-02", ""), ("1,b,2022-01-01", "")], ["a"]),
    ("later day wins at one time", [("1,a,2022-01-01", ""), ("1,b,2022-01-01", "")], ["b"]),
    ("a missing time is earliest", [("1,a,2022-01-01", ""), ("1,b,", "")], ["a"]),
    ("later delete", [("1,a,2022-01-01", ""), ("", "1,2022-01-02")], []),
    ("earlier delete", [("1,a,2022-01-03", ""), ("", "1,2022-01-02")], ["a"]),
    ("delete wins at one time", [("1,a,2022-01-01", "1,2022-01-01")], []),
    ("later line wins", [("1,a,2022-01-01\n1,b,2022-01-01", "")], ["b"]),
    ("back after a delete", [("", "1,2022-01-01"), ("1,b,2022-01-02", "")], ["b"]),
    ("other keys stay", [("1,a,2022-01-01\n2,b,2022-01-01", "1,2022-01-02")], ["b"]),
]


@pytest.mark.parametrize(("what", "days", "held"), LATEST)
def test_of_an_incremental_source_the_latest_row_of_a_key_counts(
    tmp_path: Path, what: str, days: list[tuple[str, str]], held: list[str]
) -> None:
    shop = Shop(tmp_path, declare(**INCREMENTAL))
    for day, (upserts, deletes) in zip(DAYS, days, strict=False):
        lines = [f"{i},{n},,{at}" for i, n, at in (u.split(",") for u in upserts.split())]
        shop.deliver("\n".join(["id,name,amount,at", *lines]), day=day)
        shop.deliver("id,at\n" + deletes, "gone.csv", day=day)
        shop.ingest(day)

    assert [name for (name,) in now(shop, ("name",))] == held, what


@pytest.mark.parametrize(
    ("today", "held"), [("2,b\n2,c\n", [("2", "b"), ("2", "c")]), ("", []), (None, [("1", "a")])]
)
def test_of_a_full_source_the_last_applied_delivery_counts_even_an_empty_one(
    tmp_path: Path, today: str | None, held: list[tuple[str, str]]
) -> None:
    shop = Shop(tmp_path, declare(**FULL))
    shop.load("id,name\n1,a\n")
    if today is not None:
        shop.deliver("id,name\n" + today, day=DAYS[1])
    shop.ingest(DAYS[1])

    assert now(shop, ("id", "name")) == held


def test_a_row_that_the_row_filter_drops_never_counts(tmp_path: Path) -> None:
    row_filter = {"column": "name", "not_in": ["bot"]}
    shop = Shop(tmp_path, declare(**FULL, row_filter=row_filter))
    shop.load("id,name\n1,a\n2,bot\n3,b\n")

    assert now(shop, ("id", "_line")) == [("1", 2), ("3", 4)]


def test_a_source_is_a_view_of_what_was_delivered_until_a_key_comes_twice(tmp_path: Path) -> None:
    shop = Shop(tmp_path, declare())
    kinds = []
    for day, lines in zip(DAYS, ("1,a,1", "2,b,2", "1,c,3"), strict=True):
        shop.deliver(f"id,name,amount\n{lines}\n", day=day)
        shop.ingest(day)
        held = now(shop, ("id", "name"))
        found = shop.connection.execute(
            "select table_type from information_schema.tables where table_name = 'orders_current'"
        )
        kinds.append((found.fetchall()[0][0], held))
    assert kinds == [
        ("VIEW", [("1", "a")]),
        ("VIEW", [("1", "a"), ("2", "b")]),
        ("BASE TABLE", [("1", "c"), ("2", "b")]),
    ]


def test_a_table_becomes_a_view_again_when_the_second_delivery_of_a_key_is_gone(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, declare())
    shop.load("id,name,amount\n1,a,1\n1,b,2\n")
    now(shop, ("id",))
    shop.load("id,name,amount\n1,a,1\n")
    assert now(shop, ("id", "name")) == [("1", "a")]
