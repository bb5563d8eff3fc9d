"""Exports: what leaves the house, for whom, and with whose consent."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from identity_pipeline.terms.base import ColumnName, Name, Term
from identity_pipeline.terms.segments import Rule

Platform = Literal["generic", "google", "meta", "linkedin", "microsoft", "snapchat", "criteo"]
Identifier = Literal[
    "email",
    "phone",
    "first_name",
    "last_name",
    "city",
    "state",
    "postal_code",
    "country",
    "mobile_ad_id",
]
# The name of an environment variable; a secret itself is never written into a file.
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Destination(Term):
    """A folder by its URL, as fsspec knows it.

    Attributes:
        url: `file:exports` (below the home folder), `sftp://host/folder`, `s3://bucket/folder`.
        options: what fsspec's file system is opened with, as `{endpoint_url: ...}`; no secrets.
        secrets: option -> environment variable that holds it.
    """

    url: str
    options: dict[str, str | int | bool] = Field(default_factory=dict)
    secrets: dict[str, VariableName] = Field(default_factory=dict)


class _Export(Term):
    name: Name
    description: str | None = None
    consent: Name | None = None


class _FileExport(_Export):
    to: str | Destination
    format: Literal["csv", "parquet", "jsonl"] = "csv"
    gzip: bool = False
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    # Cells that a spreadsheet would run as a formula get a ' before them; for people's eyes.
    safe_for_spreadsheets: bool = False

    @property
    def destination(self) -> Destination:
        """Where it goes, whole."""
        return Destination(url=self.to) if isinstance(self.to, str) else self.to

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        if self.gzip and self.format == "parquet":
            raise ValueError("Parquet is packed by itself: leave 'gzip' out")
        if self.safe_for_spreadsheets and self.format != "csv":
            raise ValueError("'safe_for_spreadsheets' is for CSV")
        return self


class SegmentExport(_FileExport):
    """The members of a segment, with columns of Customer."""

    kind: Literal["segment"]
    segment: Name
    columns: tuple[ColumnName, ...] = ()


class TableExport(_FileExport):
    """Tables of the published file, whole: `Customer`, `UnifiedActivity`, ..."""

    kind: Literal["table"]
    tables: tuple[str, ...] = Field(min_length=1)


class EmailList(_FileExport):
    """One line an e-mail address of a segment's members, and those who left since the last."""

    kind: Literal["email_list"]
    segment: Name
    email: ColumnName = "Email"
    columns: tuple[ColumnName, ...] = ()


class HashedAudience(_FileExport):
    """Hashed identifiers of a segment's members for an ad platform, and removals.

    `identifiers` maps what the platform knows to columns of Customer; a member without any is not
    eligible.
    """

    kind: Literal["hashed_audience"]
    segment: Name
    platform: Platform = "generic"
    identifiers: dict[Identifier, ColumnName] = Field(default={"email": "Email"}, min_length=1)


class Webhook(_Export):
    """Members who entered or left a segment, posted as JSON.

    Each request has an `Idempotency-Key`; those refused for a while (429, 5xx) are repeated.
    """

    kind: Literal["webhook"]
    segment: Name
    url: str = Field(pattern=r"^https?://.+$")
    columns: tuple[ColumnName, ...] = ()
    batch: int = Field(default=100, ge=1, le=10_000)
    # Header -> environment variable that holds its value.
    secret_headers: dict[str, VariableName] = Field(default_factory=dict)


Export = Annotated[
    SegmentExport | TableExport | EmailList | HashedAudience | Webhook,
    Field(discriminator="kind"),
]


class Consent(Term):
    """Who agreed to a purpose: a rule as of segments."""

    purpose: Name
    rule: Rule


class Exports(Term):
    """`exports.yaml`."""

    consents: tuple[Consent, ...] = ()
    exports: tuple[Export, ...] = Field(min_length=1)
