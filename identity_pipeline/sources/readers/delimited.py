"""Reads delimited files: in bulk where that can be shown to lose nothing, else one by one."""

from collections.abc import Iterator, Sequence
from itertools import islice

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import RECORD, Delimited, Landing, TextRead
from identity_pipeline.sources.files import LandedFile, TextFacts, is_utf_8, measure
from identity_pipeline.sources.header import check_header, passed_over
from identity_pipeline.sources.readers.base import Reading
from identity_pipeline.sources.readers.cut import Record, UnclosedQuote, cut
from identity_pipeline.terms.sources import CsvFormat, SourceTable

# Enough rows that the cost of a statement does not show, few enough to fit in memory many times.
BATCH_ROWS = 20_000

Batch = list[tuple[object, ...]]


def read(
    landing: Landing, file: LandedFile, source: SourceTable, wanted: tuple[str, ...]
) -> Reading:
    """Read a delimited file.

    The engine's own reader is quick, and drops in silence what it takes for noise: a last empty
    value too many, blanks around a quoted value. Its work is accepted only if every byte of the
    file is accounted for; otherwise the file is cut again, exactly and some ten times slower.

    Raises:
        LandingError: a fault of the whole file.
    """
    form = source.format
    assert isinstance(form, CsvFormat), "the registry gives each reader its own format"
    facts = measure(file, form.encoding, form.quote)
    header = _header(file, form)
    places = check_header(file, header.line, header.values or [], wanted)
    found = _read_in_bulk(landing, file, form, facts, header)
    if found is None:
        found = _read_exactly(landing, file, form, len(header.values or []))
    rows, faults, records = found
    columns = {name: rows[f"c{place}"] for name, place in places.items()}
    note = passed_over(header.values or [], source)
    return Reading(rows.select("_line", **columns), faults, records, note, source.columns)


def _header(file: LandedFile, form: CsvFormat) -> Record:
    try:
        with file.lines(form.encoding) as lines:
            header = next(cut(lines, form.delimiter, form.quote), None)
    except UnclosedQuote as error:
        raise _unclosed(file, error) from None
    if header is None:
        raise file.fault(0, "only empty lines, without even a header. Deliver it again.")
    if header.values is None:
        raise file.fault(header.line, "the header has text after a closing quote. Mend the header.")
    return header


def _read_in_bulk(
    landing: Landing, file: LandedFile, form: CsvFormat, facts: TextFacts, header: Record
) -> tuple[ir.Table, ir.Table, int] | None:
    """The engine's reading if it accounts for every byte and every line; else None."""
    is_one_line = header.line == 1 and header.text.count("\n") == 1 and header.text.endswith("\n")
    if not is_one_line or not is_utf_8(form.encoding) or facts.returns != facts.pairs:
        return None
    names = _columns(len(header.values or []))
    shape = Delimited(names, form.delimiter, form.quote, file.is_packed)
    found = landing.read_delimited(file.path, shape)
    if found is None or not _accounts_for_all(landing, found, form, facts, header):
        return None
    records = found.sound + found.faulty
    newlines_inside = facts.newlines - facts.end_newlines - records
    # The engine numbers faulty records rightly only where all records end alike, in one line.
    is_uniform = facts.pairs in (0, facts.newlines) and not newlines_inside
    if newlines_inside < 0 or (found.faulty and not is_uniform):
        return None
    if newlines_inside and landing.occurrences("\n") != newlines_inside:
        return None
    rows, faulty = landing.records(), landing.faulty()
    rows = _with_lines(rows, names) if newlines_inside else rows.mutate(_line=rows[RECORD] + 1)
    width = faulty.text.length() - faulty.text.replace(form.delimiter, "").length() + 1
    reason = width.cast("string") + _of_header(len(names))
    faults = faulty.select(_line=faulty[RECORD] + 1, reason=reason, record="text")
    return rows, faults, records


def _accounts_for_all(
    landing: Landing, found: TextRead, form: CsvFormat, facts: TextFacts, header: Record
) -> bool:
    """Whether values, delimiters, quotes and line ends add up to the size of the file."""
    records = found.sound + found.faulty
    quotes_dropped = facts.quotes - header.text.count(form.quote)
    if quotes_dropped:
        quotes_dropped -= landing.occurrences(form.quote)
    line_end = 2 if facts.pairs else 1
    head = len(header.text.encode()) + (3 if facts.has_mark else 0)
    delimiters = found.sound * (len(header.values or []) - 1) * len(form.delimiter.encode())
    body = found.octets + delimiters + quotes_dropped * len(form.quote.encode())
    between = (records - 1) * line_end
    return facts.octets - facts.end_octets == head + body + between


def _with_lines(rows: ir.Table, names: Sequence[str]) -> ir.Table:
    """The line each record begins in, where values hold line ends."""
    inside = sum(
        ((rows[n].length() - rows[n].replace("\n", "").length()).fill_null(0) for n in names),
        ibis.literal(0, "int64"),
    )
    counted = rows.mutate(_inside=inside)
    before = ibis.rows_window(preceding=(None, 1), order_by=counted[RECORD])
    return counted.mutate(
        _line=counted[RECORD] + 1 + counted["_inside"].sum().over(before).fill_null(0)
    )


def _read_exactly(
    landing: Landing, file: LandedFile, form: CsvFormat, width: int
) -> tuple[ir.Table, ir.Table, int]:
    seen = 0

    def batches() -> Iterator[Batch]:
        nonlocal seen
        with file.lines(form.encoding) as lines:
            records = islice(cut(lines, form.delimiter, form.quote), 1, None)
            while batch := [_staged(record, width) for record in islice(records, BATCH_ROWS)]:
                seen += len(batch)
                yield batch

    try:
        staged = landing.take([*_columns(width), "reason", "record"], batches())
    except UnclosedQuote as error:
        raise _unclosed(file, error) from None
    staged = staged.mutate(_line=staged[RECORD])
    faults = staged.filter(staged.reason.notnull()).select("_line", "reason", "record")
    return staged.filter(staged.reason.isnull()), faults, seen


def _staged(record: Record, width: int) -> tuple[object, ...]:
    if record.values is not None and len(record.values) == width:
        return (record.line, *record.values, None, None)
    reason = "text after a closing quote"
    if record.values is not None:
        reason = f"{len(record.values)}" + _of_header(width)
    return (record.line, *[None] * width, reason, record.text.rstrip("\r\n"))


def _of_header(width: int) -> str:
    return f" values where the header has {width}"


def _columns(width: int) -> tuple[str, ...]:
    return tuple(f"c{place}" for place in range(width))


def _unclosed(file: LandedFile, error: UnclosedQuote) -> Exception:
    return file.fault(
        error.line,
        "a quote opened here is not closed, so where records end cannot be known. "
        "Close it, or double a quote that belongs to a value.",
    )
