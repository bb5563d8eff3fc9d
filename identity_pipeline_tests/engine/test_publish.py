"""The published file: what did not change is not written again, and readers never notice."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis
import pytest

from identity_pipeline.engine.base import Numbers, PublishedTable
from identity_pipeline.engine.registry import OpenEngine, open_engine
from identity_pipeline.terms.names import TableName

ORDERS, NOTES = TableName("insight", "orders"), TableName("insight", "notes")


class Press:
    """A warehouse of two tables, and the file that they are published to."""

    def __init__(self, opened: OpenEngine, file: Path) -> None:
        self.opened, self.file = opened, file
        self.made: dict[str, int] = {}
        self.names = [ORDERS, NOTES]
        self.text = "what was ordered"

    def make(self, name: TableName, number: int, text: str) -> None:
        """Make a stored table, as the step of that number."""
        self.opened.engine.store(name, self.opened.engine.relation({"text": "string"}, [(text,)]))
        self.made[str(name)] = number

    def publish(self) -> dict[str, list[object]]:
        """Publish all tables; what the file holds then."""
        engine = self.opened.engine
        tables = [PublishedTable(n.table, engine.table(n), self.text) for n in self.names]
        self.opened.publish(tables, self.file, Numbers(self.made))
        return self.read()

    def read(self) -> dict[str, list[object]]:
        """The texts of each table of the file."""
        with duckdb.connect(str(self.file), read_only=True) as reader:
            names = [name for (name,) in reader.sql("from (show tables)").fetchall()]
            return {name: [t for (t,) in reader.table(name).fetchall()] for name in names}

    def comment(self) -> object:
        """What the file says of the orders."""
        with duckdb.connect(str(self.file), read_only=True) as reader:
            asked = "select comment from duckdb_tables() where table_name = 'orders'"
            return reader.sql(asked).fetchall()[0][0]


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    with open_engine(tmp_path / "warehouse.duckdb") as opened:
        press = Press(opened, tmp_path / "published.duckdb")
        press.make(ORDERS, 1, "one")
        press.make(NOTES, 2, "two")
        press.publish()
        yield press


def test_a_table_made_anew_is_published_anew(press: Press) -> None:
    press.make(ORDERS, 3, "three")
    assert press.publish() == {"orders": ["three"], "notes": ["two"]}


def test_a_table_that_was_not_made_anew_is_not_written_again(press: Press) -> None:
    press.make(ORDERS, 1, "unnoted")
    assert press.publish()["orders"] == ["one"]


def test_a_table_whose_changes_are_not_noted_is_always_written(press: Press) -> None:
    press.make(ORDERS, 1, "unnoted")
    del press.made[str(ORDERS)]
    assert press.publish()["orders"] == ["unnoted"]


def test_a_table_that_is_published_no_more_leaves_the_file(press: Press) -> None:
    press.names = [NOTES]
    assert press.publish() == {"notes": ["two"]}


def test_a_file_that_somebody_changed_is_written_whole(press: Press) -> None:
    with duckdb.connect(str(press.file)) as stranger:
        stranger.execute("update orders set text = 'forged'")
    assert press.publish()["orders"] == ["one"]


def test_a_file_that_is_gone_is_written_whole(press: Press) -> None:
    press.file.unlink()
    assert press.publish() == {"orders": ["one"], "notes": ["two"]}


def test_a_name_in_other_letters_is_the_same_table(press: Press) -> None:
    renamed = PublishedTable("Orders", press.opened.engine.table(ORDERS), press.text)
    press.opened.publish([renamed], press.file, Numbers(press.made))
    assert press.read() == {"Orders": ["one"]}


def test_a_table_that_cannot_be_made_says_why_and_leaves_the_old_file(press: Press) -> None:
    broken = press.opened.engine.table(ORDERS).mutate(text=ibis._.text.cast("int64"))
    with pytest.raises(duckdb.ConversionException):
        press.opened.publish(
            [PublishedTable("orders", broken, "")], press.file, Numbers(press.made)
        )
    assert press.publish() == {"orders": ["one"], "notes": ["two"]}


def test_a_changed_description_is_published(press: Press) -> None:
    press.text = "what was bought"
    press.publish()
    assert press.comment() == "what was bought"


def test_a_reader_of_the_old_file_keeps_it(press: Press) -> None:
    with duckdb.connect(str(press.file), read_only=True) as reader:
        press.make(ORDERS, 3, "three")
        press.publish()
        assert reader.table("orders").fetchall() == [("one",)]


def test_nothing_is_left_beside_the_file(press: Press) -> None:
    press.make(ORDERS, 3, "three")
    press.publish()
    left = {name for name in os.listdir(press.file.parent) if name.startswith("published")}
    assert left == {"published.duckdb"}
