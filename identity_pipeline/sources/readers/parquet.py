"""Reads Parquet: every value becomes text first, and meets the same checks as a text file's."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import RECORD, Landing
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
    texts = {name: _text(file, found[name], source.columns[name]) for name in wanted}
    rows = found.select(_line=found[RECORD], **texts)
    none = rows.filter(False).select(
        "_line", reason=ibis.null("string"), record=ibis.null("string")
    )
    written = {name: _written(found[name], source.columns[name]) for name in wanted}
    return Reading(rows, none, records, passed_over(names, source), written)


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
