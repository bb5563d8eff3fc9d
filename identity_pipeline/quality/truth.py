"""The truth: a file of the environment that says whose each record is."""

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

from identity_pipeline.engine.base import RECORD, Delimited, Engine, Landing
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import PipelineError, did_you_mean
from identity_pipeline.terms.names import BAR
from identity_pipeline.terms.quality import TRUTH_COLUMNS


class TruthError(PipelineError):
    """The truth table cannot be read, or contradicts itself; customers are as they are."""


@dataclass(frozen=True)
class _File:
    """The truth table as a file, and as people see it, relative to the environment's folder."""

    path: Path
    name: str

    def fault(self, message: str, record: int | None = None) -> TruthError:
        """The error that says where; `record` counts from 1, the header is none."""
        place = "" if record is None else f", record {record}"
        return TruthError(f"{self.name}{place}: {message}")


def read_truth(engine: Engine, environment: Environment, file: str) -> ir.Table:
    """Read a truth table, and check it.

    Args:
        engine: reads the file; the caller's transaction is left alone by a file that is none.
        environment: its sources are those that the truth may name.
        file: relative to the environment's folder, CSV (also packed) or Parquet.

    Returns:
        One row a key: `identifier` (DataSource|Table|Key), `person` (NULL: nobody's).

    Raises:
        TruthError: missing, unreadable, without a column, of an unknown source, or with two
            persons for one key. It names the record, never what is in it.
    """
    found = _File(environment.folder / file, file)
    if not found.path.is_file():
        raise found.fault(
            "there is no such file in the environment's folder; put it there, or remove "
            "'quality.truth' from unify.yaml"
        )
    with engine.landing() as landing:
        rows = engine.keep(_by_key(_records(engine, landing, found)))
    _check(engine, environment, found, rows)
    return rows.select("identifier", "person")


def _records(engine: Engine, landing: Landing, file: _File) -> ir.Table:
    """The file's records with its four columns as text, and each one's number."""
    is_parquet = file.name.lower().endswith(".parquet")
    rows = _of_parquet(landing, file) if is_parquet else _of_csv(engine, landing, file)
    return rows.select(
        RECORD, **{name: rows[name].cast("string").nullif("") for name in TRUTH_COLUMNS}
    )


def _of_parquet(landing: Landing, file: _File) -> ir.Table:
    read = landing.read_parquet(file.path)
    if read is None:
        raise file.fault("not Parquet, or damaged; write it again")
    _check_columns(file, read[0].columns)
    return read[0]


def _of_csv(engine: Engine, landing: Landing, file: _File) -> ir.Table:
    is_packed = file.name.lower().endswith(".gz")
    columns = _header(file, is_packed=is_packed)
    _check_columns(file, columns)
    read = landing.read_delimited(file.path, Delimited(columns, ",", '"', is_packed))
    if read is None:
        raise file.fault("not CSV in UTF-8 with commas and one header line; write it again")
    if read.faulty:
        [(first,)] = engine.rows(landing.faulty()[RECORD].min().as_table())
        raise file.fault(
            "it has more or fewer values than the header has columns, as "
            f"{read.faulty - 1:,} others; values with a comma stand in quotes",
            int(str(first)),
        )
    return landing.records()


def _header(file: _File, *, is_packed: bool) -> tuple[str, ...]:
    """The names in the first line."""
    try:
        with (gzip.open if is_packed else open)(
            file.path, "rt", encoding="utf-8-sig", newline=""
        ) as lines:
            return tuple(next(csv.reader(lines), ()))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error):
        raise file.fault("its first line is no header in UTF-8; write it again") from None


def _check_columns(file: _File, columns: Iterable[str]) -> None:
    known = tuple(columns)
    if len({name.lower() for name in known}) < len(known):
        raise file.fault("two columns have one name (case does not count); rename one")
    for name in TRUTH_COLUMNS:
        if name not in known:
            raise file.fault(f"there is no column '{name}'. {did_you_mean(name, known)}")


def _by_key(records: ir.Table) -> ir.Table:
    """One row a key, with its first record and whether two persons have it."""
    grouped = records.group_by("DataSource", "Table", "Key").aggregate(
        record=records[RECORD].min(),
        person=records.Person.min(),
        other=records.Person.max(),
    )
    return grouped.mutate(
        identifier=grouped.DataSource + BAR + grouped.Table + BAR + grouped.Key,
        is_torn=(grouped.person != grouped.other).fill_null(False),
        lacks=grouped.DataSource.isnull() | grouped.Table.isnull() | grouped.Key.isnull(),
    )


def _check(engine: Engine, environment: Environment, file: _File, rows: ir.Table) -> None:
    """Make sure that every key is one of a source's, and has one person at most."""
    counted = rows.group_by("DataSource", "Table").aggregate(
        first=rows.record.min(),
        torn=rows.record.min(where=rows.is_torn),
        lacking=rows.record.min(where=rows.lacks),
    )
    known = {(one.data_source, one.table) for one in environment.sources.values()}
    found = engine.rows(counted.order_by("first"))
    if not found:
        raise file.fault("there is no record in it; write it again, or remove 'quality.truth'")
    for data_source, table, first, torn, lacking in found:
        if lacking is not None:
            text = "DataSource, Table or Key is missing; only Person may be"
            raise file.fault(text, int(str(lacking)))
        if (data_source, table) not in known:
            listed = ", ".join(sorted(f"{source} {name}" for source, name in known))
            text = f"no source has this DataSource and Table. Known: {listed}."
            raise file.fault(text, int(str(first)))
        if torn is not None:
            text = "its key has another Person in another record; one key is one person's"
            raise file.fault(text, int(str(torn)))
