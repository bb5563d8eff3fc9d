"""Deliveries of enrichments: a folder of files with a model.json, as the Common Data Model has it.

https://learn.microsoft.com/dynamics365/customer-insights/data/enrichment-sftp-custom-import
"""

import datetime
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import ibis.expr.datatypes as dt
from pydantic import BaseModel, Field, ValidationError

from identity_pipeline.enrichment.base import KEY
from identity_pipeline.expressions.types import type_of
from identity_pipeline.terms.enrichments import FileEnrichment
from identity_pipeline.terms.errors import InsightError, LandingError, did_you_mean
from identity_pipeline.terms.sources import INGESTION_DATE, Column, date_in

MODEL = "model.json"
PRIMARY_KEY = "c360:PrimaryKey"
# A model does not say how many digits a decimal has after its point.
DECIMAL_SCALE = 9
DOUBLE = "double"
TYPES = {
    "string": Column(type="text"),
    "int64": Column(type="integer"),
    "decimal": Column(type="decimal", scale=DECIMAL_SCALE),
    "boolean": Column(type="boolean"),
    "dateTime": Column(type="timestamp"),
    "date": Column(type="date"),
}

_ANY_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


@dataclass(frozen=True)
class Part:
    """A file of a delivery.

    Attributes:
        path, name: where it is, and its path relative to the environment's folder.
        has_header: whether its first line names the columns; None where the model does not say.
        delimiter: the character between values.
    """

    path: Path
    name: str
    has_header: bool | None = None
    delimiter: str = ","

    def fault(self, line: int, message: str) -> LandingError:
        """The error that says where in the file; line 0 is the file itself."""
        place = f"{self.name}, line {line}" if line else self.name
        return LandingError(f"{place}: {message}")


@dataclass(frozen=True)
class Delivery:
    """What a model.json says.

    Attributes:
        name: the model's path, relative to the environment's folder.
        key: the column that holds the CustomerId.
        attributes: column -> the model's type, in the files' order.
        parts: the files, by name.
    """

    name: str
    key: str
    attributes: dict[str, str]
    parts: tuple[Part, ...]


class _Annotation(BaseModel):
    name: str
    value: object = None


class _Attribute(BaseModel):
    name: str = Field(min_length=1)
    data_type: str = Field(alias="dataType")


class _FileFormat(BaseModel):
    column_headers: bool | None = Field(default=None, alias="columnHeaders")
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "UTF-8"


class _Partition(BaseModel):
    location: str
    file_format: _FileFormat = Field(default=_FileFormat(), alias="fileFormatSettings")


class _Entity(BaseModel):
    attributes: list[_Attribute] = Field(min_length=1)
    annotations: list[_Annotation] = []
    partitions: list[_Partition] = []


class _Model(BaseModel):
    entities: list[_Entity] = Field(min_length=1)


def latest_delivery(
    folder: Path, enrichment: FileEnrichment, through: datetime.date | None = None
) -> Delivery | None:
    """The delivery of the latest ingestion date; None where nothing was delivered yet.

    Args:
        folder: the environment's folder, where the landing pattern starts.
        enrichment: where deliveries land.
        through: later dates do not count.

    Raises:
        LandingError: no model.json, or none that can be read.
    """
    dated: dict[datetime.date, list[Path]] = {}
    for path in sorted(folder.glob(enrichment.landing.replace(INGESTION_DATE, _ANY_DATE))):
        date = date_in(path.relative_to(folder).as_posix(), enrichment.landing)
        if date and (through is None or date <= through):
            dated.setdefault(date, []).append(path)
    if not dated:
        return None
    latest = dated[max(dated)]
    if len(latest) > 1 or not latest[0].is_dir():
        shown = ", ".join(f"'{path.relative_to(folder).as_posix()}'" for path in latest[:3])
        raise InsightError(
            ("landing",),
            f"'landing' names the one folder of a date, with its {MODEL}; here {shown}",
        )
    return _read_model(folder, latest[0])


def column_types(delivery: Delivery) -> dict[str, str]:
    """Column -> Ibis type, without the key."""
    return {
        name: str(dt.Float64() if kind == DOUBLE else type_of(TYPES[kind]))
        for name, kind in delivery.attributes.items()
        if name != delivery.key
    }


def _read_model(folder: Path, delivered: Path) -> Delivery:
    path = delivered / MODEL
    model = Part(path, path.relative_to(folder).as_posix())
    if not path.is_file():
        raise model.fault(0, f"is missing: it names the columns of the files. Deliver a {MODEL}.")
    try:
        found = _Model.model_validate(json.loads(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        raise model.fault(0, "is not UTF-8. Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise model.fault(error.lineno, f"is no JSON: {error.msg}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise model.fault(0, f"{place}: {first['msg']}. Mend the model.") from None
    if len(found.entities) > 1:
        raise model.fault(
            0, f"has {len(found.entities)} entities; deliver each as an enrichment of its own."
        )
    [entity] = found.entities
    attributes, key = _attributes(model, entity), _key(model, entity)
    if [name for name in attributes if name.lower() == KEY.lower() and name != key]:
        raise model.fault(0, f"{PRIMARY_KEY} is '{key}', so no other column may be called {KEY}.")
    return Delivery(model.name, key, attributes, _parts(folder, delivered, model, entity))


def _attributes(model: Part, entity: _Entity) -> dict[str, str]:
    found = {one.name: one.data_type for one in entity.attributes}
    # The warehouse does not tell names apart by case.
    for name, times in Counter(one.name.lower() for one in entity.attributes).items():
        if times > 1:
            raise model.fault(0, f"attribute '{name}' is there {times} times. Name columns apart.")
    for name, kind in found.items():
        if kind not in (*TYPES, DOUBLE):
            hint = did_you_mean(kind, sorted((*TYPES, DOUBLE)))
            raise model.fault(0, f"attribute '{name}' has the dataType '{kind}'. {hint}")
    return found


def _key(model: Part, entity: _Entity) -> str:
    keys = [one.value for one in entity.annotations if one.name == PRIMARY_KEY]
    known = [one.name for one in entity.attributes]
    if len(keys) != 1:
        raise model.fault(
            0,
            f"the entity needs one annotation {{'name': '{PRIMARY_KEY}', 'value': column}} that "
            f"names the column of CustomerIds; it has {len(keys)}.",
        )
    key = str(keys[0])
    if key not in known:
        raise model.fault(0, f"{PRIMARY_KEY} is '{key}'. {did_you_mean(key, known)}")
    kind = next(one.data_type for one in entity.attributes if one.name == key)
    if kind != "string":
        raise model.fault(0, f"'{key}' holds CustomerIds: its dataType is string, not '{kind}'.")
    return key


def _parts(folder: Path, delivered: Path, model: Part, entity: _Entity) -> tuple[Part, ...]:
    if not entity.partitions:
        paths = sorted([*delivered.glob("*.csv"), *delivered.glob("*.csv.gz")])
        if not paths:
            raise model.fault(0, "there is no *.csv or *.csv.gz file beside it. Deliver the rows.")
        return tuple(Part(path, path.relative_to(folder).as_posix()) for path in paths)
    found: dict[str, Part] = {}
    for partition in entity.partitions:
        place, form = PurePosixPath(partition.location), partition.file_format
        path = delivered / place
        if "://" in partition.location or ".." in place.parts or not path.is_file():
            raise model.fault(
                0,
                f"the partition '{partition.location}' is no file of this folder. Write its "
                f"location relative to {MODEL}.",
            )
        if form.encoding.lower() not in ("utf-8", "utf8"):
            raise model.fault(0, f"the encoding '{form.encoding}' is not read. Deliver UTF-8.")
        name = path.relative_to(folder).as_posix()
        found[name] = Part(path, name, form.column_headers, form.delimiter)
    return tuple(found[name] for name in sorted(found))
