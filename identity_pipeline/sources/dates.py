"""The ingestion dates for which something was delivered."""

import datetime
from collections.abc import Iterable
from pathlib import Path

from identity_pipeline.terms.sources import INGESTION_DATE, SourceTable, date_in

_ANY_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


def delivered_dates(
    folder: Path, sources: Iterable[SourceTable]
) -> dict[datetime.date, list[Path]]:
    """The ingestion dates for which there are files, ascending, with the files of all sources.

    Args:
        folder: the environment's folder, where the landing patterns start.
        sources: the declarations.
    """
    found: dict[datetime.date, list[Path]] = {}
    for pattern in (p for source in sources for p in (source.landing, source.deletes) if p):
        for path in sorted(folder.glob(pattern.replace(INGESTION_DATE, _ANY_DATE))):
            date = date_in(path.relative_to(folder).as_posix(), pattern)
            if date:
                found.setdefault(date, []).append(path)
    return dict(sorted(found.items()))
