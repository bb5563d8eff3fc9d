"""Checks the records of a file: typed rows for those that fit, reasons for those that do not."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.parse import Parsed, parse, present
from identity_pipeline.expressions.types import type_of
from identity_pipeline.sources.contract import Change
from identity_pipeline.sources.readers.base import Reading
from identity_pipeline.terms.sources import SourceTable


def check_records(
    reading: Reading, source: SourceTable, wanted: tuple[str, ...], change: Change
) -> tuple[ir.Table, ir.Table]:
    """Split a reading into what fits the declared columns and what does not.

    Args:
        reading: the file's records.
        source: the declaration.
        wanted: the columns the file brings; the others are NULL.
        change: upsert or delete.

    Returns:
        Rows that fit: the declared columns, typed, `_change` and `_line`. And rows that do not:
        `_line`, `column_name`, `reason`, `record`. Every row of the reading is in exactly one.
    """
    texts = {
        name: present(reading.rows[name], source.null_markers)
        for name in wanted
        if name not in reading.typed
    }
    parsed = {name: parse(text, reading.written[name]) for name, text in texts.items()}
    parsed |= reading.typed
    given = {name: texts.get(name, reading.rows[name]) for name in wanted}
    faults = [
        *(_missing(name, given[name], source) for name in _required(source, wanted, change)),
        *(
            _misfit(name, given[name], parsed[name])
            for name in wanted
            if not _is_text(source, name)
        ),
    ]
    faults.sort(key=lambda fault: wanted.index(fault.column))
    fits = ~ibis.or_(*(fault.is_there for fault in faults))
    values = {
        name: parsed[name].value if name in parsed else ibis.null(type_of(column))
        for name, column in source.columns.items()
    }
    sound = reading.rows.filter(fits).select(**values, _change=ibis.literal(change), _line="_line")
    return sound, _rejected(reading, faults, fits)


class _Fault(NamedTuple):
    """What may be wrong with a row: in which column, whether it is, and the sentence."""

    column: str
    is_there: ir.BooleanValue
    sentence: str


def _missing(name: str, given: ir.Value, source: SourceTable) -> _Fault:
    role = ", the primary key," if name == source.primary_key else ""
    return _Fault(name, given.isnull(), f"{name}{role} is missing")


def _misfit(name: str, given: ir.Value, parsed: Parsed) -> _Fault:
    return _Fault(name, given.notnull() & ~parsed.fits, f"{name} is not {parsed.wanted}")


def _is_text(source: SourceTable, name: str) -> bool:
    return source.columns[name].type == "text"


def _required(source: SourceTable, wanted: tuple[str, ...], change: Change) -> list[str]:
    """A delete without its time could not be told from one before the row it deletes."""
    needed = {source.primary_key, *([source.updated_on] if change == "delete" else [])}
    return [name for name in wanted if name in needed or source.columns[name].required]


def _rejected(reading: Reading, faults: Sequence[_Fault], fits: ir.BooleanValue) -> ir.Table:
    nothing = ibis.null("string")
    first = ibis.coalesce(*(fault.is_there.ifelse(fault.column, nothing) for fault in faults))
    sentences = [fault.is_there.ifelse(fault.sentence + "; ", "") for fault in faults]
    together = reduce(add, sentences)
    texts = [name for name in reading.rows.columns if name != "_line"]
    return reading.rows.filter(~fits).select(
        "_line",
        column_name=first,
        reason=together.substr(0, together.length() - len("; ")),
        record=ibis.struct({name: reading.rows[name].cast("string") for name in texts})
        .cast("json")
        .cast("string"),
    )
