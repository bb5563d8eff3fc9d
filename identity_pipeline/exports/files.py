"""One file: rows as CSV, JSON lines or Parquet, and what is written of it."""

import csv
import gzip
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from identity_pipeline.exports.cells import csv_columns, harmless, json_rows
from identity_pipeline.terms.exports import FileExport

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Rows that are text at one time.
BATCH_ROWS = 50_000
# The usual balance of time and size; fixed, so that a file is the same byte for byte.
GZIP_LEVEL = 6


@dataclass(frozen=True)
class WrittenFile:
    """A file of an export.

    Attributes:
        table: the table whose rows it holds.
        path: where it is below the destination's URL.
        rows: their number, a header not counted.
        sha256: of the file as it is, in hexadecimal.
        bytes: its size as it is.
    """

    table: str
    path: str
    rows: int
    sha256: str
    bytes: int


class HashedSink(io.RawIOBase):
    """Passes bytes on and counts and hashes them; closing it leaves what is below it open."""

    def __init__(self, below: BinaryIO) -> None:
        super().__init__()
        self.size = 0
        self._below = below
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The number of bytes so far."""
        return self.size

    def write(self, data: "ReadableBuffer") -> int:
        """Pass bytes on, all of them."""
        octets = bytes(data)
        self._below.write(octets)
        self._hash.update(octets)
        self.size += len(octets)
        return len(octets)


def suffix(export: FileExport) -> str:
    """How an export's files end, as `.csv.gz`."""
    return f".{export.format}.gz" if export.gzip else f".{export.format}"


def write_rows(rows: pa.Table, export: FileExport, sink: HashedSink) -> None:
    """Write rows in their order, as the export says; the same rows are the same bytes.

    CSV is RFC 4180 in UTF-8 with a header, JSON lines is one object a line. Timestamps are UTC:
    with Z in text, marked as UTC in Parquet.
    """
    if export.format == "parquet":
        pq.write_table(_with_zone(rows), sink, compression="zstd")
        return
    if not export.gzip:
        _write_text(rows, export, sink)
        return
    # No name and no time in the header: they would make equal content differ.
    with gzip.GzipFile("", "wb", GZIP_LEVEL, sink, mtime=0) as packed:
        _write_text(rows, export, packed)


def _write_text(rows: pa.Table, export: FileExport, sink: HashedSink | gzip.GzipFile) -> None:
    if export.format == "jsonl":
        for batch in _batches(rows):
            sink.write("".join(f"{row}\n" for row in json_rows(batch)).encode())
        return
    names = list(map(harmless, rows.column_names))
    header = names if export.safe_for_spreadsheets else rows.column_names
    sink.write(_csv_text([header], export))
    for batch in _batches(rows):
        columns = csv_columns(batch)
        if export.safe_for_spreadsheets:
            columns = [
                list(map(harmless, cells)) if _is_text(batch.schema.field(place)) else cells
                for place, cells in enumerate(columns)
            ]
        sink.write(_csv_text(list(zip(*columns, strict=True)), export))


def _csv_text(lines: list[tuple[str, ...] | list[str]], export: FileExport) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=export.delimiter, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


def _batches(rows: pa.Table) -> list[pa.Table]:
    return [rows.slice(start, BATCH_ROWS) for start in range(0, rows.num_rows, BATCH_ROWS)]


def _is_text(field: pa.Field) -> bool:
    return bool(pa.types.is_string(field.type) or pa.types.is_large_string(field.type))


def _with_zone(rows: pa.Table) -> pa.Table:
    fields = [
        field.with_type(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))
