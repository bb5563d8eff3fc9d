"""Ingestion dates whose deliveries are as they were when they last ran."""

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import filelock

from identity_pipeline.defs.freshness import read_versions, set_versions
from identity_pipeline.defs.report import code_version
from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.sources.files import landed_files, sha256
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment, override_sources
from identity_pipeline.terms.sources import SourceTable

# Before a date, among the warehouse's versions: what was delivered when all of the date succeeded.
RAN = "ran:"

# source -> its files of a date, each with its hash.
Delivered = Mapping[str, frozenset[tuple[str, str]]]


def unchanged_dates(
    environment: Environment, warehouse: Path, dates: Sequence[datetime.date]
) -> set[datetime.date]:
    """Dates that a run would find as their last successful one left them.

    A date counts as changed if a file, or the declaration that reads it, is another one than the
    warehouse has; if a delivery of it was held or broken; if its last run failed or only ingested
    it; and if an earlier delivery of a full source changed, by whose size the next is judged.

    Args:
        environment: where files land.
        warehouse: the working database; where it is missing or in use, nothing is unchanged.
        dates: ingestion dates, ascending.
    """
    if not dates or not warehouse.exists():
        return set()
    try:
        with (
            filelock.FileLock(f"{warehouse}.lock", timeout=0),
            open_engine(warehouse, Limits(read_only=True)) as opened,
        ):
            versions = read_versions(opened.engine)
            applied = _applied(opened.engine)
    except filelock.Timeout:
        return set()
    sources = environment.sources | override_sources(environment)
    found: set[datetime.date] = set()
    judged_anew: set[str] = set()
    for date in dates:
        landed = _landed(environment.folder, sources.values(), date)
        known = applied.get(date, {})
        changed = {
            name
            for name in (landed.keys() | known.keys()) & sources.keys()
            if landed.get(name) != known.get(name)
            or versions.get(f"{names.source(name)}:{date}") != code_version(sources[name])
        }
        if versions.get(f"{RAN}{date}") != _digest(landed, sources):
            # What a run that was cut off ingested is not judged by: it counts as changed.
            changed |= landed.keys()
        if not changed and not judged_anew & landed.keys():
            found.add(date)
        judged_anew |= {one for one in changed if _is_full(sources[one])}
    return found


def remembered_dates(environment: Environment, warehouse: Path) -> set[datetime.date]:
    """Dates of which the warehouse has deliveries: their files may all be gone by now."""
    if not warehouse.exists():
        return set()
    try:
        with (
            filelock.FileLock(f"{warehouse}.lock", timeout=0),
            open_engine(warehouse, Limits(read_only=True)) as opened,
        ):
            applied = _applied(opened.engine)
    except filelock.Timeout:
        return set()
    sources = environment.sources | override_sources(environment)
    return {date for date, tables in applied.items() if tables.keys() & sources.keys()}


def note_runs(
    environment: Environment, warehouse: Path, outcomes: Mapping[datetime.date, bool]
) -> None:
    """Remember what was delivered on dates that ran to their end, and forget the others'.

    Args:
        environment: where files land.
        warehouse: the working database.
        outcomes: each date that ran, and whether all of it succeeded.
    """
    if not warehouse.exists():
        return
    sources = environment.sources | override_sources(environment)
    marks = {
        f"{RAN}{date}": _digest(_landed(environment.folder, sources.values(), date), sources)
        if well
        else ""
        for date, well in outcomes.items()
    }
    with (
        filelock.FileLock(f"{warehouse}.lock"),
        open_engine(warehouse) as opened,
        opened.transaction() as engine,
    ):
        set_versions(engine, marks)


def _is_full(source: SourceTable) -> bool:
    return source.refresh == "full" and source.limits.shrink_to > 0


def _landed(folder: Path, sources: Iterable[SourceTable], date: datetime.date) -> Delivered:
    found = {}
    for source in sources:
        patterns = [source.landing, *([source.deletes] if source.deletes else [])]
        files = {file for pattern in patterns for file in landed_files(folder, pattern, date)}
        if files:
            found[source.name] = frozenset((file.name, sha256(file)) for file in files)
    return found


def _applied(engine: Engine) -> dict[datetime.date, Delivered]:
    """What the ledger has; of a delivery that was not applied, nothing that a file could equal."""
    if not engine.exists(names.DELIVERIES):
        return {}
    ledger = engine.table(names.DELIVERIES)
    rows = engine.rows(ledger.select("ingestion_date", "table_name", "file", "sha256", "status"))
    found: dict[datetime.date, dict[str, set[tuple[str, str]]]] = {}
    for date, table, file, digest, status in rows:
        assert isinstance(date, datetime.date), "the ledger's column is a date"
        known = str(digest) if status == "applied" else ""
        found.setdefault(date, {}).setdefault(str(table), set()).add((str(file), known))
    return {
        date: {table: frozenset(files) for table, files in tables.items()}
        for date, tables in found.items()
    }


def _digest(landed: Delivered, sources: Mapping[str, SourceTable]) -> str:
    """Files of a date and the declarations that read them, as a hash."""
    lines = [
        repr((name, code_version(sources[name]), sorted(files)))
        for name, files in sorted(landed.items())
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
