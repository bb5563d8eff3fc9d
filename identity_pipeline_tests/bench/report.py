"""The benchmark's report: Markdown for reading and HTML with a chart."""

import html
import json
from dataclasses import asdict
from pathlib import Path

from identity_pipeline_tests.bench.chart import chart
from identity_pipeline_tests.bench.figures import Results, Sized, Target, targets_of
from identity_pipeline_tests.bench.stages import UNIFICATION, Stage

Rows = list[tuple[str, ...]]
STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
)


def tables_of(results: Results) -> list[tuple[str, Rows]]:
    """Every table of the report: its title, and its rows, the first of which is the head."""
    tables = [("Targets", _targets(targets_of(results)))]
    tables += [
        (f"{one.records:,} customer records, {one.events:,} events", _sized(one))
        for one in results.sizes
    ]
    sample = _stages(results.sample_stages)
    whole = ("from command to prompt", f"{results.sample.cpu:.2f}", f"{results.sample.wall:.2f}")
    return [*tables, ("The sample, one day", [("", "CPU s", "wall s"), *sample, whole])]


def _targets(targets: list[Target]) -> Rows:
    head = ("target", "measured", "limit", "met")
    return [head, *(_target(one) for one in targets)]


def _target(one: Target) -> tuple[str, ...]:
    digits = 3 if one.is_floor else 2
    sign = "at least" if one.is_floor else "at most"
    measured = f"{one.measured:.{digits}f}{one.unit}"
    return one.name, measured, f"{sign} {one.limit:.{digits}g}{one.unit}", _word(one.is_met)


def _word(is_met: bool) -> str:
    return "yes" if is_met else "no"


def _sized(one: Sized) -> Rows:
    rows = [_line(one, "floor: read, sort, write", one.floor.cpu, one.floor.wall, one.floor.peak)]
    rows.append(_line(one, "whole refresh", one.full.cpu, one.full.wall, one.full.peak))
    rows += [_line(one, f"- {s.name}", s.cpu, s.wall, s.peak) for s in one.stages]
    rows.append(_line(one, "a day of 1 %", one.day.cpu, one.day.wall, one.day.peak))
    rows += [_line(one, f"- {s.name}", s.cpu, s.wall, s.peak) for s in one.day_stages]
    if one.visits:
        name = "a day of 1 % new events alone"
        rows.append(_line(one, name, one.visits.cpu, one.visits.wall, one.visits.peak))
    if one.splink:
        name = f"Splink, at {one.splink.threshold:g}"
        rows.append(_line(one, name, one.splink.cpu, 0.0, one.splink.peak))
        rows.append(_line(one, f"our {UNIFICATION}", one.cpu_of(UNIFICATION), 0.0, 0))
    for name, cost in (
        ("CSV landing, quarantine included", one.csv),
        ("CSV, DuckDB's typed read", one.typed),
        ("whole refresh, little memory", one.tight),
    ):
        if cost:
            rows.append(_line(one, name, cost.cpu, cost.wall, cost.peak))
    return [("", "CPU s", "wall s", "peak MB", "CPU / floor", "CPU µs a row"), *rows]


def _line(one: Sized, name: str, cpu: float, wall: float, peak: int) -> tuple[str, ...]:
    return (
        name,
        f"{cpu:.2f}",
        f"{wall:.2f}" if wall else "",
        f"{peak / 1e6:,.0f}" if peak else "",
        f"{cpu / one.floor.cpu:.2f}",
        f"{1e6 * cpu / one.rows:.2f}",
    )


def _stages(stages: list[Stage]) -> Rows:
    return [(one.name, f"{one.cpu:.2f}", f"{one.wall:.2f}" if one.wall else "") for one in stages]


def qualities_of(results: Results) -> Rows:
    """Precision, recall and F1 of customer records, ours and Splink's."""
    rows: Rows = [("customer records", "precision", "recall", "F1")]
    for one in results.sizes:
        named = [(f"{one.records:,}, ours", one.quality)]
        if one.splink:
            named.append((f"{one.records:,}, Splink", one.splink.quality))
        rows += [(n, f"{q.precision:.3f}", f"{q.recall:.3f}", f"{q.f1:.3f}") for n, q in named]
    return rows


def as_markdown(results: Results) -> str:
    """The report as Markdown."""
    parts = [f"# Benchmark of {results.date}", _facts(results)]
    for title, rows in [*tables_of(results), ("Quality", qualities_of(results))]:
        head, *others = (" | ".join(row) for row in rows)
        line = "|".join(["---", *["---:"] * (len(rows[0]) - 1)])
        body = "\n".join(f"| {row} |" for row in others)
        parts.append(f"## {title}\n\n| {head} |\n|{line}|\n{body}")
    return "\n\n".join(parts) + "\n"


def as_html(results: Results) -> str:
    """The report as one HTML file with a chart."""
    parts = [f"<h1>Benchmark of {html.escape(results.date)}</h1>", f"<p>{_facts(results)}</p>"]
    parts += ["<h2>CPU microseconds a row</h2>", chart(results.sizes)]
    for title, rows in [*tables_of(results), ("Quality", qualities_of(results))]:
        head, *others = rows
        body = "".join(_row("td", row) for row in others)
        parts.append(f"<h2>{html.escape(title)}</h2><table>{_row('th', head)}{body}</table>")
    start = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Benchmark</title>'
    return f"{start}<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _facts(results: Results) -> str:
    facts = {**results.machine, **results.versions}
    return html.escape(", ".join(f"{name} {value}" for name, value in facts.items()))


def write(results: Results, folder: Path) -> list[Path]:
    """Write the report as HTML, Markdown and JSON; the files."""
    written = {
        "bench_report.html": as_html(results),
        "bench_report.md": as_markdown(results),
        "bench_report.json": json.dumps(asdict(results), indent=1) + "\n",
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in written]
