"""A chart of what a row costs, by size and stage, as inline SVG."""

import html
from collections.abc import Sequence

from identity_pipeline_tests.bench.figures import Sized
from identity_pipeline_tests.bench.stages import ORDER

WIDTH, BAR, GAP, LEFT, LEGEND = 900, 22, 10, 210, 22
COLORS = (
    *("#9aa5b1", "#4c78a8", "#72b7b2", "#f58518", "#eeca3b"),
    *("#54a24b", "#b279a2", "#e45756", "#d0d5da"),
)
PLAIN = "#5f6b7a"

Part = tuple[str, float]


def chart(sizes: Sequence[Sized]) -> str:
    """Bars of CPU microseconds a row, one below the other; stages side by side in a bar."""
    bars = [bar for one in sizes for bar in _bars(one)]
    longest = max(sum(value for _, value in parts) for _, parts in bars)
    scale = (WIDTH - LEFT - 70) / longest
    drawn = [_bar(place, name, parts, scale) for place, (name, parts) in enumerate(bars)]
    top = len(bars) * (BAR + GAP) + GAP
    height = top + LEGEND * ((len(ORDER) + 2) // 3)
    legend = [_legend(number, name, top) for number, name in enumerate(ORDER)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" font-family="sans-serif" '
        f'font-size="12" role="img">{"".join(drawn)}{"".join(legend)}</svg>'
    )


def _bars(one: Sized) -> list[tuple[str, list[Part]]]:
    def a_row(cpu: float) -> float:
        return 1e6 * cpu / one.rows

    size = f"{one.records:,} records"
    full = [(stage.name, a_row(stage.cpu)) for stage in one.stages]
    day = [(stage.name, a_row(stage.cpu)) for stage in one.day_stages]
    bars = [(f"{size}: floor", [("", a_row(one.floor.cpu))]), (f"{size}: refresh", full)]
    bars.append((f"{size}: a day of 1 %", day))
    if one.splink:
        bars.append((f"{size}: Splink", [("", a_row(one.splink.cpu))]))
    return bars


def _bar(place: int, name: str, parts: list[Part], scale: float) -> str:
    top, left = GAP + place * (BAR + GAP), float(LEFT)
    middle = top + BAR * 0.7
    drawn = [f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{html.escape(name)}</text>']
    for stage, value in parts:
        color = COLORS[ORDER.index(stage)] if stage in ORDER else PLAIN
        told = html.escape(f"{stage or name}: {value:.2f}")
        drawn.append(
            f'<rect x="{left:.1f}" y="{top}" width="{max(value * scale, 0):.1f}" height="{BAR}" '
            f'fill="{color}"><title>{told}</title></rect>'
        )
        left += value * scale
    whole = sum(value for _, value in parts)
    return "".join([*drawn, f'<text x="{left + 6:.1f}" y="{middle}">{whole:.2f}</text>'])


def _legend(number: int, name: str, top: float) -> str:
    left, line = 10 + (number % 3) * 290, top + (number // 3) * LEGEND
    square = f'<rect x="{left}" y="{line}" width="12" height="12" fill="{COLORS[number]}"/>'
    return f'{square}<text x="{left + 18}" y="{line + 11}">{html.escape(name)}</text>'
