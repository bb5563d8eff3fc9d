"""What the benchmark measured, and what it aims at."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity_pipeline_tests.bench.cost import Cost
from identity_pipeline_tests.bench.quality import Quality
from identity_pipeline_tests.bench.stages import LANDING, UNIFICATION, Stage

GIGABYTE = 1e9
TIGHT_MEMORY = "1GB"


@dataclass(frozen=True)
class Splink:
    """Splink on the same customer records, clustered at the threshold with the best F1."""

    cpu: float
    peak: int
    threshold: float
    quality: Quality


@dataclass(frozen=True)
class Sized:
    """What was measured on a world of one size.

    Attributes:
        records, events: rows of the customer tables and of web events of the full refresh.
        floor: DuckDB reads, sorts and writes the same files.
        full: the whole job on an empty home, and its stages.
        day: the whole job on a later date with 1 % new events and changed customer records, and
            its stages.
        visits: the same with the events alone; None if not asked for.
        splink: None where Splink is not installed.
        csv, typed: landing of the same world as CSV, and DuckDB's own typed read; None if not
            asked for.
        tight: the whole job with TIGHT_MEMORY for the engine; None if not asked for.
    """

    records: int
    events: int
    floor: Cost
    full: Cost
    stages: Sequence[Stage]
    day: Cost
    day_stages: Sequence[Stage]
    quality: Quality
    splink: Splink | None = None
    csv: Cost | None = None
    typed: Cost | None = None
    tight: Cost | None = None
    visits: Cost | None = None

    @property
    def rows(self) -> int:
        """All rows that landed."""
        return self.records + self.events

    def cpu_of(self, stage: str) -> float:
        """Processor seconds of a stage of the full refresh; 0 if it took no part."""
        return sum(one.cpu for one in self.stages if one.name == stage)


@dataclass(frozen=True)
class Results:
    """All that one run of the benchmark measured.

    Attributes:
        date: when, as text.
        machine, versions: facts by name.
        sizes: ascending.
        sample: the sample's first date from command to prompt, and where its seconds went.
    """

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    sizes: Sequence[Sized]
    sample: Cost
    sample_stages: Sequence[Stage] = field(default_factory=tuple)


@dataclass(frozen=True)
class Target:
    """A target and what was measured: `measured <= limit`, or `>= limit` where more is better."""

    name: str
    measured: float
    limit: float
    unit: str = ""
    is_floor: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.measured >= self.limit if self.is_floor else self.measured <= self.limit


def targets_of(results: Results) -> list[Target]:
    """Every target that this run says something of; the largest world decides."""
    largest = results.sizes[-1]
    targets = [
        Target("whole refresh: CPU / floor's CPU", largest.full.cpu / largest.floor.cpu, 3, "x"),
        Target("peak memory", largest.full.peak / GIGABYTE, 4, " GB"),
        Target("a day of 1 %: CPU / full", 100 * largest.day.cpu / largest.full.cpu, 15, " %"),
    ]
    if largest.visits:
        share = 100 * largest.visits.cpu / largest.full.cpu
        targets.append(Target("a day of 1 % new events alone: CPU / full", share, 15, " %"))
    if splink := largest.splink:
        ratio = largest.cpu_of(UNIFICATION) / splink.cpu
        targets += [
            Target("unification: CPU / Splink's CPU", ratio, 1, "x"),
            Target("F1 above Splink's", largest.quality.f1, splink.quality.f1, is_floor=True),
        ]
    if largest.csv and largest.typed:
        ratio = largest.csv.cpu / largest.typed.cpu
        targets.append(Target("CSV landing: CPU / DuckDB's typed read", ratio, 2, "x"))
    if len(results.sizes) > 1:
        before = results.sizes[-2]
        growth = (largest.full.cpu / largest.rows) / (before.full.cpu / before.rows)
        name = f"CPU a row, {before.records:,} to {largest.records:,} records"
        targets.append(Target(name, growth, 1.5, "x"))
    if largest.tight:
        # A run that fails ends the benchmark, so that this one succeeded is known.
        peak = largest.tight.peak / GIGABYTE
        targets.append(Target(f"with {TIGHT_MEMORY}: it succeeds; peak", peak, 4, " GB"))
    return [*targets, Target("the sample, one day, wall", results.sample.wall, 6, " s")]


def landing_cost(stages: Sequence[Stage]) -> Cost:
    """What landing alone cost of a run."""
    found = [one for one in stages if one.name == LANDING]
    return Cost(
        sum(one.cpu for one in found),
        sum(one.wall for one in found),
        max((one.peak for one in found), default=0),
    )
