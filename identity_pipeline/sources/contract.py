"""What ingestion writes: the columns of its three tables, and the outcome of a delivery."""

import datetime
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.datatypes as dt

from identity_pipeline.expressions.types import schema_of
from identity_pipeline.terms.sources import SourceTable

Change = Literal["upsert", "delete"]
FileStatus = Literal["applied", "held", "broken"]
DeliveryStatus = Literal["none", "applied", "held", "broken"]

_PLACE = {"_ingestion_date": dt.date, "_file": dt.string, "_line": dt.int64}

# One row a rejected record; column_name is the first faulty column, NULL if the record itself is.
REJECTED_SCHEMA = ibis.schema(
    {**_PLACE, "column_name": dt.string, "reason": dt.string, "record": dt.string}
)

# One row a delivered file.
DELIVERIES_SCHEMA = ibis.schema(
    {
        "table_name": dt.string,
        "ingestion_date": dt.date,
        "file": dt.string,
        "change": dt.string,
        "status": dt.string,
        "rows_in": dt.int64,
        "accepted": dt.int64,
        "rejected": dt.int64,
        "duplicate_keys": dt.int64,
        "size": dt.int64,
        "sha256": dt.string,
        "message": dt.string,
    }
)


def landed_schema(source: SourceTable) -> ibis.Schema:
    """The declared columns, then what ingestion adds: change, date, file and line.

    `_line` is the line a record starts in, from 1; of a Parquet file the row's number.
    """
    return ibis.schema({**schema_of(source), "_change": dt.string, **_PLACE})


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file; the ledger's row of it.

    Attributes:
        file: its path relative to the environment's folder.
        change: what its rows do: upsert or delete.
        status: applied, held with its delivery, or broken (nothing of it was loaded).
        rows_in: its records; the sum of accepted and rejected.
        duplicate_keys: accepted rows whose primary key an earlier row of the delivery has.
        size, sha256: of the file as delivered.
        message: what went wrong or was passed over; empty if nothing.
    """

    file: str
    change: Change
    status: FileStatus
    rows_in: int
    accepted: int
    rejected: int
    duplicate_keys: int
    size: int
    sha256: str
    message: str


@dataclass(frozen=True)
class Delivery:
    """What became of the files of one table and one ingestion date.

    Attributes:
        status: none (no files), applied, held (past a limit; no rows), broken (no file could be
            read).
        message: why it was held; empty otherwise.
        fails_run: whether a broken file is to fail the run, as the source's limits say.
    """

    table: str
    ingestion_date: datetime.date
    status: DeliveryStatus
    files: tuple[FileOutcome, ...]
    message: str
    fails_run: bool

    @property
    def rows_in(self) -> int:
        """Records of all files that could be read."""
        return sum(file.rows_in for file in self.files)

    @property
    def accepted(self) -> int:
        """Rows that fit; of a held delivery they were not loaded."""
        return sum(file.accepted for file in self.files)

    @property
    def rejected(self) -> int:
        """Records that do not fit, written to the table of rejected records."""
        return sum(file.rejected for file in self.files)

    @property
    def duplicate_keys(self) -> int:
        """Accepted rows whose primary key an earlier row of the delivery has."""
        return sum(file.duplicate_keys for file in self.files)

    @property
    def broken(self) -> tuple[FileOutcome, ...]:
        """The files that could not be read."""
        return tuple(file for file in self.files if file.status == "broken")
