"""The product's folder layout: dated folders below the export, and model.json beside them."""

import datetime
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from identity_pipeline.exports.destinations import Folder, open_folder
from identity_pipeline.exports.files import HashedSink, WrittenFile, suffix, write_rows
from identity_pipeline.terms.exports import FileExport

# So many rows are one file; a larger table has several.
ROWS_PER_FILE = 1_000_000
MODEL = "model.json"


@dataclass(frozen=True)
class Moment:
    """Where and when an export is made.

    Attributes:
        environment: its name, part of the outermost folder's.
        home: the folder that `file:` URLs without a slash are below.
        day: the day of the data, the folders of a date.
        started: when the run began, with a time zone; its hour and minute in UTC are a folder.
    """

    environment: str
    home: Path
    day: datetime.date
    started: datetime.datetime

    @property
    def minute(self) -> str:
        """Hour and minute of the run's start in UTC, as 0915."""
        return f"{self.started.astimezone(datetime.UTC):%H%M}"


def write_export(
    tables: Iterable[tuple[str, pa.Table]],
    export: FileExport,
    moment: Moment,
    rows_per_file: int = ROWS_PER_FILE,
) -> tuple[WrittenFile, ...]:
    """Write tables to an export's destination.

    `<url>/CustomerInsights_<environment>/<export>/<table>/<yyyy>/<mm>/<dd>/<HHMM>/<table>_1.csv`,
    model.json in the export's folder; over SFTP, folders are in lower case. All files are written
    as parts first and then moved, model.json last, so what it names is there and whole.

    Args:
        tables: name and rows, in the order they are to have; taken one after the other.
        export: where to and how.
        moment: where and when; the same tables at the same moment are the same bytes.
        rows_per_file: the most rows of a file.

    Returns:
        What was written, in the order of the tables; a table without rows is a file too.

    Raises:
        ExportFailed: the destination is not there or refuses; no part is left, and model.json
            names the files of the last run that succeeded.
    """
    with open_folder(export.destination, moment.home, export.name) as folder:
        outer = _folder(folder, f"CustomerInsights_{moment.environment}", export.name)
        written: list[WrittenFile] = []
        schemas: dict[str, pa.Schema] = {}
        with _parts(folder) as begun:
            for name, rows in tables:
                schemas[name] = rows.schema
                inner = _folder(folder, name, f"{moment.day:%Y/%m/%d}", moment.minute)
                for number, piece in enumerate(_pieces(rows, rows_per_file), 1):
                    path = f"{outer}/{inner}/{name}_{number}{suffix(export)}"
                    begun.append(path)
                    written.append(_write(folder, path, (name, piece), export))
            model = _model(export, moment, schemas, written)
            begun.append(f"{outer}/{MODEL}")
            with folder.part(begun[-1]) as file:
                file.write(model)
            for path in begun:
                folder.move(path)
    return tuple(written)


def _folder(folder: Folder, *names: str) -> str:
    path = "/".join(names)
    return path.lower() if folder.has_lower_case_folders else path


@contextmanager
def _parts(folder: Folder) -> Iterator[list[str]]:
    """Paths whose parts are removed if anything fails before they are moved."""
    begun: list[str] = []
    try:
        yield begun
    except BaseException:
        for path in begun:
            folder.discard(path)
        raise


def _pieces(rows: pa.Table, size: int) -> Iterator[pa.Table]:
    for start in range(0, max(rows.num_rows, 1), size):
        yield rows.slice(start, size)


def _write(
    folder: Folder, path: str, piece: tuple[str, pa.Table], export: FileExport
) -> WrittenFile:
    table, rows = piece
    with folder.part(path) as file:
        sink = HashedSink(file)
        write_rows(rows, export, sink)
    return WrittenFile(table, path, rows.num_rows, sink.sha256, sink.size)


def _model(
    export: FileExport,
    moment: Moment,
    schemas: dict[str, pa.Schema],
    written: list[WrittenFile],
) -> bytes:
    """The Common Data Model's description of the last run, as `model.json` says it."""
    entities = [
        {
            "$type": "LocalEntity",
            "name": name,
            "attributes": [
                {"name": field.name, "dataType": _data_type(field.type)} for field in schema
            ],
            "partitions": [
                _partition(file, export, moment) for file in written if file.table == name
            ],
        }
        for name, schema in schemas.items()
    ]
    model = {
        "application": "identity_pipeline",
        "name": export.name,
        "version": "1.0",
        "culture": "en-US",
        "modifiedTime": _moment(moment),
        "annotations": [{"name": "day", "value": moment.day.isoformat()}],
        "entities": entities,
    }
    return (json.dumps(model, ensure_ascii=False, indent=2) + "\n").encode()


def _partition(file: WrittenFile, export: FileExport, moment: Moment) -> dict[str, object]:
    """A file of an entity; its location is relative to the folder of model.json."""
    inside = file.path.split("/", 2)[2]
    partition: dict[str, object] = {
        "name": inside.rsplit("/", 1)[1].removesuffix(suffix(export)),
        "refreshTime": _moment(moment),
        "location": inside,
    }
    if export.format == "csv":
        partition["fileFormatSettings"] = {
            "$type": "CsvFormatSettings",
            "columnHeaders": True,
            "delimiter": export.delimiter,
            "quoteStyle": "QuoteStyle.Csv",
            "csvStyle": "CsvStyle.QuoteAlways",
            "encoding": "UTF-8",
        }
    facts = {"sha256": file.sha256, "rows": str(file.rows), "bytes": str(file.bytes)}
    partition["annotations"] = [{"name": name, "value": value} for name, value in facts.items()]
    return partition


def _moment(moment: Moment) -> str:
    return f"{moment.started.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _data_type(kind: pa.DataType) -> str:
    """The Common Data Model's name of a type."""
    names = {
        "boolean": pa.types.is_boolean(kind),
        "int64": pa.types.is_integer(kind),
        "decimal": pa.types.is_decimal(kind),
        "double": pa.types.is_floating(kind),
        "dateTime": pa.types.is_timestamp(kind),
        "date": pa.types.is_date(kind),
        "time": pa.types.is_time(kind),
    }
    return next((name for name, fits in names.items() if fits), "string")
