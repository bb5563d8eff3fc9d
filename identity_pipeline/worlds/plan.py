"""The world that is asked for: its size, its noise and its traps."""

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.worlds.errors import WorldError

# Keys have eight digits, and the fictional phone numbers end.
MOST_PEOPLE = 10_000_000
MOST_DAYS = 366
FIRST_DAY = datetime.date(2024, 6, 3)


class Noise(StrEnum):
    """How much goes wrong when people and clerks type; the factor is in `rates.py`."""

    LOW = "low"
    DEFAULT = "default"
    HIGH = "high"


class FileKind(StrEnum):
    """The format of the files that land."""

    CSV = "csv"
    PARQUET = "parquet"


_SHARE = re.compile(r"^([0-9]+(?:\.[0-9]+)?)%$")
_KIOSKS = re.compile(r"^([1-9][0-9]*)x([1-9][0-9]*)$")


@dataclass(frozen=True)
class Traps:
    """What makes many people look like one; none unless asked for.

    Attributes:
        guest_address: the share of records with an Email column that hold the guest address.
        tablet: the share of customer records whose people sign in on one tablet.
        placeholder_phones: the share of records with a Phone column that hold one of three phones.
        kiosks: how many visitor ids are kiosks.
        kiosk_people: how many people sign in on each kiosk.
    """

    guest_address: float = 0.0
    tablet: float = 0.0
    placeholder_phones: float = 0.0
    kiosks: int = 0
    kiosk_people: int = 0

    @classmethod
    def read(cls, words: Sequence[str]) -> "Traps":
        """Read traps as the command line writes them: `tablet=1%`, `kiosks=5x40`.

        Raises:
            WorldError: an unknown trap, one named twice, or an amount that cannot be read.
        """
        found: dict[str, float] = {}
        for word in words:
            name, _, amount = word.partition("=")
            known = [field.name for field in fields(cls) if field.name != "kiosk_people"]
            if name not in known:
                raise WorldError(f"--trap {word}: '{name}' is no trap. {did_you_mean(name, known)}")
            if name in found:
                raise WorldError(f"--trap {word}: '{name}' is named twice; name it once")
            if name == "kiosks":
                kiosks, people = _kiosks(word, amount)
                found |= {"kiosks": kiosks, "kiosk_people": people}
            else:
                found[name] = _share(word, amount)
        kiosks, people = int(found.pop("kiosks", 0)), int(found.pop("kiosk_people", 0))
        return cls(**found, kiosks=kiosks, kiosk_people=people)


def _share(word: str, amount: str) -> float:
    share = read_share(amount)
    if share is None:
        raise WorldError(f"--trap {word}: write a share of the records, as 2% (0% to 100%)")
    return share


def read_share(text: str) -> float | None:
    """`2.5%` as 0.025; none where the text is no share from 0% to 100%."""
    percent = _SHARE.match(text)
    share = float(percent.group(1)) / 100 if percent else 2.0
    return share if share <= 1 else None


def _kiosks(word: str, amount: str) -> tuple[int, int]:
    pair = _KIOSKS.match(amount)
    if not pair:
        raise WorldError(f"--trap {word}: write how many kiosks of how many people, as 5x40")
    return int(pair.group(1)), int(pair.group(2))


@dataclass(frozen=True)
class World:
    """What is to be made; equal worlds are made of equal bytes.

    Attributes:
        people: how many there are; about 2.5 customer records each.
        seed: another seed, other people.
        events_per_person: the mean over all people, those who never browse included.
        days: how many ingestion dates.
        last_day: the share of the events on the last date; none: all dates have alike.

    Raises:
        WorldError: a number outside its range.
    """

    people: int
    seed: int = 1
    events_per_person: float = 10.0
    days: int = 4
    kind: FileKind = FileKind.CSV
    noise: Noise = Noise.DEFAULT
    traps: Traps = Traps()
    last_day: float | None = None

    def __post_init__(self) -> None:
        ranges: tuple[tuple[str, float, float, float], ...] = (
            ("people", self.people, 1, MOST_PEOPLE),
            ("seed", self.seed, 0, 2**32 - 1),
            ("events-per-person", self.events_per_person, 0, 1000),
            ("days", self.days, 1, MOST_DAYS),
        )
        for name, value, least, most in ranges:
            if not least <= value <= most:
                raise WorldError(f"--{name} {value}: must be from {least} to {most}")
        if self.last_day is not None and self.days < 3:
            raise WorldError("--last-day needs --days 3 or more: the first date has no events")
        if self.traps.kiosk_people > self.people:
            raise WorldError(
                f"--trap kiosks={self.traps.kiosks}x{self.traps.kiosk_people}: "
                f"there are {self.people} people only"
            )

    @property
    def first_day(self) -> datetime.date:
        """The first ingestion date; fixed, so that equal arguments make equal bytes."""
        return FIRST_DAY

    def date(self, day: int) -> datetime.date:
        """An ingestion date by its place, from 0."""
        return self.first_day + datetime.timedelta(days=day)


# Told what is being made, for whoever waits.
Tell = Callable[[str], None]
