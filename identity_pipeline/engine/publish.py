"""The published file: written beside the old one, then renamed over it, so readers never wait."""

import os
from functools import lru_cache
from pathlib import Path

import sqlglot as sg
import sqlglot.expressions as sge

from identity_pipeline.engine.base import PublishedTable
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.statements import DIALECT, identifier

ALIAS = "published"


def publish(engine: DuckDBEngine, tables: list[PublishedTable], file: Path) -> dict[str, int]:
    """Write tables with their descriptions to a new file and rename it over `file`.

    Returns:
        The number of rows by table.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    attach = sge.Attach(
        this=sge.alias_(sge.Literal.string(str(part)), ALIAS, quoted=True), exists=False
    )
    engine.connection.execute(attach.sql(DIALECT))
    try:
        # One transaction: a statement by itself is written to disk by itself, and there are
        # hundreds of comments.
        engine.connection.begin()
        counts = {table.name: _write(engine, table) for table in tables}
        engine.connection.commit()
    finally:
        detach = sge.Detach(this=sg.to_identifier(ALIAS, quoted=True), exists=False)
        engine.connection.execute(detach.sql(DIALECT))
    os.replace(part, file)
    return counts


def _write(engine: DuckDBEngine, table: PublishedTable) -> int:
    place = (ALIAS, "main", table.name)
    count = engine.create(place, table.rows)
    described = [(column, table.columns.get(column)) for column in table.rows.columns]
    comments = _comments(table.name, table.description, tuple(described))
    engine.connection.execute(comments)
    return count


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
