"""Worlds to measure: everything known so far on one date, and a day of 1 % after it."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from identity_pipeline_tests.bench.cost import python

EVENTS_PER_PERSON = 25
FIRST, FULL, LAST = (datetime.date(2024, 6, day) for day in (3, 4, 5))
CUSTOMER_TABLES = ("ecommerce/contacts", "loyalty/members", "pos/customers", "support/contacts")
WEB_EVENTS = "web/events"


@dataclass(frozen=True)
class BenchWorld:
    """An environment that was generated to be measured."""

    folder: Path

    @property
    def truth(self) -> Path:
        """Who is who, of customer records and visitors."""
        (file,) = self.folder.glob("truth.*")
        return file

    def size(self, date: datetime.date, table: str) -> int:
        """Bytes of a table's files of a date."""
        return sum(file.stat().st_size for file in self._of(date, table).glob("*"))

    def _of(self, date: datetime.date, table: str) -> Path:
        return self.folder / "landing" / table / date.isoformat()

    def gather(self) -> None:
        """Put the first date's files beside the second's: one refresh, all of it to do.

        They are read before those of the second date, whose names are later.
        """
        for table in CUSTOMER_TABLES:
            first = self._of(FIRST, table)
            for file in sorted(first.iterdir()):
                file.rename(self._of(FULL, table) / f"0_{file.name}")
            first.rmdir()


def make_world(folder: Path, people: int, kind: str, log: Path) -> BenchWorld:
    """Generate a world whose last date has 1 % of the events.

    Args:
        folder: a new one.
        people: about 2.49 customer records each, EVENTS_PER_PERSON events.
        kind: `parquet` or `csv`.
        log: where the generator's output goes.
    """
    options = {
        "--people": str(people),
        "--events-per-person": str(EVENTS_PER_PERSON),
        "--days": "3",
        "--last-day": "1%",
        "--format": kind,
        "--out": str(folder),
    }
    words = (word for option in options.items() for word in option)
    python("-m", "identity_pipeline", "generate", *words, log=log)
    world = BenchWorld(folder)
    world.gather()
    (folder / "floor").mkdir()
    return world


def run_sql(world: BenchWorld, file: str, log: Path):
    """Measure a file of SQL of this package in a world's folder."""
    here = Path(__file__).parent
    return python(str(here / "run_sql.py"), str(here / file), log=log, folder=world.folder)
