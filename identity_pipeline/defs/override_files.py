"""Deliveries of custom-match files: where a pair is, and writing the delivery of a date."""

import datetime
import fcntl
import gzip
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.sources.files import LandedFile, landed_files
from identity_pipeline.terms.environment import Environment, override_sources
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.terms.sources import INGESTION_DATE, SourceTable, date_in
from identity_pipeline.unify.override_lines import Pair, UnreadableOverrides, line_of

NEVER, ALWAYS = "never_match", "always_match"


class Refused(PipelineError):
    """A line of a custom-match file cannot be written, or would not count."""


def places_of(environment: Environment, pair: Pair) -> dict[str, str]:
    """The lists whose last delivery has a pair, each with file and line."""
    found = {}
    for kind in (NEVER, ALWAYS):
        source = override_sources(environment).get(kind)
        dates = [*delivered_dates(environment.folder, [source])] if source else []
        if source and dates:
            for file in landed_files(environment.folder, source.landing, dates[-1]):
                line = _in_file(file, pair)
                if line and kind not in found:
                    found[kind] = f"{file.name}, line {line}"
    return found


def _in_file(file: LandedFile, pair: Pair) -> int | None:
    try:
        return line_of(read_text(file), pair)
    except UnreadableOverrides as error:
        raise Refused(f"{file.name}: {error}; mend the file first") from None


def read_text(file: LandedFile) -> str:
    """A custom-match file's text, unpacked, line ends as they are.

    Raises:
        Refused: it is no UTF-8.
    """
    try:
        with file.open() as stored:
            return stored.read().decode("utf-8")
    except (UnicodeDecodeError, OSError, EOFError):
        raise Refused(f"{file.name} cannot be read as UTF-8; mend the file first") from None


def delivery_of(
    environment: Environment, source: SourceTable, date: datetime.date
) -> dict[str, str]:
    """The files of the date's delivery: as they are, or those of the last one before it.

    Raises:
        Refused: a later delivery would replace it.
    """
    dates = [*delivered_dates(environment.folder, [source])]
    if dates and dates[-1] > date:
        raise Refused(
            f"a delivery of {source.name} of {dates[-1]} would replace one of {date}: "
            f"give --date {dates[-1]}"
        )
    if not dates:
        return {}
    files = landed_files(environment.folder, source.landing, dates[-1])
    return {_of_date(file.name, source, date): read_text(file) for file in files}


def _of_date(name: str, source: SourceTable, date: datetime.date) -> str:
    """A file's name as a delivery of another date has it."""
    old = date_in(name, source.landing)
    return name.replace(old.isoformat(), date.isoformat()) if old else name


def target_of(source: SourceTable, date: datetime.date, texts: Mapping[str, str]) -> str:
    """The file for a new line: our own, else the last one there is, else a new one.

    Raises:
        Refused: no file's name can be made of the pattern.
    """
    own = source.landing.replace(INGESTION_DATE, date.isoformat()).replace("*", source.name)
    if own in texts:
        return own
    if texts:
        return max(texts)
    if date_in(own, source.landing) != date:
        raise Refused(f"no name of a file can be made of '{source.landing}': deliver a file first")
    return own


def write_delivery(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files of a delivery, each renamed into its place."""
    for name, text in texts.items():
        target = folder / name
        part = target.with_name(f".{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        octets, is_packed = text.encode("utf-8"), target.suffix.lower() == ".gz"
        part.write_bytes(gzip.compress(octets, mtime=0) if is_packed else octets)
        if target.exists():
            part.chmod(target.stat().st_mode)
        os.replace(part, target)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep others who would write lines waiting; the folder itself is locked, no file is left."""
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
