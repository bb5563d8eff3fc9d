"""Values as text: exact, the same on every machine, in CSV cells and in JSON."""

import json
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

# A spreadsheet runs a cell that begins so as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_columns(rows: pa.Table) -> list[list[str]]:
    """Each column as CSV cells: NULL is empty, decimals have all their digits.

    Timestamps are ISO 8601 with Z, with a fraction where there is one; dates are ISO 8601; lists
    and structures are JSON.
    """
    return [["" if cell is None else cell for cell in _texts(column)] for column in rows.columns]


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs: a ' before what would be a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def json_rows(rows: pa.Table) -> list[str]:
    """Each row as a JSON object: numbers with all their digits, NULL as null."""
    names = [json.dumps(name, ensure_ascii=False) for name in rows.column_names]
    columns = [_json_values(column) for column in rows.columns]
    if not columns:
        return ["{}"] * rows.num_rows
    return [
        "{" + ",".join(f"{name}:{value}" for name, value in zip(names, values, strict=True)) + "}"
        for values in zip(*columns, strict=True)
    ]


def _json_values(column: pa.ChunkedArray) -> Iterable[str]:
    kind = column.type
    if pa.types.is_floating(kind):
        # JSON has no infinity and no "not a number".
        return (json.dumps(v) if _is_finite(v) else "null" for v in column.to_pylist())
    texts = _texts(column)
    is_bare = (
        pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_nested(kind)
    )
    if is_bare:
        return ("null" if text is None else text for text in texts)
    return (json.dumps(text, ensure_ascii=False) for text in texts)


def _is_finite(value: float | None) -> bool:
    return value is not None and value - value == 0


def _texts(column: pa.ChunkedArray) -> Iterable[str | None]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_decimal(kind):
        return _each(column, lambda value: format(value, "f"))
    if pa.types.is_floating(kind):
        return _each(column, repr)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _each(column, bytes.hex)
    if pa.types.is_nested(kind):
        return _each(column, _as_json)
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _each(column: pa.ChunkedArray, text: Callable[..., str]) -> Iterable[str | None]:
    return (None if value is None else text(value) for value in column.to_pylist())


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _moments(column: pa.ChunkedArray) -> Iterable[str | None]:
    """UTC; a timestamp without a zone is in UTC already."""
    zone = "UTC" if column.type.tz else None
    utc = column.cast(pa.timestamp("us", zone)).cast(pa.timestamp("us"))
    texts = pc.strftime(utc, format="%Y-%m-%dT%H:%M:%SZ")
    whole: list[str | None] = pc.replace_substring(texts, ".000000Z", "Z").to_pylist()
    return whole
