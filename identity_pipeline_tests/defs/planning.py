"""Plans in tests: what they say, what the run does, and what they leave alone."""

import hashlib
from pathlib import Path

import duckdb
from rich.console import Console

from identity_pipeline.defs.console import Dates
from identity_pipeline.defs.plan import Question, compare_sides, rehearse

QUIET, ALL = Console(quiet=True), Dates()


def tree(*folders):
    """Every file below folders with its bytes' hash."""
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def published(file: Path):
    """Every published table with its rows, sorted."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables()").fetchall()
        return {
            name: sorted(map(repr, connection.execute(f'from "{name}"').fetchall()))
            for (name,) in names
        }


def rehearsed(environment, home, dates=ALL, base=None):
    """The effect that a plan tells, all of it, and the tables that it would publish."""
    with rehearse(Question(environment, home, dates, base), QUIET) as rehearsal:
        assert rehearsal.succeeded
        return compare_sides(rehearsal, None), published(rehearsal.after)
