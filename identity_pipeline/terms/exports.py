"""Exports: what leaves the house, for whom, and with whose consent."""

from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

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
# What each platform's customer lists are matched by, as its documentation says.
IDENTIFIERS: dict[Platform, tuple[Identifier, ...]] = {
    "generic": get_args(Identifier),
    "google": (
        *("email", "phone", "first_name", "last_name", "postal_code", "country"),
        "mobile_ad_id",
    ),
    "meta": get_args(Identifier),
    "linkedin": ("email", "first_name", "last_name", "country", "mobile_ad_id"),
    "microsoft": ("email",),
    "snapchat": ("email", "phone", "mobile_ad_id"),
    "criteo": ("email", "mobile_ad_id"),
}
# Each of these is one person; names and places only make a match surer.
STRONG: tuple[Identifier, ...] = ("email", "phone", "mobile_ad_id")

# Options of file systems that are secrets: an environment variable holds them, no file.
SECRET_OPTIONS = (
    *("password", "passphrase", "secret", "token", "account_key", "sas_token"),
    *("connection_string", "client_secret", "credential", "pkey", "private_key"),
)

# The name of an environment variable; a secret itself is never written into a file.
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Destination(Term):
    """A folder by its URL, as fsspec knows it.

    Attributes:
        url: `file:exports` (below the home folder), `sftp://host/folder`, `s3://bucket/folder`.
        options: what fsspec's file system is opened with, as `{endpoint_url: ...}`; no secrets.
        secrets: option -> environment variable that holds it.

    For SFTP, `known_hosts` (a file, by default the one of OpenSSH) or `host_key` (`ssh-ed25519
    AAAA...`) says by which key the server is known; `key_filename` is a key to log in with.
    """

    url: str
    options: dict[str, str | int | bool] = Field(default_factory=dict)
    secrets: dict[str, VariableName] = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _holds_no_secret(cls, url: str) -> str:
        return _without_password(url, "write it under 'secrets'")

    @field_validator("options")
    @classmethod
    def _are_no_secrets(cls, options: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        for name in options:
            if name in SECRET_OPTIONS:
                raise ValueError(
                    f"'{name}' is a secret: write it under 'secrets', with the name of the "
                    "environment variable that holds it"
                )
        return options


def _without_password(url: str, remedy: str) -> str:
    """The URL; a ValueError that does not show it if there is a password in it."""
    try:
        password = urlsplit(url).password
    except ValueError:
        raise ValueError("this is no URL") from None
    if password is not None:
        raise ValueError(f"a password does not belong into a URL: {remedy}")
    return url


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
        if self.delimiter in '"\r\n':
            raise ValueError("the delimiter cannot be a quote or a line break")
        return self

    @field_validator("to")
    @classmethod
    def _holds_no_secret(cls, to: str | Destination) -> str | Destination:
        if isinstance(to, str):
            return _without_password(to, "write 'to: {url: ..., secrets: {password: VARIABLE}}'")
        return to


class SegmentExport(_FileExport):
    """The members of a segment, with columns of Customer; without `columns`, with all of them."""

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

    `identifiers` maps what the platform knows to columns of Customer; a member without e-mail
    address, phone number and mobile ad id is not eligible, whatever else is known. `region`, as
    in "US", is the country of phone numbers without a country code; without it, these are none.
    """

    kind: Literal["hashed_audience"]
    segment: Name
    platform: Platform = "generic"
    identifiers: dict[Identifier, ColumnName] = Field(default={"email": "Email"}, min_length=1)
    region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")

    @model_validator(mode="after")
    def _knows_people(self) -> Self:
        known = IDENTIFIERS[self.platform]
        unknown = [name for name in self.identifiers if name not in known]
        if unknown:
            raise ValueError(
                f"{self.platform} does not match by '{unknown[0]}', but by {', '.join(known)}"
            )
        if not self.strong:
            strong = [name for name in STRONG if name in known]
            raise ValueError(f"nobody is found by these alone: add one of {', '.join(strong)}")
        return self

    @property
    def strong(self) -> tuple[Identifier, ...]:
        """Those of its identifiers that are one person each, in its order."""
        return tuple(name for name in self.identifiers if name in STRONG)


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

    @field_validator("url")
    @classmethod
    def _holds_no_secret(cls, url: str) -> str:
        return _without_password(url, "write the header under 'secret_headers'")


FileExport = SegmentExport | TableExport | EmailList | HashedAudience
Export = Annotated[FileExport | Webhook, Field(discriminator="kind")]


class Consent(Term):
    """Who agreed to a purpose: a rule as of segments."""

    purpose: Name
    rule: Rule


class Exports(Term):
    """`exports.yaml`."""

    consents: tuple[Consent, ...] = ()
    exports: tuple[Export, ...] = Field(min_length=1)
