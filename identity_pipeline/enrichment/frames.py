"""What a user's function returned, checked against what was declared."""

import datetime
import decimal
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from identity_pipeline.enrichment.base import KEY
from identity_pipeline.expressions.types import DECIMAL_DIGITS
from identity_pipeline.terms.enrichments import FunctionEnrichment
from identity_pipeline.terms.errors import PipelineError, did_you_mean
from identity_pipeline.terms.sources import Column, ColumnType

_SCALE = Column(type="decimal").scale
_INT64 = range(-(2**63), 2**63)


class FunctionFailed(PipelineError):
    """A user's function raised an exception, or returned what was not asked for."""


@dataclass(frozen=True)
class Place:
    """An enrichment's name and its function, as `module:name`."""

    enrichment: str
    function: str

    def __str__(self) -> str:
        return f"enrichment '{self.enrichment}': the function '{self.function}'"


class _Misfit(ValueError):
    """A value that is not of the column's type."""


def checked_rows(
    returned: object, enrichment: FunctionEnrichment, known: frozenset[str]
) -> list[tuple[object, ...]]:
    """The rows of a returned frame: `CustomerId`, then the declared columns, typed, by CustomerId.

    Args:
        returned: what the function returned.
        enrichment: the columns it was to return.
        known: the customers it was asked about.

    Raises:
        FunctionFailed: no frame, other columns, a CustomerId that is missing, repeated or not
            asked about, a value that cannot be taken as its column's type. Values are not told.
    """
    place = Place(enrichment.name, enrichment.function)
    frame = _framed(returned, place, enrichment)
    ids = [
        _checked(_text, value, (place, KEY, row, "text")) for row, value in _numbered(frame, KEY)
    ]
    for row, value in enumerate(ids, start=1):
        if value is None:
            raise FunctionFailed(f"{place} returned no {KEY} in row {row}.")
        if value not in known:
            raise FunctionFailed(
                f"{place} returned a {KEY} in row {row} that it was not given. Return the ids of "
                "the frame."
            )
    repeated = [times for times in Counter(ids).values() if times > 1]
    if repeated:
        raise FunctionFailed(
            f"{place} returned {len(repeated)} customers more than once. Return one row a customer."
        )
    columns: list[list[object]] = [list(ids)]
    for name, kind in enrichment.columns.items():
        take = _TAKE[kind]
        columns.append(
            [_checked(take, v, (place, name, row, kind)) for row, v in _numbered(frame, name)]
        )
    return sorted(zip(*columns, strict=True), key=lambda row: str(row[0]))


def _framed(returned: object, place: Place, enrichment: FunctionEnrichment) -> pd.DataFrame:
    if not isinstance(returned, pd.DataFrame):
        raise FunctionFailed(
            f"{place} returned {type(returned).__name__}. Return a pandas DataFrame."
        )
    wanted, found = (KEY, *enrichment.columns), [str(name) for name in returned.columns]
    for name in wanted:
        if name not in found:
            lost = KEY in returned.index.names and name == KEY
            hint = "It is the index: call reset_index()." if lost else did_you_mean(name, found)
            raise FunctionFailed(f"{place} returned no column '{name}'. {hint}")
        if found.count(name) > 1:
            raise FunctionFailed(f"{place} returned the column '{name}' more than once.")
    for name in found:
        if name not in wanted:
            raise FunctionFailed(
                f"{place} returned a column '{name}' that is not declared under 'columns'. "
                f"{did_you_mean(name, wanted)}"
            )
    return returned


def _numbered(frame: pd.DataFrame, name: str) -> list[tuple[int, object]]:
    return list(enumerate(frame[name].tolist(), start=1))


def _checked(
    take: Callable[[object], object], value: object, at: tuple[Place, str, int, str]
) -> object:
    if _is_absent(value):
        return None
    try:
        return take(value)
    except (_Misfit, decimal.InvalidOperation):
        place, name, row, kind = at
        raise FunctionFailed(
            f"{place} returned in row {row} a '{name}' ({type(value).__name__}) that is no {kind}, "
            "as declared under 'columns'."
        ) from None


def _is_absent(value: object) -> bool:
    if isinstance(value, float | np.floating | decimal.Decimal):
        return math.isnan(value)
    return value is None or value is pd.NA or value is pd.NaT


def _text(value: object) -> str | None:
    """An empty text is an absent value, as it is everywhere since ingest."""
    if not isinstance(value, str):
        raise _Misfit
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Misfit from None
    return str(value) or None


def _integer(value: object) -> int:
    """A whole float is taken too: it is what pandas makes of integers beside a missing one."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise _Misfit
    if int(value) not in _INT64:
        raise _Misfit
    return int(value)


def _decimal(value: object) -> decimal.Decimal:
    """Rounded to the declared scale, halves to the even neighbour."""
    is_number = isinstance(value, int | float | decimal.Decimal | np.integer | np.floating)
    if isinstance(value, bool) or not is_number:
        raise _Misfit
    with decimal.localcontext(prec=DECIMAL_DIGITS):
        rounded = decimal.Decimal(str(value)).quantize(
            decimal.Decimal(1).scaleb(-_SCALE), decimal.ROUND_HALF_EVEN
        )
    if not rounded.is_finite():
        raise _Misfit
    return rounded


def _boolean(value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise _Misfit
    return bool(value)


def _date(value: object) -> datetime.date:
    if isinstance(value, datetime.datetime):
        if value.timetz() != datetime.time():
            raise _Misfit
        return value.date()
    if not isinstance(value, datetime.date):
        raise _Misfit
    return value


def _timestamp(value: object) -> datetime.datetime:
    """In UTC, to the microsecond; a time without a zone is in UTC."""
    if not isinstance(value, datetime.datetime):
        raise _Misfit
    moment = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
    return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment


_TAKE: dict[ColumnType, Callable[[object], object]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
