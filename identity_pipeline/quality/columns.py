"""Profiles of source columns: what is in them before anything is matched."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.placeholders import is_placeholder, pattern
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.sources import SourceTable

VALUES = "array<struct<value: string, rows: int64>>"
COLUMN_PROFILE = {
    "table_name": "string",
    "column_name": "string",
    "column_type": "string",
    "rows": "int64",
    "nulls": "int64",
    "distinct_values": "int64",
    "min_length": "int64",
    "max_length": "int64",
    "top_values": VALUES,
    "likely_placeholders": VALUES,
}

# How many of the most frequent values are shown.
TOP = 5
# A value is far more frequent than the next one from so many times on, in so many rows at least.
TIMES, LEAST_ROWS = 5, 5
# Where a value has at most so many rows on average, the column tells people apart; of a column
# that sorts them into kinds, the most frequent value says nothing.
MOST_ROWS_A_VALUE = 2


@dataclass(frozen=True)
class Value:
    """A value that occurs more than once."""

    value: str
    rows: int

    def cell(self) -> dict[str, str | int]:
        """The value as the table holds it."""
        return {"value": self.value, "rows": self.rows}


@dataclass(frozen=True)
class Counted:
    """What is counted of a column.

    Attributes:
        rows, nulls, distinct: numbers of rows, of those without a value, and of values.
        lengths: characters of the shortest and of the longest value; None where there is none.
        frequent: the most frequent values, most frequent first, and those on the shipped list.
    """

    rows: int
    nulls: int
    distinct: int
    lengths: tuple[int | None, int | None]
    frequent: Sequence[Value]

    @property
    def likely_placeholders(self) -> list[Value]:
        """Values on the shipped list; and all before a gap, in a column that tells people apart."""
        before = self._before_gap()
        return [
            one
            for place, one in enumerate(self.frequent)
            if place < before or is_placeholder(one.value)
        ]

    def _before_gap(self) -> int:
        """How many values come before one that is far less frequent."""
        top = self.frequent[: TOP + 1]
        found = 0
        for place, one in enumerate(top[:TOP], start=1):
            # Behind the repeated values are those that occur once, if there are any.
            following = top[place].rows if place < len(top) else 1
            others = self.rows - self.nulls - sum(value.rows for value in top[:place])
            remaining = self.distinct - place
            tells_apart = remaining > 0 and others <= MOST_ROWS_A_VALUE * remaining
            if tells_apart and one.rows >= max(LEAST_ROWS, TIMES * following):
                found = place
        return found


def profiled_columns(environment: Environment, source: SourceTable) -> tuple[str, ...]:
    """The columns of a source that are to be profiled."""
    asked = environment.unify.quality.profiles
    if asked == "all":
        return tuple(source.columns)
    if asked == "unified" and source.name in environment.unify.order:
        return environment.selected(source.name)
    return ()


def profile_columns(engine: Engine, source: SourceTable, columns: Sequence[str]) -> ir.Table:
    """Count the values of a source's columns as it is now: one statement, exact.

    Args:
        engine: has the source's current rows.
        source: the declaration.
        columns: at least one.

    Returns:
        One row a column, as COLUMN_PROFILE says.
    """
    found = _read(engine, engine.table(names.current(source.name)), source, columns)
    rows = [
        (
            source.name,
            column,
            source.columns[column].type,
            counted.rows,
            counted.nulls,
            counted.distinct,
            *counted.lengths,
            [one.cell() for one in counted.frequent[:TOP]],
            [one.cell() for one in counted.likely_placeholders],
        )
        for column, counted in found
    ]
    return engine.relation(COLUMN_PROFILE, rows)


def _read(
    engine: Engine, rows: ir.Table, source: SourceTable, columns: Sequence[str]
) -> Iterator[tuple[str, Counted]]:
    """Each column with what is counted of it, in the order of `columns`."""
    counted = engine.rows(_statement(rows, source, columns))
    frequent: dict[str, list[Value]] = defaultdict(list)
    facts: dict[str, list[int | None]] = {}
    for column, value, *numbers in counted:
        read = [None if number is None else int(str(number)) for number in numbers]
        if value is None:
            facts[str(column)] = read
        else:
            frequent[str(column)].append(Value(str(value), read[0] or 0))
    for column in columns:
        size, nulls, distinct, shortest, longest = facts.get(column, [0, 0, 0, None, None])
        values = sorted(frequent[column], key=lambda one: (-one.rows, one.value))
        lengths = (shortest, longest)
        yield column, Counted(size or 0, nulls or 0, distinct or 0, lengths, values)


def _statement(rows: ir.Table, source: SourceTable, columns: Sequence[str]) -> ir.Table:
    """One row of numbers a column, and one row a value that is frequent or listed."""
    parts = [_values_of(rows, source, column) for column in columns]
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    lengths = every.value.length().cast("int64")
    facts = every.group_by("column").aggregate(
        value=ibis.null("string"),
        rows=every.n.sum(),
        nulls=every.n.sum(where=every.value.isnull()).fill_null(0),
        distinct_values=every.value.count(),
        shortest=lengths.min(),
        longest=lengths.max(),
    )
    return facts.union(_frequent(every))


def _values_of(rows: ir.Table, source: SourceTable, column: str) -> ir.Table:
    """Each value of a column with its number of rows, `n`; it is counted before it becomes text."""
    grouped = rows.group_by(_value=rows[column]).aggregate(n=ibis._.count())
    return grouped.select(
        column=ibis.literal(column),
        value=as_text(grouped._value),
        is_text=ibis.literal(source.columns[column].type == "text"),
        n="n",
    )


def _frequent(every: ir.Table) -> ir.Table:
    """Of the values that are there more than once, the most frequent and those on the list."""
    repeated = every.filter((every.n > 1) & every.value.notnull())
    place = ibis.row_number().over(
        group_by="column", order_by=[repeated.n.desc(), repeated.value.asc()]
    )
    placed = repeated.mutate(place=place)
    listed = placed.is_text & placed.value.re_search(pattern())
    # One more than is shown: it says how large the gap behind the last one is.
    shown = placed.filter((placed.place <= TOP) | listed)
    nothing = ibis.null("int64")
    return shown.select(
        "column",
        "value",
        rows="n",
        nulls=nothing,
        distinct_values=nothing,
        shortest=nothing,
        longest=nothing,
    )
