"""Worlds on disk, each made once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from identity_pipeline.worlds.generate import generate
from identity_pipeline.worlds.plan import FileKind, Traps, World

# Large enough that a rate of 2 % shows within a fifth of itself.
PEOPLE = 20_000
TRAPS = Traps.read(["guest_address=4%", "tablet=3%", "placeholder_phones=5%", "kiosks=3x40"])


@dataclass(frozen=True)
class Made:
    """A world and where it was written."""

    world: World
    out: Path

    def rows(self, source, table, day=None):
        """A table's rows, of all dates or of one, as texts and numbers."""
        date = self.world.date(day).isoformat() if day is not None else "*"
        found = sorted((self.out / "landing" / source / table).glob(f"{date}/*"))
        return pd.concat([self._read(path) for path in found], ignore_index=True)

    def _read(self, path):
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)

    def read(self, name):
        """A file beside the configuration."""
        return self._read(next(self.out.glob(f"{name}.*[!l]")))

    def digests(self):
        """Every file's name and hash."""
        return {
            path.relative_to(self.out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.out.rglob("*"))
            if path.is_file()
        }


def made(out, **wanted):
    world = World(**wanted)
    generate(world, out, lambda part: None)
    return Made(world, out)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """20,000 people without traps."""
    out = tmp_path_factory.mktemp("worlds") / "large"
    return made(out, people=PEOPLE, kind=FileKind.PARQUET)


@pytest.fixture(scope="session")
def trapped(tmp_path_factory):
    """The same people, with every trap."""
    out = tmp_path_factory.mktemp("worlds") / "trapped"
    return made(out, people=PEOPLE, kind=FileKind.PARQUET, traps=TRAPS)
