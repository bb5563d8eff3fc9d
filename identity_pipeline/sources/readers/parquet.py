"""Reads Parquet: what is not of the declared type becomes text, and meets a text file's checks."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import RECORD, Landing
from identity_pipeline.expressions.parse import already_typed
from identity_pipeline.sources.files import LandedFile
from identity_pipeline.sources.header import check_header, passed_over
from identity_pipeline.sources.readers.base import Reading
from identity_pipeline.terms.sources import Column, SourceTable

# Whole floats up to here are exact: 707.0, as some writers store a key with gaps, is 707.
EXACT_FLOAT = 2**53


def read(
    landing: Landing, file: LandedFile, source: SourceTable, wanted: tuple[str, ...]
) -> Reading:
    """Read a Parquet file; `_line` is the row's number.

    Dates and timestamps stored as such become ISO 8601, whatever `format` is declared for texts;
    one stored with a zone keeps its moment. Numbers lose their style: 707.0 and 707 are one key.
    Values of the declared type are taken as they are: their text would be read as the same.

    Raises:
        LandingError: a fault of the whole file.
    """
    if file.path.stat().st_size == 0:
        raise file.fault(0, "the file is empty. Deliver it again.")
    opened = landing.read_parquet(file.path)
    if opened is None:
        raise file.fault(0, "not Parquet, or damaged. Deliver it again.")
    found, records = opened
    names = [name for name in found.columns if name != RECORD]
    check_header(file, 0, names, wanted)
    given = {name: _given(file, found[name], source, name) for name in wanted}
    rows = found.select(_line=found[RECORD], **given)
    typed = {
        name: parsed
        for name in wanted
        if not given[name].type().is_string()
        and (parsed := already_typed(rows[name], source.columns[name])) is not None
    }
    none = rows.filter(False).select(
        "_line", reason=ibis.null("string"), record=ibis.null("string")
    )
    written = {name: _written(found[name], source.columns[name]) for name in wanted}
    return Reading(rows, none, records, passed_over(names, source), written, typed)


def _given(file: LandedFile, value: ir.Value, source: SourceTable, name: str) -> ir.Value:
    """The value itself where its type is the declared one and no null marker could be meant."""
    column, kind = source.columns[name], value.type()
    could_be_null = any(
        marker.lower() in ("true", "false") or any(sign.isdigit() for sign in marker)
        for marker in source.null_markers
    )
    is_kept = not could_be_null and not kind.is_nested() and already_typed(value, column)
    return value if is_kept else _text(file, value, column)


def _written(value: ir.Value, column: Column) -> Column:
    is_iso = value.type().is_temporal()
    return column.model_copy(update={"format": None}) if is_iso else column


def _text(file: LandedFile, value: ir.Value, column: Column) -> ir.StringValue:
    kind = value.type()
    if kind.is_nested() or kind.is_binary() or kind.is_json():
        name = value.get_name()
        raise file.fault(0, f"column '{name}' holds {kind}, not single values. Write it as text.")
    if kind.is_floating():
        is_whole = (value.abs() <= EXACT_FLOAT) & (value == value.floor())
        return is_whole.ifelse(value.try_cast("int64").cast("string"), value.cast("string"))
    if kind.is_decimal() and kind.scale:
        return value.cast("string").re_replace("[.]?0+$", "")
    if kind.is_timestamp() and column.type == "date":
        day = value.cast("date")
        is_midnight = value == day.cast(kind)
        return is_midnight.ifelse(day.cast("string"), value.cast("string"))
    return value.cast("string")
