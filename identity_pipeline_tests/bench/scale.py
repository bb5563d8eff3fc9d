"""Scale that hurts: `python -m identity_pipeline_tests.bench.scale`; `make bench-scale`.

Every case of `hard_worlds` is run at its size and at a tenth of it, each `identity-pipeline run` a
process of its own, and what it cost is printed as a table.
"""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from identity_pipeline_tests.bench.cost import BenchFailed, Cost
from identity_pipeline_tests.bench.hard_worlds import DATE, WORLDS, write_world
from identity_pipeline_tests.bench.machine import machine
from identity_pipeline_tests.bench.measure import Bench
from identity_pipeline_tests.bench.stages import BETWEEN

# What the engine may use, so that a case that needs more is seen to.
MEMORY = "4GB"
HEAD = ("case", "size", "CPU s", "wall s", "peak MB", "CPU x", "most of it")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Measured:
    """What a case of one size cost; `slowest` is its most costly stage."""

    name: str
    size: int
    cost: Cost
    slowest: str


def main() -> None:
    """Measure the cases that are asked for and print the table."""
    asked = _arguments()
    console = Console(highlight=False, soft_wrap=True, stderr=True)
    bench = Bench(asked.out.resolve() / "scale_work", console.print)
    rows, failed = [], False
    for name in asked.cases or WORLDS:
        try:
            rows += rows_of(list(measure(bench, name, asked.quick)))
        except BenchFailed as failure:
            failed = True
            console.print(str(failure))
    shutil.rmtree(bench.folder, ignore_errors=True)
    facts = ", ".join(f"{key} {value}" for key, value in machine().items())
    print(f"{facts}; the engine may use {MEMORY}\n")
    print(as_markdown(rows))
    raise SystemExit(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the sizes")
    parser.add_argument("--cases", nargs="+", choices=WORLDS, help="only these")
    parser.add_argument("--out", type=Path, default=Path("data/bench"), help="where to work")
    return parser.parse_args()


def sizes_of(name: str, quick: bool) -> tuple[int, int]:
    """A tenth of a case's size, and its size; of both a hundredth where it must be quick."""
    size = WORLDS[name].size // (100 if quick else 1)
    return size // 10, size


def measure(bench: Bench, name: str, quick: bool) -> Iterator[Measured]:
    """Run a case at both sizes; raises BenchFailed."""
    for size in sizes_of(name, quick):
        bench.say(f"{name}: {size:,}")
        folder = write_world(WORLDS[name], bench.new(f"{name}_{size}"), size)
        home = bench.new(f"{name}_{size}_home")
        cost, stages = bench.run(folder, home, "--date", DATE, memory=MEMORY)
        most = max((one for one in stages if one.name != BETWEEN), key=lambda one: one.cpu)
        yield Measured(name, size, cost, most.name)
        shutil.rmtree(home)
        shutil.rmtree(folder)


def rows_of(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """Rows of the table; `CPU x` is the cost beside that of the size before."""
    before: list[Measured | None] = [None, *measured]
    return [
        (
            one.name,
            f"{one.size:,}",
            f"{one.cost.cpu:.1f}",
            f"{one.cost.wall:.1f}",
            f"{one.cost.peak / MEGABYTE:,.0f}",
            f"{one.cost.cpu / smaller.cost.cpu:.1f}" if smaller else "",
            one.slowest,
        )
        for smaller, one in zip(before, measured, strict=False)
    ]


def as_markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """The table, numbers to the right."""
    ruled = tuple("---:" if 0 < place < len(HEAD) - 1 else "---" for place in range(len(HEAD)))
    return "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, ruled, *rows))


if __name__ == "__main__":
    main()
