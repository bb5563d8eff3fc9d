"""Source tables: where files land, how they read, what their columns are."""

import datetime
import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from identity_pipeline.terms.base import ColumnName, Name, ProductName, Share, Term
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.filters import Filter, columns_of
from identity_pipeline.terms.names import BAR

ColumnType = Literal["text", "integer", "decimal", "boolean", "date", "timestamp"]

# In a landing pattern, what the ingestion date of a delivery replaces.
INGESTION_DATE = "{ingestion_date}"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_in(path: str, pattern: str) -> datetime.date | None:
    """The date that stands where the pattern has it; None for a day that is in no calendar."""
    for text in _DATE.findall(path):
        if fnmatchcase(path, pattern.replace(INGESTION_DATE, text)):
            try:
                return datetime.date.fromisoformat(text)
            except ValueError:
                return None
    return None


# What ingestion adds to a table, or needs while it works; no declared column may be called so.
RESERVED_COLUMNS = (
    *("_change", "_ingestion_date", "_file", "_line"),
    *("_record", "_column", "_reason"),
)

# A file may have so many records, and a table so many files: a row's place is one number.
MOST_LINES, MOST_FILES = 2**32, 2**24

# The codes a timestamp format may use, each with the text it stands for. Without this check
# the engine reads the year 22 where %Y should be 2022, and overlooks trailing blanks.
DATE_CODES = {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%m": "[0-9]{1,2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,9}",
    "%d": "[0-9]{1,2}",
    "%j": "[0-9]{1,3}",
}
TIME_CODES = {
    "%H": "[0-9]{1,2}",
    "%I": "[0-9]{1,2}",
    "%M": "[0-9]{1,2}",
    "%S": "[0-9]{1,2}",
    "%f": "[0-9]{1,6}",
    "%p": "[AaPp][Mm]",
    "%z": "[+-](0[0-9]|1[0-4]):?[0-5][0-9]",
}
_CODE = re.compile("%.?", re.DOTALL)


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


class Column(Term):
    """A column of a source table.

    `format` (strptime codes) is for dates and timestamps, `zone` (an IANA name) the zone of a
    timestamp written without an offset; timestamps are stored in UTC. A decimal keeps `scale`
    digits after the point and refuses values that have more. `semantic` is the semantic type.
    """

    type: ColumnType
    semantic: str | None = None
    format: str | None = None
    zone: str = "UTC"
    scale: int = Field(default=4, ge=0, le=18)
    required: bool = False
    description: str | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.format and self.type not in ("date", "timestamp"):
            raise ValueError(f"'format' is for dates and timestamps, this column is {self.type}")
        codes = set(_CODE.findall(self.format or "")) - {"%%"}
        known = DATE_CODES if self.type == "date" else DATE_CODES | TIME_CODES
        if unknown := sorted(codes - set(known)):
            raise ValueError(
                f"'{unknown[0]}' in a {self.type}'s format is not understood; "
                f"write {' '.join(known)}, and %% for a percent sign"
            )
        if self.format and not codes & {"%Y", "%y"}:
            raise ValueError("a format needs the year: %Y for four digits, %y for two")
        if not _is_zone(self.zone):
            raise ValueError(f"'{self.zone}' is no time zone; write an IANA name as Europe/Berlin")
        return self


def _column(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(
            f"'{name}' is no encoding; write utf-8, latin-1, cp1252, utf-16, ..."
        ) from None
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]


class CsvFormat(Term):
    """Delimited text with a header line; `.gz` files are unpacked while reading."""

    kind: Literal["csv"]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: Encoding = "utf-8"


class JsonLinesFormat(Term):
    """One JSON object a line; `.gz` files are unpacked while reading."""

    kind: Literal["jsonl"]
    encoding: Encoding = "utf-8"


class ParquetFormat(Term):
    """Parquet; every value is read as text first, and typed with the same checks as text files."""

    kind: Literal["parquet"]


FileFormat = Annotated[CsvFormat | JsonLinesFormat | ParquetFormat, Field(discriminator="kind")]


class Limits(Term):
    """Past a limit a delivery is held: written to the ledger with its reason, not applied.

    Attributes:
        rejected: the largest share of a delivery's rows that may be rejected.
        shrink_to: the smallest size of a full delivery, as a share of the last one applied.
        broken_files: what a file that cannot be read does to the run: `fail` it, or `warn`.
    """

    rejected: Share = Field(default=0.05, ge=0, le=1)
    shrink_to: Share = Field(default=0.5, ge=0, le=1)
    broken_files: Literal["fail", "warn"] = "fail"


# What unification calls its own columns beside a profile's.
OWN_WORDS = ("group", "record")


class Profile(Term):
    """The table's role in unification: its key as a profile, and the columns it brings."""

    primary_key: ColumnName
    columns: tuple[ColumnName, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _leaves_our_words_alone(self) -> Self:
        if taken := [name for name in self.columns if name.lower() in OWN_WORDS]:
            raise ValueError(
                f"'{taken[0]}' is a word of unification's own: give the column another name in the "
                "file, or leave it out of the profile"
            )
        return self


class SourceTable(Term):
    """A table that is delivered as files, by ingestion date.

    `full`: each delivery replaces the last. `incremental`: each delivery upserts by `primary_key`;
    of two rows with one key the later wins, by `updated_on` where given, then by delivery. Files
    under `deletes` name keys that are gone.
    """

    name: Name
    data_source: ProductName
    table: ProductName
    description: str = ""
    owner: str | None = None
    landing: str
    deletes: str | None = None
    format: FileFormat = CsvFormat(kind="csv")
    null_markers: tuple[str, ...] = ("",)
    refresh: Literal["full", "incremental"] = "full"
    primary_key: ColumnName
    updated_on: ColumnName | None = None
    columns: dict[ColumnName, Annotated[Column, BeforeValidator(_column)]] = Field(min_length=1)
    row_filter: Filter | None = None
    limits: Limits = Limits()
    profile: Profile | None = None

    @property
    def prefix(self) -> str:
        """What comes before its keys in an identifier: `DataSource|Table|`."""
        return f"{self.data_source}{BAR}{self.table}{BAR}"

    @model_validator(mode="after")
    def _knows_its_columns(self) -> Self:
        used = [self.primary_key, *([self.updated_on] if self.updated_on else [])]
        used += list(columns_of(self.row_filter)) if self.row_filter else []
        used += [self.profile.primary_key, *self.profile.columns] if self.profile else []
        for name in used:
            if name not in self.columns:
                raise ValueError(
                    f"table '{self.name}' has no column '{name}'. "
                    f"{did_you_mean(name, tuple(self.columns))}"
                )
        if self.profile and self.profile.primary_key not in self.profile.columns:
            raise ValueError("'profile.columns' must list the profile's primary key too")
        if self.deletes and self.refresh == "full":
            raise ValueError(
                "'deletes' is for 'refresh: incremental'; a full delivery replaces all"
            )
        return self

    @model_validator(mode="after")
    def _names_columns_apart(self) -> Self:
        # The warehouse does not tell names apart by case.
        for name, times in Counter(name.lower() for name in self.columns).items():
            if name in RESERVED_COLUMNS:
                raise ValueError(
                    f"'{name}' is a column that ingestion adds; no column may be called so"
                )
            if times > 1:
                raise ValueError(
                    f"columns must differ by more than case: '{name}' is there {times} times"
                )
        return self

    @model_validator(mode="after")
    def _lands_by_date(self) -> Self:
        for pattern in filter(None, (self.landing, self.deletes)):
            if INGESTION_DATE not in pattern:
                raise ValueError(f"'{pattern}' needs {INGESTION_DATE} where the date's folder is")
        return self

    @property
    def key_column(self) -> Column:
        """The column of the primary key."""
        return self.columns[self.primary_key]
