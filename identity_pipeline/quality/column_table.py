"""The report's table of source columns, with small bars."""

from collections.abc import Sequence
from html import escape

from identity_pipeline.quality.markup import percent
from identity_pipeline.quality.numbers import ColumnNumbers

HEAD = (
    ("table", False),
    ("column", False),
    ("type", False),
    ("rows", True),
    ("filled", True),
    ("distinct", True),
    ("distinct of filled", True),
    ("length", False),
    ("likely placeholders", True),
)


def column_table(columns: Sequence[ColumnNumbers]) -> str:
    """One row a column; no value is shown."""
    head = "".join(
        f'<th scope="col"{_kind(is_number)}>{escape(name)}</th>' for name, is_number in HEAD
    )
    rows = []
    for place, one in enumerate(columns):
        is_first = place == 0 or columns[place - 1].table != one.table
        rows.append(_row(one, is_first=is_first))
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _kind(is_number: bool) -> str:
    return ' class="n"' if is_number else ""


def _row(one: ColumnNumbers, *, is_first: bool) -> str:
    filled = one.rows - one.nulls
    lengths = str(one.shortest) if one.shortest == one.longest else f"{one.shortest}-{one.longest}"
    values = (
        escape(one.table) if is_first else "",
        escape(one.column),
        escape(one.type),
        f"{one.rows:,}",
        _barred(filled, one.rows),
        f"{one.distinct:,}",
        _barred(one.distinct, filled),
        lengths if filled else "-",
        _likely(one),
    )
    cells = "".join(
        f"<td{_kind(is_number)}>{value}</td>"
        for value, (_, is_number) in zip(values, HEAD, strict=True)
    )
    kind = ' class="first"' if is_first else ""
    return f"<tr{kind}>{cells}</tr>"


def _barred(part: int, whole: int) -> str:
    share = f"{100 * part / whole:.0f}" if whole else "0"
    shown = percent(part, whole)
    return f'<span>{shown}</span><span class="bar"><i style="width:{share}%"></i></span>'


def _likely(one: ColumnNumbers) -> str:
    if not one.placeholder_rows:
        return "-"
    return f'<span class="bad">{one.placeholder_rows:,} rows</span>'
