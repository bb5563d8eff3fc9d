"""What a reader of a file format is given, and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from identity_pipeline.engine.base import Landing
from identity_pipeline.expressions.parse import Parsed
from identity_pipeline.sources.files import LandedFile
from identity_pipeline.terms.sources import Column, SourceTable


@dataclass(frozen=True)
class Reading:
    """A file's records, as text where they are not of the declared type already.

    Attributes:
        rows: `_line` and the wanted columns, one row a record.
        faults: `_line`, `reason` and `record` (its raw text) of each record that is no row.
        records: how many records the file has, known without counting `rows` and `faults`.
        note: what the reader saw and passed over, as a sentence; empty if nothing.
        written: how the texts of each column are written: as declared, or by the reader.
        typed: the columns of `rows` that the file has in the declared type.
    """

    rows: ir.Table
    faults: ir.Table
    records: int
    note: str
    written: Mapping[str, Column]
    typed: Mapping[str, Parsed] = field(default_factory=dict)


# Landing place, file, source table, wanted columns; LandingError for a fault of the whole file.
Reader = Callable[[Landing, LandedFile, SourceTable, tuple[str, ...]], Reading]
