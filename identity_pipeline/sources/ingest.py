"""Ingestion of one table for one date: every file read, checked, and accounted for."""

import datetime
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.sources.check import check_records
from identity_pipeline.sources.contract import (
    DELIVERIES_SCHEMA,
    REJECTED_SCHEMA,
    Change,
    Delivery,
    DeliveryStatus,
    FileOutcome,
    landed_schema,
)
from identity_pipeline.sources.files import LandedFile, landed_files, sha256, stamp
from identity_pipeline.sources.readers.base import Reading
from identity_pipeline.sources.readers.registry import READERS
from identity_pipeline.terms import names
from identity_pipeline.terms.errors import LandingError, RowsLost, SchemaChanged
from identity_pipeline.terms.names import TableName
from identity_pipeline.terms.sources import MOST_LINES, SourceTable


@dataclass(frozen=True)
class _Partition:
    """The place in the warehouse of one table's delivery of one date."""

    engine: Engine
    source: SourceTable
    date: datetime.date

    @property
    def where(self) -> dict[str, str]:
        return {"_ingestion_date": self.date.isoformat()}

    def landed(self) -> ir.Table:
        rows = self.engine.table(names.source(self.source.name))
        return rows.filter(rows["_ingestion_date"] == self.date)


def ingest(
    engine: Engine, source: SourceTable, folder: Path, ingestion_date: datetime.date
) -> Delivery:
    """Load what was delivered for a table on a date; doing it again changes nothing.

    All files that can be read are loaded, whatever the others are like. No files is no delivery:
    what an earlier ingestion of the same date loaded is gone. The caller owns the transaction.

    Args:
        engine: where the tables are.
        source: the declaration.
        folder: the environment's folder, where the landing patterns start.
        ingestion_date: the partition.

    Raises:
        RowsLost: rows in are not accepted plus rejected.
        SchemaChanged: a column was declared with another type before.
    """
    partition = _Partition(engine, source, ingestion_date)
    _empty(partition, names.source(source.name), landed_schema(source))
    _empty(partition, names.rejected(source.name), REJECTED_SCHEMA)
    engine.define(names.DELIVERIES, _types(DELIVERIES_SCHEMA))
    files = [
        _load_file(partition, file, change)
        for file, change in _delivered(source, folder, ingestion_date)
    ]
    files = _count_duplicates(partition, files)
    status, message = _judge(partition, files)
    if status == "held":
        files = [replace(f, status="held") if f.status == "applied" else f for f in files]
        _empty(partition, names.source(source.name), landed_schema(source))
    _write_ledger(partition, files)
    is_broken = any(file.status == "broken" for file in files)
    fails_run = is_broken and source.limits.broken_files == "fail"
    return Delivery(source.name, ingestion_date, status, tuple(files), message, fails_run)


def ledger_rows(
    engine: Engine, source: SourceTable, dates: Sequence[datetime.date] | None = None
) -> list[tuple[object, ...]]:
    """What the ledger has of a source's deliveries of dates, or of all, each row with its date.

    It tells whether files are others.
    """
    if not engine.exists(names.DELIVERIES):
        return []
    ledger = engine.table(names.DELIVERIES)
    columns = ("ingestion_date", "file", "change", "status", "accepted", "sha256")
    own = ledger.filter(ledger.table_name == source.name).select(*columns)
    rows = engine.rows(own.order_by(*columns))
    return rows if dates is None else [row for row in rows if row[0] in dates]


def _delivered(
    source: SourceTable, folder: Path, date: datetime.date
) -> list[tuple[LandedFile, Change]]:
    """A file that both patterns fit is a delete."""
    gone = landed_files(folder, source.deletes, date) if source.deletes else []
    came = [file for file in landed_files(folder, source.landing, date) if file not in gone]
    return [*((file, "upsert") for file in came), *((file, "delete") for file in gone)]


def _empty(partition: _Partition, table: TableName, schema: ibis.Schema) -> None:
    """Remove the partition's rows; the table is there afterwards, with the declared columns."""
    engine = partition.engine
    engine.define(table, _types(schema))
    _fit(engine, table, schema)
    engine.remove_rows(table, partition.where)


def _fit(engine: Engine, table: TableName, schema: ibis.Schema) -> None:
    """Follow a changed declaration: new columns are NULL in earlier rows, removed ones dropped."""
    stored = engine.table(table)
    old = stored.schema()
    if old == schema:
        return
    for name in schema:
        if name in old and old[name] != schema[name]:
            raise SchemaChanged(
                f"table {table}, column '{name}': stored as {old[name]}, now declared "
                f"{schema[name]}. Declare a column of another name, or remove the table and "
                "ingest its dates again."
            )
    engine.store(
        table, stored.select(**{n: stored[n] if n in old else ibis.null(schema[n]) for n in schema})
    )


def _load_file(partition: _Partition, file: LandedFile, change: Change) -> FileOutcome:
    """Load one file, or say why not; a fault of the whole file leaves no row of it."""
    source = partition.source
    size, digest = 0, ""
    try:
        before = stamp(file)
        size, digest = before.size, sha256(file)
        with partition.engine.landing() as landing:
            wanted = _wanted(source, change)
            reading = READERS[source.format.kind](landing, file, source, wanted)
            if stamp(file) != before:
                raise file.fault(0, "changed while it was read. Ingest again when it is complete.")
            if reading.records >= MOST_LINES:
                raise file.fault(0, f"has more than {MOST_LINES:,} records. Deliver it in parts.")
            accepted, rejected = _append(partition, file, change, reading)
    except LandingError as error:
        return FileOutcome(file.name, change, "broken", 0, 0, 0, 0, size, digest, str(error))
    except OSError as error:
        message = str(file.fault(0, f"cannot be read: {error.strerror or 'input error'}."))
        return FileOutcome(file.name, change, "broken", 0, 0, 0, 0, size, digest, message)
    rows_in = reading.records
    if rows_in != accepted + rejected:
        raise RowsLost(
            f"{file.name}: {rows_in} records in, {accepted} accepted and {rejected} rejected. "
            "This is a defect of the pipeline; nothing was loaded."
        )
    return FileOutcome(
        file.name, change, "applied", rows_in, accepted, rejected, 0, size, digest, reading.note
    )


def _wanted(source: SourceTable, change: Change) -> tuple[str, ...]:
    if change == "upsert":
        return tuple(source.columns)
    key = (source.primary_key, source.updated_on)
    return tuple(name for name in source.columns if name in key)


def _append(
    partition: _Partition, file: LandedFile, change: Change, reading: Reading
) -> tuple[int, int]:
    """Write a file's records where they belong; the numbers accepted and rejected.

    Each insert is made only if rows are still unaccounted for: finding none costs as much as
    finding some.
    """
    engine, source = partition.engine, partition.source
    place = {"_ingestion_date": ibis.literal(partition.date), "_file": ibis.literal(file.name)}
    rejected_table = names.rejected(source.name)
    sound, misfits = check_records(reading, source, _wanted(source, change), change)
    if not reading.records:
        return 0, 0
    accepted = engine.append(names.source(source.name), sound.mutate(**place))
    rejected = 0
    if accepted != reading.records:
        whole = reading.faults.mutate(column_name=ibis.null("string"), **place)
        rejected += engine.append(rejected_table, whole)
    if accepted + rejected != reading.records:
        rejected += engine.append(rejected_table, misfits.mutate(**place))
    return accepted, rejected


def _count_duplicates(partition: _Partition, files: list[FileOutcome]) -> list[FileOutcome]:
    """Count per file the rows whose primary key an earlier row of the delivery has."""
    if not files:
        return files
    rows = partition.landed()
    rows = rows.filter(rows["_change"] == "upsert")
    key = partition.source.primary_key
    keys = rows.group_by(key).aggregate(times=ibis._.count())
    repeated = keys.filter(keys["times"] > 1)
    if not partition.engine.count(repeated):
        return files
    contested = rows.semi_join(repeated, key)
    order = [contested["_file"], contested["_line"]]
    place = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    ranked = contested.mutate(_record=place)
    later = ranked.filter(ranked["_record"] > 0).group_by("_file").aggregate(times=ibis._.count())
    found = {str(file): int(str(times)) for file, times in partition.engine.rows(later)}
    return [replace(file, duplicate_keys=found.get(file.file, 0)) for file in files]


def _judge(partition: _Partition, files: Sequence[FileOutcome]) -> tuple[DeliveryStatus, str]:
    """Whether the delivery may be applied; past a limit it is held, with the numbers."""
    limits, readable = partition.source.limits, [f for f in files if f.status != "broken"]
    if not readable:
        return ("broken", "no file of the delivery could be read") if files else ("none", "")
    rows_in, rejected = sum(f.rows_in for f in readable), sum(f.rejected for f in readable)
    accepted = sum(f.accepted for f in readable)
    if rejected > limits.rejected * rows_in:
        return "held", (
            f"{rejected} of {rows_in} records were rejected, more than {limits.rejected:.4%}. "
            "Mend the files, or raise 'limits.rejected'."
        )
    if partition.source.refresh == "incremental" or not limits.shrink_to:
        return "applied", ""
    if not accepted:
        return "held", "a full delivery without rows. If it is meant, set 'limits.shrink_to' to 0%."
    last = _last_size(partition)
    if accepted < limits.shrink_to * last:
        return "held", (
            f"{accepted} rows after {last} in the delivery before, "
            f"less than {limits.shrink_to:.4%}. Deliver it whole, or lower 'limits.shrink_to'."
        )
    return "applied", ""


def _last_size(partition: _Partition) -> int:
    """The rows of the last applied delivery of an earlier date; 0 where there is none."""
    ledger = partition.engine.table(names.DELIVERIES)
    earlier = ledger.filter(
        (ledger.table_name == partition.source.name)
        & (ledger.ingestion_date < partition.date)
        & (ledger.status == "applied")
    )
    sizes = earlier.group_by("ingestion_date").aggregate(rows=ibis._.accepted.sum().cast("int64"))
    last = sizes.order_by(sizes.ingestion_date.desc()).limit(1).select("rows")
    return next((int(str(rows)) for (rows,) in partition.engine.rows(last)), 0)


def _write_ledger(partition: _Partition, files: Sequence[FileOutcome]) -> None:
    name, date = partition.source.name, partition.date
    where = {"table_name": name, "ingestion_date": date.isoformat()}
    partition.engine.remove_rows(names.DELIVERIES, where)
    if files:
        rows = [(name, date, *astuple(file)) for file in files]
        relation = partition.engine.relation(_types(DELIVERIES_SCHEMA), rows)
        partition.engine.append(names.DELIVERIES, relation)


def _types(schema: ibis.Schema) -> dict[str, str]:
    return {name: str(kind) for name, kind in schema.items()}
