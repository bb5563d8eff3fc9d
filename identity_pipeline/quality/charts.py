"""Plots as inline SVG, drawn from numbers; colours are classes that the page's style defines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

# Widths in pixels of the page on a large screen, so that letters have their size.
HALF, WIDE, SMALL = 540, 1130, 330
ROW, BAR, NUMBERS = 30, 18, 70
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 230, 56, 12, 18, 34
LETTER = 7.2
# So many dates fit side by side.
MOST_DATES = 60
# So many dates are named below a plot.
NAMED_DATES = 8


@dataclass(frozen=True)
class Frame:
    """A plot's frame, and what it says to those who cannot see it.

    Attributes:
        title, says: a few words, and a sentence.
        width: in pixels.
        labels: pixels before bars, for their labels.
    """

    title: str
    says: str
    width: int = HALF
    labels: int = 150


@dataclass(frozen=True)
class Bar:
    """A bar: its label, its length, the number as it is shown, the class of its colour."""

    label: str
    value: float
    shown: str
    colour: str = "s1"


@dataclass(frozen=True)
class Series:
    """Values over dates, as many as there are dates; None where there is none."""

    name: str
    values: Sequence[float | None]
    colour: str


def bars(frame: Frame, rows: Sequence[Bar]) -> str:
    """Horizontal bars from one line, each with its label before it and its number behind."""
    most = max((row.value for row in rows), default=0) or 1
    left = frame.labels
    room = frame.width - left - NUMBERS
    drawn = []
    for place, row in enumerate(rows):
        top, length = place * ROW + (ROW - BAR) / 2, room * row.value / most
        middle = top + BAR / 2
        drawn += [
            _text(left - 10, middle, _short(row.label, left), "label end"),
            _rect((left, top, max(length, 1.5 if row.value else 0), BAR), row.colour, _told(row)),
            _text(left + length + 8, middle, row.shown, "number"),
        ]
    return _svg(frame, len(rows) * ROW, [*drawn, _line((left, 0), (left, len(rows) * ROW), "axis")])


def strip(frame: Frame, parts: Sequence[Bar]) -> str:
    """One bar that is cut into parts, with gaps between them."""
    whole = sum(part.value for part in parts) or 1
    drawn, left = [], 0.0
    for part in parts:
        width = frame.width * part.value / whole
        if width:
            drawn.append(_rect((left, 0, max(width - 2, 1), BAR), part.colour, _told(part)))
        left += width
    return _svg(frame, BAR, drawn)


def columns(frame: Frame, parts: Sequence[Bar]) -> str:
    """Columns side by side, each with its number above and its label below."""
    most = max((part.value for part in parts), default=0) or 1
    floor, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP - 12
    step = frame.width / max(len(parts), 1)
    width = min(step * 0.62, 64)
    drawn = [_line((0, floor), (frame.width, floor), "axis")]
    for place, part in enumerate(parts):
        middle, height = (place + 0.5) * step, room * part.value / most
        height = max(height, 1.5 if part.value else 0)
        drawn += [
            _rect((middle - width / 2, floor - height, width, height), part.colour, _told(part)),
            _text(middle, floor - height - 9, part.shown, "number middle"),
            _text(middle, floor + 16, part.label, "label middle"),
        ]
    return _svg(frame, HEIGHT, drawn)


def stacks(frame: Frame, dates: Sequence[str], series: Sequence[Series]) -> str:
    """A column a date, its series upon one another."""
    dates, series = _last(dates, series)
    totals = [sum(one.values[n] or 0 for one in series) for n in range(len(dates))]
    top = _nice(max(totals, default=0))
    step = (frame.width - LEFT - RIGHT) / max(len(dates), 1)
    width = min(step * 0.7, 56)
    drawn = [*_grid(frame, top, "{:,.0f}"), *_dates(dates, step)]
    for n, date in enumerate(dates):
        floor = float(HEIGHT - BOTTOM)
        for one in series:
            value = one.values[n] or 0
            height = (HEIGHT - BOTTOM - TOP) * value / top
            if height:
                box = (LEFT + (n + 0.5) * step - width / 2, floor - height, width, height - 1)
                told = f"{date}: {value:,.0f} {one.name}"
                drawn.append(_rect(box, one.colour, told))
            floor -= height
    return _svg(frame, HEIGHT, drawn)


def lines(frame: Frame, dates: Sequence[str], series: Sequence[Series]) -> str:
    """Shares from 0 to 1 over dates, a line a series."""
    dates, series = _last(dates, series)
    step = (frame.width - LEFT - RIGHT) / max(len(dates), 1)
    drawn = [*_grid(frame, 1.0, "{:.0%}"), *_dates(dates, step)]
    for one in series:
        points = [
            (LEFT + (n + 0.5) * step, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value, n, value)
            for n, value in enumerate(one.values)
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in points)
        drawn.append(f'<polyline class="line {one.colour}" points="{path}"/>')
        for x, y, n, value in points:
            told = escape(f"{dates[n]}: {one.name} {value:.1%}")
            drawn.append(
                f'<circle class="dot {one.colour}" cx="{x:.1f}" cy="{y:.1f}" r="4">'
                f"<title>{told}</title></circle>"
            )
    return _svg(frame, HEIGHT, drawn)


def _last(dates: Sequence[str], series: Sequence[Series]) -> tuple[Sequence[str], Sequence[Series]]:
    cut = slice(-MOST_DATES, None)
    return dates[cut], [Series(one.name, one.values[cut], one.colour) for one in series]


def _nice(most: float) -> float:
    """A round number that is at least as large."""
    if most <= 0:
        return 1.0
    power = next(10**n for n in count() if 10 ** (n + 1) > most)
    return next(float(step * power) for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= most)


def _grid(frame: Frame, top: float, form: str) -> list[str]:
    floor, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    drawn = []
    for part in (0.0, 0.5, 1.0):
        height = floor - room * part
        kind = "axis" if part == 0 else "grid"
        drawn.append(_line((LEFT, height), (frame.width - RIGHT, height), kind))
        drawn.append(_text(LEFT - 8, height, form.format(top * part), "tick end"))
    return drawn


def _dates(dates: Sequence[str], step: float) -> list[str]:
    every = -(-len(dates) // NAMED_DATES)
    return [
        _text(LEFT + (n + 0.5) * step, HEIGHT - BOTTOM + 16, date, "tick middle")
        for n, date in enumerate(dates)
        if (len(dates) - 1 - n) % max(every, 1) == 0
    ]


def _told(bar: Bar) -> str:
    return f"{bar.label}: {bar.shown}"


def _short(label: str, width: int) -> str:
    most = int((width - 10) / LETTER)
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _rect(box: tuple[float, float, float, float], colour: str, told: str) -> str:
    x, y, width, height = box
    return (
        f'<rect class="{colour}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{max(height, 0):.1f}" rx="2"><title>{escape(told)}</title></rect>'
    )


def _line(begin: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" dy="0.35em">{escape(words)}</text>'


def _svg(frame: Frame, height: float, drawn: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {frame.width} {height:.0f}" role="img" '
        f'aria-label="{escape(frame.title)}">'
        f"<title>{escape(frame.title)}</title><desc>{escape(frame.says)}</desc>"
        f"{''.join(drawn)}</svg>"
    )
