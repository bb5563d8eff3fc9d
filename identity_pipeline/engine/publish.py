"""The published file: written beside the old one, then renamed over it, so readers never wait."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge

from identity_pipeline.engine import statements
from identity_pipeline.engine.base import Changes, Numbers, PublishedTable
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.statements import DIALECT, identifier
from identity_pipeline.terms import names

ALIAS = "published"

# What the warehouse remembers of the published file, one row a table of it.
PUBLISHED = {
    "table_name": "string",
    "version": "string",
    "rows": "int64",
    "file_size": "int64",
    "file_time": "int64",
}


@dataclass(frozen=True)
class _Written:
    """A table of the published file: what it was made of, and how many rows it has."""

    version: str
    rows: int


def publish(
    engine: DuckDBEngine, tables: list[PublishedTable], file: Path, numbers: Numbers
) -> dict[str, int]:
    """Write tables with their descriptions beside a file and rename the result over it.

    Tables that are what they were are not written again: the new file begins as a copy of the old
    one, if that is still as it was left.

    Args:
        engine: has the tables that the published ones are made of.
        tables: all tables of the file.
        file: the published file.
        numbers: when what they are made of was made.

    Returns:
        The number of rows by table.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    before = _before(engine, file)
    if before:
        shutil.copyfile(file, part)
    # What is lost with this process is written anew, so nothing is logged for it.
    target = sge.alias_(sge.Literal.string(str(part)), ALIAS, quoted=True)
    no_log = sge.AttachOption(
        this=sge.Var(this="RECOVERY_MODE"), expression=sge.Literal.string("no_wal_writes")
    )
    engine.connection.execute(sge.Attach(this=target, expressions=[no_log]).sql(DIALECT))
    try:
        # One transaction: a statement by itself is written to disk by itself, and there are
        # hundreds of comments.
        engine.connection.begin()
        after = {table.name: _write(engine, table, before, numbers) for table in tables}
        # A name in other letters is the same table to DuckDB.
        written = {name.lower() for name in after}
        for name in sorted(name for name in before if name.lower() not in written):
            engine.connection.execute(statements.drop((ALIAS, "main", name), "TABLE"))
        engine.connection.commit()
    except BaseException:
        engine.connection.rollback()
        raise
    finally:
        detach = sge.Detach(this=sg.to_identifier(ALIAS, quoted=True), exists=False)
        engine.connection.execute(detach.sql(DIALECT))
    os.replace(part, file)
    _remember(engine, file, after)
    return {name: written.rows for name, written in after.items()}


def _before(engine: DuckDBEngine, file: Path) -> dict[str, _Written]:
    """What the file holds; nothing where it is not there, or not as it was left."""
    if not file.exists() or not engine.exists(names.PUBLISHED):
        return {}
    now = file.stat()
    rows = engine.rows(engine.table(names.PUBLISHED).select(*PUBLISHED))
    return {
        str(name): _Written(str(version), int(str(count)))
        for name, version, count, size, time in rows
        if (size, time) == (now.st_size, now.st_mtime_ns)
    }


def _remember(engine: DuckDBEngine, file: Path, after: Mapping[str, _Written]) -> None:
    left = file.stat()
    rows = [
        (name, one.version, one.rows, left.st_size, left.st_mtime_ns) for name, one in after.items()
    ]
    engine.store(names.PUBLISHED, engine.relation(PUBLISHED, rows))


def _write(
    engine: DuckDBEngine,
    table: PublishedTable,
    before: Mapping[str, _Written],
    numbers: Numbers,
) -> _Written:
    place = (ALIAS, "main", table.name)
    described = [(column, table.columns.get(column)) for column in table.rows.columns]
    comments = _comments(table.name, table.description, tuple(described))
    statement = statements.create(place, table.rows)
    version = _version(table, statement, comments, numbers)
    known = before.get(table.name)
    if known and version and known.version == version:
        return known
    if known and version and table.changes:
        earlier = numbers.before(table.changes.tables)
        if known.version in {_version(table, statement, comments, one) for one in earlier}:
            return _Written(version, _amend(engine, place, table.changes))
    count = engine.create(place, table.rows)
    engine.connection.execute(comments)
    return _Written(version, count)


def _amend(engine: DuckDBEngine, place: statements.Place, changes: Changes) -> int:
    """Change the rows of a table that changed; the number of its rows."""
    engine.amend_at(place, changes.key, changes.gone, changes.rows)
    if changes.everywhere:
        engine.connection.execute(statements.update_all(place, changes.everywhere))
    count = sg.select(sge.Count(this=sge.Star())).from_(identifier(place)).sql(DIALECT)
    [(rows,)] = engine.connection.execute(count).fetchall()
    return int(rows)


def _version(table: PublishedTable, statement: str, comments: str, numbers: Numbers) -> str:
    """What a table is made of, as a hash; nothing where that may change without being noted."""
    sources = {
        f"{found.namespace.database}.{found.name}"
        for found in table.rows.op().find(ops.DatabaseTable)
    }
    made = numbers.made
    if table.rows.op().find(ops.InMemoryTable) or not sources <= made.keys():
        return ""
    lines = [f"{source} {made[source]}" for source in sorted(sources)]
    return hashlib.sha256("\n".join([statement, comments, *lines]).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _comments(table: str, description: str, columns: tuple[tuple[str, str | None], ...]) -> str:
    """The statements that describe a table and its columns."""
    comments = [_comment(identifier((ALIAS, "main", table)), "TABLE", description)]
    for column, text in columns:
        if text:
            name = sg.column(column, table=table, db="main", catalog=ALIAS, quoted=True)
            comments.append(_comment(name, "COLUMN", text))
    return ";".join(comments)


def _comment(of: sge.Expression, kind: str, text: str) -> str:
    comment = sge.Comment(this=of, kind=kind, expression=sge.Literal.string(text))
    return str(comment.sql(DIALECT))
