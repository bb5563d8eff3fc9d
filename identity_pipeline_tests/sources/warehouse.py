"""A source table, a folder to deliver to, and a warehouse to look into, in a few words."""

import datetime
from pathlib import Path

import duckdb

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.sources.contract import Delivery
from identity_pipeline.sources.ingest import ingest
from identity_pipeline.terms.sources import SourceTable

DAY = datetime.date(2022, 7, 23)
COLUMNS = {"id": "text", "name": "text", "amount": {"type": "decimal", "scale": 2}}


def declare(**changes: object) -> SourceTable:
    """A CSV source of id, name and amount; `changes` are keys of its YAML."""
    declared: dict[str, object] = {
        "name": "orders",
        "data_source": "Shop",
        "table": "Orders",
        "landing": "landing/{ingestion_date}/*",
        "null_markers": ["", "--"],
        "refresh": "incremental",
        "primary_key": "id",
        "columns": COLUMNS,
        "limits": {"rejected": "100%"},
    }
    return SourceTable.model_validate(declared | changes)


class Shop:
    """An environment's folder and its warehouse."""

    def __init__(self, folder: Path, source: SourceTable) -> None:
        self.folder = folder
        self.source = source
        self.connection = duckdb.connect()
        self.engine = DuckDBEngine(self.connection)

    def deliver(self, content: bytes | str, name: str = "a.csv", day: datetime.date = DAY) -> Path:
        """Put a file where the deliveries of a day land."""
        path = self.folder / "landing" / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, day: datetime.date = DAY) -> Delivery:
        """Ingest a day in one transaction, as an asset does."""
        self.connection.begin()
        delivery = ingest(self.engine, self.source, self.folder, day)
        self.connection.commit()
        return delivery

    def load(self, content: bytes | str, name: str = "a.csv") -> Delivery:
        """Deliver one file and ingest it."""
        self.deliver(content, name)
        return self.ingest()

    def rows(self, columns: str, table: str = "source.orders") -> list[tuple[object, ...]]:
        """Some columns of a table, in the order of files and lines."""
        statement = "select " + columns + " from " + table + " order by _file, _line"
        return self.connection.execute(statement).fetchall()

    def everything(self) -> list[list[tuple[object, ...]]]:
        """All that ingestion wrote."""
        tables = ("source.orders", "rejected.orders", "ledger.deliveries")
        return [self.connection.execute("from " + t + " order by all").fetchall() for t in tables]
