"""Pieces of the report's page: sections, tables, legends; every text is escaped here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from identity_pipeline.quality.charts import Bar

Cell = str | int


@dataclass(frozen=True)
class Tile:
    """A number that is read first: what it counts, and a word more."""

    value: str
    label: str
    note: str = ""

    def __str__(self) -> str:
        note = f"<small>{escape(self.note)}</small>" if self.note else ""
        return (
            f'<li class="tile"><b>{escape(self.value)}</b>'
            f"<span>{escape(self.label)}</span>{note}</li>"
        )


def section(title: str, says: str, *parts: str) -> str:
    """A part of the page with its heading and one sentence."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(says)}</p>{''.join(parts)}</section>"


def beside(left: Iterable[str], right: Iterable[str]) -> str:
    """Sections in two columns; one column where a side has none."""
    sides = ["".join(sections) for sections in (left, right)]
    shown = "".join(f'<div class="column">{side}</div>' for side in sides if side)
    return f'<div class="beside">{shown}</div>' if shown else ""


def number(value: float) -> str:
    """A count with its thousands apart."""
    return f"{value:,.0f}"


def percent(part: float, whole: float = 1.0) -> str:
    """A share with one digit behind the point."""
    return f"{part / whole:.1%}" if whole else "-"


def cells(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table; whole numbers stand on the right."""
    listed = [list(row) for row in rows]
    is_number = [
        bool(listed) and all(isinstance(row[place], int) for row in listed)
        for place in range(len(head))
    ]
    kinds = [' class="n"' if one else "" for one in is_number]
    top = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(head, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{escape(f'{cell:,}' if isinstance(cell, int) else cell)}</td>"
            for cell, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in listed
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def as_numbers(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The numbers of a plot, to be opened below it."""
    return f"<details><summary>Numbers</summary>{cells(head, rows)}</details>"


def legend(parts: Iterable[Bar]) -> str:
    """What the colours mean, with numbers."""
    items = "".join(
        f'<li><span class="swatch {part.colour}"></span>{escape(part.label)} '
        f"<b>{escape(part.shown)}</b></li>"
        for part in parts
    )
    return f'<ul class="legend">{items}</ul>'


def heading(words: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(words)}</h3>"
