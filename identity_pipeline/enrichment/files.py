"""Enrichments from files: read exactly, or refused with file, line and column."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import TextIO, cast

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import RECORD, Engine
from identity_pipeline.enrichment.base import KEY, Enriched
from identity_pipeline.enrichment.delivery import DOUBLE, TYPES, Delivery, Part
from identity_pipeline.expressions.parse import Parsed, parse, present
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.errors import did_you_mean

# The module's own limit of 131072 characters a value would refuse sound records.
csv.field_size_limit(2**31 - 1)

# Enough rows that the cost of a statement does not show, few enough to fit in memory many times.
BATCH_ROWS = 20_000
FILE = "_file"
MERGED = "merged"
_FLOAT = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"

Record = tuple[int, list[str]]


def enrich_from_files(engine: Engine, delivery: Delivery | None, customers: ir.Table) -> Enriched:
    """Read a delivery; rows of ids that are no customer's are left out and counted.

    An id that was merged counts for the customer it is now. Where several rows then are about one
    customer the row of its own id counts, else that of the smallest id.

    Args:
        engine: reads, and has the registry of ids.
        delivery: what to read; None where nothing was delivered yet.
        customers: Customer.

    Raises:
        LandingError: a value that does not fit its column, a CustomerId missing or twice, a file
            that cannot be read; nothing of the delivery counts then.
    """
    if delivery is None:
        return Enriched(engine.relation({KEY: "string"}, []), {"processed": 0})
    delivered = _read(engine, delivery)
    rows = _of_current_ids(engine, delivered)
    known = engine.keep(rows.semi_join(customers, rows._current == customers[KEY]))
    order = [known._is_merged, known[KEY]]
    place = ibis.row_number().over(group_by="_current", order_by=order)
    best = known.mutate(_place=place)
    best = best.filter(best._place == 0)
    columns = [name for name in delivered.columns if name != KEY]
    kept = engine.keep(best.select(best._current.name(KEY), *columns))
    processed, found = engine.count(kept), engine.count(known)
    counts = {
        "processed": processed,
        "unknown_customers": engine.count(delivered) - found,
        "merged_customers": engine.count(known.filter(known._is_merged)),
        "superseded": found - processed,
    }
    return Enriched(kept, counts)


def _of_current_ids(engine: Engine, rows: ir.Table) -> ir.Table:
    """Add `_current`, the id that a row's id is now, and `_is_merged`."""
    if not engine.exists(names.PROFILE_REGISTRY):
        return rows.mutate(_current=rows[KEY], _is_merged=ibis.literal(False))
    registry = engine.table(names.PROFILE_REGISTRY)
    merged = registry.filter((registry.state == MERGED) & registry.merged_into.notnull())
    merged = merged.select(_old="customer_id", _new="merged_into")
    joined = rows.left_join(merged, rows[KEY] == merged._old)
    current = ibis.coalesce(joined._new, joined[KEY])
    return joined.mutate(_current=current, _is_merged=joined._new.notnull()).drop("_old", "_new")


def _read(engine: Engine, delivery: Delivery) -> ir.Table:
    """The rows with `CustomerId` first, typed."""
    places = [f"c{number}" for number in range(len(delivery.attributes))]
    with engine.landing() as landing:
        rows = engine.keep(landing.take([*places, FILE], _batches(delivery)))
    parsed = {
        name: _parsed(rows[place], kind)
        for place, (name, kind) in zip(places, delivery.attributes.items(), strict=True)
    }
    _refuse_faults(engine, delivery, rows, parsed)
    others = {name: one.value for name, one in parsed.items() if name != delivery.key}
    typed = {KEY: parsed[delivery.key].value, **others}
    return engine.keep(rows.select(**typed))


def _parsed(text: ir.StringValue, kind: str) -> Parsed:
    value = present(text, ())
    if kind != DOUBLE:
        return parse(value, TYPES[kind])
    number = value.try_cast("float64")
    return Parsed(number, value.re_search(_FLOAT) & number.notnull(), "a number, as 0.5 or 5e-1")


def _refuse_faults(
    engine: Engine, delivery: Delivery, rows: ir.Table, parsed: dict[str, Parsed]
) -> None:
    """Raise for the first fault, by file, line and column."""
    part_of = {part.name: part for part in delivery.parts}
    columns = list(parsed)
    key = parsed[delivery.key].value
    faults = [(key.isnull(), ibis.literal(columns.index(delivery.key), "int64"))]
    for number, one in enumerate(parsed.values()):
        faults.append((~one.fits.fill_null(True), ibis.literal(number, "int64")))
    faulty = rows.select(FILE, RECORD, _column=ibis.cases(*faults))
    first = faulty.filter(faulty._column.notnull()).order_by(FILE, RECORD).limit(1)
    for file, at, place in engine.rows(first):
        name, part = columns[int(str(place))], part_of[str(file)]
        line = int(str(at))
        if name == delivery.key:
            raise part.fault(line, f"'{name}' is missing: it is the CustomerId. Add it.")
        wanted, kind = parsed[name].wanted, delivery.attributes[name]
        raise part.fault(
            line,
            f"'{name}' is not {wanted} ({kind}). Mend the value, or the type in {delivery.name}.",
        )
    repeated = ibis.row_number().over(group_by="_key", order_by=[FILE, RECORD])
    keyed = rows.select(FILE, RECORD, _key=key).mutate(_place=repeated)
    again = keyed.filter(keyed._place > 0).order_by(FILE, RECORD).limit(1)
    earlier = keyed.filter(keyed._place == 0).select("_key", _of=FILE, _at=RECORD)
    pair = again.join(another(earlier), "_key").select(FILE, RECORD, "_of", "_at")
    for file, at, other, before in engine.rows(pair):
        raise part_of[str(file)].fault(
            int(str(at)),
            f"the same '{delivery.key}' is in line {before} of {other} already: a customer has one "
            "row. Take one of them out.",
        )


def _batches(delivery: Delivery) -> Iterator[list[tuple[object, ...]]]:
    for part in delivery.parts:
        rows = _rows(part, list(delivery.attributes))
        while batch := [(line, *row, part.name) for line, row in islice(rows, BATCH_ROWS)]:
            yield batch


def _rows(part: Part, wanted: list[str]) -> Iterator[Record]:
    """The records of a file with their values in the order of the model."""
    records = _records(part)
    first = next(records, None)
    if first is None:
        return
    line, values = first
    is_header = part.has_header
    if is_header is None:
        # A line of the very names is no row: no CustomerId is called like its column.
        is_header = sorted(values) == sorted(wanted)
    order = list(range(len(wanted)))
    if is_header:
        order = _order(part, line, values, wanted)
        width = len(values)
    else:
        width = len(wanted)
        records = _with(first, records)
    for line, values in records:
        if len(values) != width:
            raise part.fault(line, f"has {len(values)} values where there are {width} columns.")
        yield line, [values[place] for place in order]


def _order(part: Part, line: int, header: list[str], wanted: list[str]) -> list[int]:
    for name in wanted:
        if header.count(name) != 1:
            times = "lacks" if name not in header else "repeats"
            hint = did_you_mean(name, header)
            raise part.fault(line, f"the header {times} '{name}', a column of the model. {hint}")
    return [header.index(name) for name in wanted]


def _with(first: Record, others: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from others


def _records(part: Part) -> Iterator[Record]:
    """Each record with the line it begins in; an empty line is no record."""
    line = 1
    try:
        with _open(part) as lines:
            reader = csv.reader(lines, delimiter=part.delimiter, strict=True)
            for values in reader:
                if values:
                    yield line, values
                line = reader.line_num + 1
    except csv.Error:
        raise part.fault(
            line, "the quotes of the record that begins here do not close. Close or double them."
        ) from None
    except UnicodeDecodeError:
        raise part.fault(0, f"is not UTF-8, after line {line}. Save it as UTF-8.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise part.fault(0, "the gzip file is damaged or cut off. Deliver it again.") from None


def _open(part: Part) -> TextIO:
    if part.path.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(part.path, "rt", encoding="utf-8-sig", newline=""))
    return part.path.open(encoding="utf-8-sig", newline="")
