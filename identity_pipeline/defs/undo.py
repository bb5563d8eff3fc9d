"""Undo: a line of a custom-match file, written as a delivery of an ingestion date."""

import datetime
import getpass
import subprocess
from dataclasses import dataclass
from pathlib import Path

from identity_pipeline.config import load_environment
from identity_pipeline.defs.override_files import (
    Refused,
    alone_in,
    delivery_of,
    places_of,
    target_of,
    write_delivery,
)
from identity_pipeline.defs.published import open_published
from identity_pipeline.engine.base import Engine
from identity_pipeline.evidence.records import COLON, Published, Record, UnknownRecord, find
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms import tables
from identity_pipeline.terms.environment import Environment, every_source, override_sources
from identity_pipeline.terms.names import TableName
from identity_pipeline.terms.sources import INGESTION_DATE, SourceTable
from identity_pipeline.unify.override_lines import Note, Pair, with_pair, without_pair


@dataclass(frozen=True)
class Asked:
    """What is asked: two records as `why` reads them, of an environment, on a date or its default.

    Without a date: the last ingestion date for which something was delivered or applied, so that
    the day of the data stays the same.
    """

    folder: Path
    home: Path
    one: str
    other: str
    date: datetime.date | None = None


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        one, other: the two keys, as DataSource Table Key.
        date: the ingestion date that is to be run.
        files: relative to the environment's folder.
    """

    one: str
    other: str
    date: datetime.date
    files: tuple[str, ...]


def add_line(asked: Asked, kind: str, author: str | None, reason: str) -> Written:
    """Add a pair to the file of never match, or of always match.

    The delivery of the date has all lines of the last one, since a delivery replaces it.

    Raises:
        ConfigError: the environment cannot be used.
        NothingPublished: nothing was run yet.
        UnknownRecord: no record is called so, or several are.
        Refused: the pair is there already or contradicts another line, is one key, or the date or
            the environment does not take it.
    """
    environment = load_environment(asked.folder.resolve())
    source = _source(environment, kind)
    with open_published(environment, asked.home) as engine:
        published = Published(engine, environment)
        one, other = find(published, asked.one), find(published, asked.other)
        date = _date(environment, asked.date, _last_applied(engine))
    if one.identifier == other.identifier:
        raise Refused(f"{one} cannot be a pair with itself: both are the same key")
    pair = Pair(*_named(one), *_named(other))
    written = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    note = Note(author or _user(environment.folder), reason, written)
    with alone_in(environment.folder):
        _refuse_known(environment, pair, kind)
        texts = delivery_of(environment, source, date)
        target = target_of(source, date, texts)
        texts[target] = with_pair(texts.get(target, ""), pair, note)
        write_delivery(environment.folder, texts)
    return Written(str(one), str(other), date, tuple(texts))


def forget_line(asked: Asked) -> Written:
    """Take a pair out of the file of never match, or of always match, whichever has it.

    Raises:
        ConfigError, NothingPublished, UnknownRecord: as of `add_line`; a key in full,
            SOURCE:TABLE:KEY, need not be delivered any more.
        Refused: no line has the pair, or the date does not take it.
    """
    environment = load_environment(asked.folder.resolve())
    with open_published(environment, asked.home) as engine:
        published = Published(engine, environment)
        ends = [_forgettable(published, text) for text in (asked.one, asked.other)]
        date = _date(environment, asked.date, _last_applied(engine))
    pair = Pair(*ends[0], *ends[1])
    files: dict[str, str] = {}
    with alone_in(environment.folder):
        # All before any is written: the second list may refuse the date.
        for kind in places_of(environment, pair):
            texts = delivery_of(environment, _source(environment, kind), date)
            files |= {name: without_pair(text, pair) for name, text in texts.items()}
        write_delivery(environment.folder, files)
    names = [" ".join(end) for end in ends]
    if not files:
        raise Refused(f"neither never match nor always match has the pair {' and '.join(names)}")
    return Written(names[0], names[1], date, tuple(files))


def _source(environment: Environment, kind: str) -> SourceTable:
    found = override_sources(environment).get(kind)
    if found is None:
        raise Refused(
            f"unify.yaml has no file for '{kind}'. Add to it:\n"
            f"overrides:\n  {kind}: landing/overrides/{kind}/{INGESTION_DATE}/*.csv"
        )
    return found


def _named(record: Record) -> tuple[str, str]:
    return f"{record.data_source}_{record.table_name}", record.key


def _forgettable(published: Published, reference: str) -> tuple[str, str]:
    """A key as custom-match files name it; one written in full may be gone from its source."""
    try:
        return _named(find(published, reference))
    except UnknownRecord:
        for table in published.environment.unify.order:
            source = published.environment.source(table)
            prefix = COLON.join((source.data_source, source.table, ""))
            if reference.startswith(prefix):
                key = reference.removeprefix(prefix)
                return f"{source.data_source}_{source.table}", key
        raise


def _last_applied(engine: Engine) -> datetime.date | None:
    ledger = engine.table(TableName("main", tables.DELIVERIES.name))
    applied = ledger.filter(ledger.status == "applied")
    [(last,)] = engine.rows(applied.aggregate(last=applied.ingestion_date.max()))
    return last if isinstance(last, datetime.date) else None


def _date(
    environment: Environment, asked: datetime.date | None, applied: datetime.date | None
) -> datetime.date:
    """The date asked for, if a run takes it, or the day of the data."""
    today = datetime.datetime.now(datetime.UTC).date()
    sources = every_source(environment)
    delivered = [*delivered_dates(environment.folder, sources.values())]
    known = [date for date in [*delivered, *([applied] if applied else [])] if date <= today]
    if asked is None:
        return max(known, default=today)
    if asked > today:
        raise Refused(f"{asked} is in the future (today is {today} in UTC)")
    if known and asked < min(known):
        raise Refused(f"{asked} is before {min(known)}, the first ingestion date")
    return asked


def _refuse_known(environment: Environment, pair: Pair, kind: str) -> None:
    for place, where in places_of(environment, pair).items():
        words = place.replace("_", " ")
        if place == kind:
            raise Refused(f"the pair is under {words} already ({where})")
        raise Refused(
            f"the pair is under {words} ({where}), and never match would win: "
            "take that line back first, with `identity-pipeline forget-override`"
        )


def _user(folder: Path) -> str:
    """Git's name of the user, or the name of the login."""
    words = ["git", "config", "user.name"]
    try:
        named = subprocess.run(  # noqa: S603 - our own words
            words, cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError:
        return getpass.getuser()
    return named.stdout.strip() or getpass.getuser()
