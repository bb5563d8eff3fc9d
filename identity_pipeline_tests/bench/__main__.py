"""The benchmark: `python -m identity_pipeline_tests.bench`; `make bench` and `make bench-quick`."""

import argparse
import datetime
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from identity_pipeline_tests.bench import report
from identity_pipeline_tests.bench.figures import Results, Sized
from identity_pipeline_tests.bench.machine import machine, versions
from identity_pipeline_tests.bench.measure import Bench, measure_csv, measure_tight, measure_world

# About 10,000, 100,000 and 1,000,000 customer records.
PEOPLE = (4_000, 40_000, 400_000)
QUICK = (4_000,)
SAMPLE = Path(__file__).parents[2] / "data" / "contoso"
SAMPLE_DATE = "2022-07-23"


def main() -> None:
    """Measure, print, write the report."""
    asked = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    # The default is the working tree's, whatever the folder the command was given in.
    out = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    bench = Bench(out / "work", console.print)
    people = asked.people or (QUICK if asked.quick else PEOPLE)
    results = measure(bench, sorted(people), is_quick=asked.quick)
    for title, rows in [*report.tables_of(results), ("Quality", report.qualities_of(results))]:
        _print(console, title, rows)
    files = report.write(results, out)
    if not asked.keep:
        shutil.rmtree(bench.folder)
    console.print(f"\nReport: {', '.join(str(file) for file in files)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest world and the sample")
    parser.add_argument("--people", type=int, nargs="+", help="of each world; 2.49 records each")
    parser.add_argument("--out", type=Path, default=Path("data/bench"), help="for the report")
    parser.add_argument("--keep", action="store_true", help="keep worlds and logs")
    return parser.parse_args()


def measure(bench: Bench, people: Sequence[int], *, is_quick: bool) -> Results:
    """Measure worlds of so many people, ascending; of the largest also CSV and little memory."""
    sizes = [measure_world(bench, number) for number in people]
    if not is_quick:
        further: tuple[Callable[[Bench, Sized, int], Sized], ...] = (measure_csv, measure_tight)
        for more in further:
            sizes[-1] = more(bench, sizes[-1], people[-1])
    bench.say("the sample, one day")
    sample, stages = bench.run(SAMPLE, bench.new("sample_home"), "--date", SAMPLE_DATE)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Results(now, machine(), versions(), sizes, sample, stages)


def _print(console: Console, title: str, rows: report.Rows) -> None:
    head, *others = rows
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left")
    for row in others:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
