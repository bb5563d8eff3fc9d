"""What every asset says of itself: rows, columns, owner, version."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from identity_pipeline.engine.base import Engine, Rows
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.terms.names import TableName

DEFAULT_OWNER = "team:data"

# Libraries that say how values compare, those of extras among them.
DECIDING = ("anyascii", "nicknames", "phonenumbers", "rapidfuzz", "doublemetaphone", "duckdb")


@contextmanager
def readable_failures() -> Iterator[None]:
    """Show what a user can mend as its message, not as a traceback."""
    try:
        yield
    except PipelineError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def code_version(*parts: BaseModel | str) -> str:
    """The hash of an asset's configuration: it changes when the asset would.

    The package's version is in it, since other code may make other tables.
    """
    words = (part.model_dump_json() if isinstance(part, BaseModel) else part for part in parts)
    text = "\n".join((version("identity-pipeline"), *words))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def made_by() -> str:
    """What decides values besides configuration: this package's files, and libraries' versions.

    Rows that are made again stand beside rows that were made before: by the same code, or all are
    made anew.
    """
    digest = hashlib.sha256()
    package = files("identity_pipeline")
    for file in sorted(Path(str(package)).rglob("*")):
        if file.suffix in (".py", ".sql", ".csv", ".txt", ".json"):
            digest.update(file.read_bytes())
    for library in DECIDING:
        with suppress(PackageNotFoundError):
            digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()[:16]


def spec_of(
    name: TableName, group: str, description: str, *, deps: list[TableName], version: str
) -> dg.AssetSpec:
    """The specification of an asset that is a table."""
    return dg.AssetSpec(
        key=dg.AssetKey(name.key),
        deps=[dg.AssetKey(dep.key) for dep in deps],
        group_name=group,
        description=description,
        owners=[DEFAULT_OWNER],
        kinds={"duckdb", "table"},
        code_version=version,
    )


def owned(spec: dg.AssetSpec, owner: str | None) -> dg.AssetSpec:
    """The asset with the owner that its source names, if it names one."""
    return spec.replace_attributes(owners=[owner]) if owner else spec


def table_metadata(
    engine: Engine,
    name: TableName,
    descriptions: Mapping[str, str] | None = None,
    rows: int | None = None,
) -> dict[str, dg.MetadataValue]:
    """Row count and column schema of a stored table; its rows are counted if nobody did yet."""
    table = engine.table(name)
    known = descriptions or {}
    columns = [
        dg.TableColumn(name=column, type=str(kind), description=known.get(column))
        for column, kind in table.schema().items()
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(engine.size(name) if rows is None else rows),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "dagster/relation_identifier": dg.MetadataValue.text(str(name)),
    }


def materialized(
    engine: Engine,
    name: TableName,
    numbers: Mapping[str, int | float | str] | None = None,
    descriptions: Mapping[str, str] | None = None,
    rows: int | None = None,
) -> dg.MaterializeResult[None]:
    """Report a stored table with its rows, counted if nobody did yet, columns, further numbers."""
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(name.key),
        metadata={**table_metadata(engine, name, descriptions, rows), **(numbers or {})},
    )


def store_all(engine: Engine, tables: Mapping[TableName, Rows]) -> None:
    """Store tables."""
    for name, rows in tables.items():
        engine.store(name, rows)
