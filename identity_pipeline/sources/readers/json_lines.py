"""Reads JSON lines: one object a line, numbers digit by digit as they are written."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from identity_pipeline.engine.base import RECORD, Landing
from identity_pipeline.sources.files import LandedFile, measure
from identity_pipeline.sources.header import passed_over
from identity_pipeline.sources.readers.base import Reading
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.sources import JsonLinesFormat, SourceTable

BATCH_ROWS = 20_000
# A number with a larger exponent is left as it is written: 1e999999 would fill a disk.
LARGEST_EXPONENT = 40


class _Twice(ValueError):
    """An object names a key twice; which one counts cannot be known."""


def read(
    landing: Landing, file: LandedFile, source: SourceTable, wanted: tuple[str, ...]
) -> Reading:
    """Read JSON lines; an object that lacks a column has no value there.

    Not by the engine's JSON: it reads numbers as floats, so it would lose digits in silence.
    A nested value becomes its JSON text. A number keeps its value and loses its style, so that
    707.0 and 707 are one key.

    Raises:
        LandingError: a fault of the whole file; also a column that no object has while an
            undeclared one is named nearly the same.
    """
    form = source.format
    assert isinstance(form, JsonLinesFormat), "the registry gives each reader its own format"
    measure(file, form.encoding, '"')
    seen: dict[str, None] = {}
    records = 0

    def batches() -> Iterator[list[tuple[object, ...]]]:
        nonlocal records
        with file.lines(form.encoding) as lines:
            numbered = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
            while batch := [_staged(*one, wanted, seen) for one in islice(numbered, BATCH_ROWS)]:
                records += len(batch)
                yield batch

    names = [f"c{place}" for place in range(len(wanted))]
    staged = landing.take([*names, "reason", "record"], batches())
    note = _check_names(file, source, wanted, list(seen)) if seen else ""
    staged = staged.mutate(_line=staged[RECORD])
    rows = staged.filter(staged.reason.isnull())
    columns = {name: rows[place] for name, place in zip(wanted, names, strict=True)}
    faults = staged.filter(staged.reason.notnull()).select("_line", "reason", "record")
    return Reading(rows.select("_line", **columns), faults, records, note, source.columns)


def _staged(
    number: int, line: str, wanted: tuple[str, ...], seen: dict[str, None]
) -> tuple[object, ...]:
    try:
        found = json.loads(line, parse_float=Decimal, object_pairs_hook=_object)
    except _Twice:
        return _faulty(number, line, wanted, "a key is there twice")
    except (ValueError, RecursionError):
        return _faulty(number, line, wanted, "not JSON")
    if not isinstance(found, dict):
        return _faulty(number, line, wanted, "not a JSON object")
    seen.update(dict.fromkeys(found))
    return (number, *[_text(found.get(name)) for name in wanted], None, None)


def _faulty(number: int, line: str, wanted: tuple[str, ...], reason: str) -> tuple[object, ...]:
    return (number, *[None] * len(wanted), reason, line.rstrip("\r\n"))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _check_names(
    file: LandedFile, source: SourceTable, wanted: tuple[str, ...], names: list[str]
) -> str:
    absent = [name for name in wanted if name not in names]
    others = [name for name in names if name not in source.columns]
    for name in absent:
        guess = did_you_mean(name, others)
        if guess.startswith("Did you mean"):
            raise file.fault(0, f"no object has '{name}'. Of the undeclared keys: {guess}")
    note = f"In no object: {', '.join(absent)}." if absent else ""
    return " ".join(filter(None, [passed_over(names, source), note]))


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case float():  # NaN and the infinities, which JSON does not know but its writers write
            return str(value)
        case _:
            return _json(value)


def _json(value: object) -> str:
    """JSON text with numbers written one way, without a loss of digits."""
    match value:
        case dict():
            return "{" + ",".join(f"{_json(k)}:{_json(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_json, value)) + "]"
        case Decimal():
            return _plain(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _plain(number: Decimal) -> str:
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
