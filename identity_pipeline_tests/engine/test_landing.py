"""Reading a file beside the warehouse's transaction."""

from pathlib import Path

import duckdb
import pyarrow as pa

from identity_pipeline.engine.base import Delimited
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.terms import names

TWO = Delimited(("c0", "c1"), ",", '"', is_packed=False)


def test_a_file_that_cannot_be_read_does_not_undo_the_transaction(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\r\n1,2\n3,4\r\n")  # line ends of two kinds: DuckDB gives up
    connection = duckdb.connect()
    engine = DuckDBEngine(connection)
    connection.begin()
    engine.define(names.source("t"), {"i": "int64"})

    with engine.landing() as landing:
        found = landing.read_delimited(path, TWO), landing.read_parquet(path)
    connection.commit()

    assert (found, engine.exists(names.source("t"))) == ((None, None), True)


def test_a_transaction_sees_each_file_and_not_the_one_before(tmp_path: Path) -> None:
    connection = duckdb.connect()
    engine = DuckDBEngine(connection)
    connection.begin()
    seen = []
    for text in ("a,b\n1,2\n", "a,b\n3,4\n5,6\n"):
        path = tmp_path / "a.csv"
        path.write_text(text)
        with engine.landing() as landing:
            landing.read_delimited(path, TWO)
            seen.append(engine.rows(landing.records()))

    assert seen == [[(1, "1", "2")], [(1, "3", "4"), (2, "5", "6")]]


def test_nothing_of_a_landing_is_left() -> None:
    connection = duckdb.connect()
    with DuckDBEngine(connection).landing() as landing:
        landing.take(["c0"], [[(1, "a")]])

    databases = connection.execute("select database_name from duckdb_databases()").fetchall()
    assert [name for (name,) in databases if "landing" in name] == []


def test_rows_are_visible_in_their_transaction_after_an_insert_of_none() -> None:
    connection = duckdb.connect()
    engine, table = DuckDBEngine(connection), names.source("t")
    none = pa.table({"i": pa.array([], pa.int64())})
    many = pa.table({"i": pa.array(range(200_000))})
    connection.begin()
    engine.append(table, engine.relation({"i": "int64"}, none.to_pylist()))

    engine.append(table, engine.relation({"i": "int64"}, zip(many["i"].to_pylist(), strict=True)))

    assert engine.count(engine.table(table)) == 200_000
