"""What a process of its own costs: processor and wall seconds, and memory at its peak."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What `ru_maxrss` counts in: bytes on macOS, kilobytes elsewhere.
MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024

WAIT_FOR = Path(__file__).with_name("wait_for.py")

# How much of a failed process's output is told.
TOLD_CHARACTERS = 2000


class BenchFailed(Exception):
    """A measured process failed."""


@dataclass(frozen=True)
class Cost:
    """What a process cost.

    Attributes:
        cpu: seconds, user and system, of all its threads and of the processes it waited for.
        wall: seconds.
        peak: bytes, the most that it had in memory at any time.
    """

    cpu: float
    wall: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cpu + other.cpu, self.wall + other.wall, max(self.peak, other.peak))


def python(
    *arguments: str,
    log: Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Run this Python with arguments and measure it.

    Args:
        log: where its output goes.
        folder: where it runs.
        environment: variables besides those of this process.

    Raises:
        BenchFailed: it did not end with 0; the end of its output is told.
    """
    return measured([sys.executable, *arguments], log, folder, environment)


def measured(
    command: Sequence[str], log: Path, folder: Path | None, environment: Mapping[str, str] | None
) -> Cost:
    """Run a command and measure it; raises BenchFailed."""
    note = log.with_suffix(".cost")
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [sys.executable, str(WAIT_FOR), str(note), *command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        told = log.read_text(encoding="utf-8")[-TOLD_CHARACTERS:]
        raise BenchFailed(f"{' '.join(command)} ended with {done.returncode}:\n{told}")
    spent = json.loads(note.read_text(encoding="utf-8"))
    return Cost(spent["cpu"], spent["wall"], spent["peak"] * MEMORY_UNIT)
