"""Ingestion dates whose deliveries are as they were when they last ran."""

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from identity_pipeline.defs.freshness import amending, glance, read_versions, set_versions
from identity_pipeline.defs.report import code_version
from identity_pipeline.engine.base import Engine
from identity_pipeline.sources.files import landed_files, sha256
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment, every_source
from identity_pipeline.terms.sources import SourceTable

# Before a date, among the warehouse's versions: what was delivered when all of the date succeeded.
RAN = "ran:"

# source -> its files of a date, each with its hash.
Delivered = Mapping[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Past:
    """What the warehouse remembers of ingestion dates; nothing where it is missing or in use.

    Attributes:
        versions: by name.
        delivered: date -> what was delivered, whatever became of it.
        applied: date -> the same; of a delivery that was not applied, nothing that a file equals.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    delivered: Mapping[datetime.date, Delivered] = field(default_factory=dict)
    applied: Mapping[datetime.date, Delivered] = field(default_factory=dict)


def read_past(warehouse: Path) -> Past:
    """What the warehouse remembers."""
    with glance(warehouse) as engine:
        return Past() if engine is None else _past(engine)


def unchanged_dates(
    environment: Environment, past: Past, dates: Sequence[datetime.date]
) -> set[datetime.date]:
    """Dates that a run would find as their last successful one left them.

    A date counts as changed if a file, or the declaration that reads it, is another one than the
    warehouse has; if a delivery of it was held or broken; if its last run failed or only ingested
    it; and if an earlier delivery of a full source changed, by whose size the next is judged.

    Args:
        environment: where files land.
        past: what the warehouse remembers; where that is nothing, nothing is unchanged.
        dates: ingestion dates, ascending.
    """
    if not past.versions:
        return set()
    sources = every_source(environment)
    found: set[datetime.date] = set()
    judged_anew: set[str] = set()
    for date in dates:
        landed = _landed(environment.folder, sources.values(), date)
        known = past.applied.get(date, {})
        changed = {
            name
            for name in (landed.keys() | known.keys()) & sources.keys()
            if landed.get(name) != known.get(name)
            or past.versions.get(f"{names.source(name)}:{date}") != code_version(sources[name])
        }
        if past.versions.get(f"{RAN}{date}") != _digest(landed, sources):
            # What a run that was cut off ingested is not judged by: it counts as changed.
            changed |= landed.keys()
        if not changed and not judged_anew & landed.keys():
            found.add(date)
        judged_anew |= {one for one in changed if _is_full(sources[one])}
    return found


def remembered_dates(environment: Environment, past: Past) -> set[datetime.date]:
    """Dates of which the warehouse has deliveries: their files may all be gone by now."""
    sources = every_source(environment)
    return {date for date, tables in past.delivered.items() if tables.keys() & sources.keys()}


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
    sources = every_source(environment)
    with amending(warehouse) as engine:
        delivered = _past(engine).delivered
        # What the run read, as its ledger has it: no file is read again for its hash.
        marks = {
            f"{RAN}{date}": _digest(_of(delivered.get(date, {}), sources), sources) if well else ""
            for date, well in outcomes.items()
        }
        set_versions(engine, marks)


def _of(delivered: Delivered, sources: Mapping[str, SourceTable]) -> Delivered:
    """What was delivered of sources that there are."""
    return {name: files for name, files in delivered.items() if name in sources}


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


def _past(engine: Engine) -> Past:
    versions = read_versions(engine)
    if not engine.exists(names.DELIVERIES):
        return Past(versions)
    ledger = engine.table(names.DELIVERIES)
    rows = engine.rows(ledger.select("ingestion_date", "table_name", "file", "sha256", "status"))
    delivered: Files = defaultdict(lambda: defaultdict(set))
    applied: Files = defaultdict(lambda: defaultdict(set))
    for date, table, file, digest, status in rows:
        assert isinstance(date, datetime.date), "the ledger's column is a date"
        delivered[date][str(table)].add((str(file), str(digest)))
        known = str(digest) if status == "applied" else ""
        applied[date][str(table)].add((str(file), known))
    return Past(versions, _frozen(delivered), _frozen(applied))


Files = defaultdict[datetime.date, defaultdict[str, set[tuple[str, str]]]]


def _frozen(found: Files) -> dict[datetime.date, Delivered]:
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
