"""Measures one world: floor, whole job, a day after it, Splink, CSV, little memory."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from identity_pipeline.defs.profile import PROFILE_VARIABLE
from identity_pipeline.defs.resources import MEMORY_VARIABLE
from identity_pipeline_tests.bench.cost import Cost, python
from identity_pipeline_tests.bench.figures import TIGHT_MEMORY, Sized, Splink, landing_cost
from identity_pipeline_tests.bench.quality import clustered_quality, published_quality
from identity_pipeline_tests.bench.stages import Stage, read_runs, stages_of
from identity_pipeline_tests.bench.world import FULL, LAST, BenchWorld, make_world, run_sql

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """Where the benchmark works, and whom it tells what it does."""

    folder: Path
    say: Say

    def log(self, name: str) -> Path:
        """A file for the output of a measured process."""
        folder = self.folder / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def new(self, name: str) -> Path:
        """The path of a folder that is not there."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def run(
        self, world: Path, home: Path, *dates: str, memory: str = ""
    ) -> tuple[Cost, list[Stage]]:
        """Measure `identity-pipeline run`, and the stages of its only run."""
        name = f"{world.name} {' '.join(dates)} {memory}".strip()
        profile = self.log(name).with_suffix(".jsonl")
        profile.unlink(missing_ok=True)
        words = ("--environment", str(world), "--home", str(home), *dates)
        cost = python(
            *("-m", "identity_pipeline", "run", *words),
            log=self.log(name),
            environment={PROFILE_VARIABLE: str(profile), MEMORY_VARIABLE: memory},
        )
        (run,) = read_runs(profile)
        return cost, stages_of(run)


def measure_world(bench: Bench, people: int) -> Sized:
    """Measure a world of so many people, Parquet landings."""
    name = f"people_{people}"
    bench.say(f"{people:,} people: generating")
    world = make_world(bench.new(name), people, "parquet", bench.log(f"{name} generate"))
    bench.say(f"{people:,} people: the floor")
    floor = run_sql(world, "floor.sql", bench.log(f"{name} floor"))
    home = bench.new(f"{name}_home")
    bench.say(f"{people:,} people: the whole job")
    full, stages = bench.run(world.folder, home, "--date", FULL.isoformat())
    published = home / "published" / f"{name}.duckdb"
    quality = published_quality(published, world.truth)
    records, events = _sizes(world)
    other = bench.new(f"{name}_visits_home")
    # With its times, by which a published file is known as it was left.
    shutil.copytree(home, other, copy_function=shutil.copy2)
    bench.say(f"{people:,} people: a day of 1 %")
    day, day_stages = bench.run(world.folder, home, "--date", LAST.isoformat())
    shutil.rmtree(home)
    bench.say(f"{people:,} people: a day of 1 % new events alone")
    _take_back(world.folder, LAST.isoformat(), but="web")
    visits, _ = bench.run(world.folder, other, "--date", LAST.isoformat())
    shutil.rmtree(other)
    sized = Sized(records, events, floor, full, stages, day, day_stages, quality)
    return replace(sized, visits=visits, splink=_splink(bench, world))


def _take_back(world: Path, date: str, but: str | None = None) -> None:
    """Remove what landed of a date, but for one source."""
    for folder in world.glob(f"landing/*/*/{date}"):
        if folder.parent.parent.name != but:
            shutil.rmtree(folder)


def measure_csv(bench: Bench, sized: Sized, people: int) -> Sized:
    """Measure the landing of a world as CSV beside DuckDB's own typed read."""
    name = f"people_{people}_csv"
    bench.say(f"{people:,} people: CSV")
    world = make_world(bench.new(name), people, "csv", bench.log(f"{name} generate"))
    # The last date's files are not landed, so they are not read either.
    _take_back(world.folder, LAST.isoformat())
    typed = run_sql(world, "typed_csv.sql", bench.log(f"{name} typed"))
    home, profile = bench.new(f"{name}_home"), bench.log(name).with_suffix(".jsonl")
    profile.unlink(missing_ok=True)
    python(
        *("-m", "identity_pipeline_tests.bench.land"),
        *(str(world.folder), str(home), FULL.isoformat()),
        log=bench.log(f"{name} land"),
        environment={PROFILE_VARIABLE: str(profile)},
    )
    (run,) = read_runs(profile)
    shutil.rmtree(home)
    return replace(sized, csv=landing_cost(stages_of(run)), typed=typed)


def measure_tight(bench: Bench, sized: Sized, people: int) -> Sized:
    """Measure the whole job with little memory for the engine."""
    world, home = bench.folder / f"people_{people}", bench.new(f"people_{people}_tight")
    bench.say(f"{people:,} people: the whole job with {TIGHT_MEMORY}")
    tight, _ = bench.run(world, home, "--date", FULL.isoformat(), memory=TIGHT_MEMORY)
    shutil.rmtree(home)
    return replace(sized, tight=tight)


def _splink(bench: Bench, world: BenchWorld) -> Splink | None:
    """Splink on the same customer records; None where it is not installed."""
    if importlib.util.find_spec("splink") is None:
        return None
    bench.say(f"{world.folder.name}: Splink")
    script = Path(__file__).with_name("splink_records.py")
    log = bench.log(f"{world.folder.name} splink")
    cost = python(str(script), log=log, folder=world.folder)
    out = world.folder / "splink"
    costs = json.loads((out / "costs.json").read_text(encoding="utf-8"))
    qualities = {
        float(threshold): clustered_quality(out / f"{threshold}.parquet", world.truth)
        for threshold in costs["clustering"]
    }
    best = max(qualities, key=lambda threshold: (qualities[threshold].f1, threshold))
    cpu = costs["scored"] + costs["clustering"][str(best)]
    return Splink(cpu, cost.peak, best, qualities[best])


def _sizes(world: BenchWorld) -> tuple[int, int]:
    """Rows of the customer tables and of web events, but for the last date's."""
    import duckdb

    landing = world.folder / "landing"
    files = [file for file in landing.glob("*/*/*/*") if file.parent.name != LAST.isoformat()]
    web = [str(file) for file in files if landing / "web" in file.parents]
    others = [str(file) for file in files if str(file) not in web]
    with duckdb.connect() as connection:
        counted = [
            connection.execute(
                "select sum(num_rows) from parquet_file_metadata($files)", {"files": paths}
            ).fetchone()
            for paths in (others, web)
        ]
    records, events = (int(row[0]) for row in counted)
    return records, events
