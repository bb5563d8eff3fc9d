"""What a platform knows people by: normalized as its documentation says, mostly hashed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import ibis
import ibis.expr.types as ir
import phonenumbers
import pyarrow as pa

from identity_pipeline.expressions.texts import COUNTRY_CODE_ZEROS, WHITESPACE
from identity_pipeline.terms.exports import Identifier, Platform

EDGES = f"^{WHITESPACE}|{WHITESPACE}$"
EMAIL = "^[^@]+@[^@]+$"
COUNTRY = "^[A-Z][A-Z]$"
MOBILE_AD_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
# What a device gives for its id when its owner does not want to be followed.
NO_MOBILE_AD_ID = "00000000-0000-0000-0000-000000000000"
PUNCTUATION = "[\\p{P}\\p{S}]+"
NO_LETTER_OR_DIGIT = "[^\\p{L}\\p{M}\\p{N}]+"
US_POSTAL_CODE = "^([0-9]{5})-?[0-9]{4}$"
# Phone numbers remembered: a selection asks for the same ones several times.
REMEMBERED_NUMBERS = 100_000

_COUNTRY_CODE_ZEROS = re.compile(COUNTRY_CODE_ZEROS)

Normalizer = Callable[[ir.StringValue], ir.StringValue]


@dataclass(frozen=True)
class Form:
    """How a platform takes an identifier.

    Attributes:
        normalized: text as stored -> as the platform writes it; NULL where it cannot be read.
        hashed: whether its SHA-256 is sent, or the text itself.
    """

    normalized: Normalizer
    hashed: bool = True


def platform_value(
    column: ir.StringValue, identifier: Identifier, platform: Platform, region: str | None = None
) -> ir.StringValue:
    """An identifier as a platform takes it: lower-case hexadecimal SHA-256, or plain text.

    Args:
        column: text as stored.
        identifier: what it is.
        platform: who is to read it; it must know the identifier (`terms.exports.IDENTIFIERS`).
        region: the country, as in "US", of phone numbers without a country code.

    Returns:
        NULL where the value is missing or cannot be read: such a value identifies nobody.

    Source:
        google: Data Manager API, "Format user data"; Google Ads API, "Manage online click
        conversions" (for gmail.com and googlemail.com no dots and no `+` suffix before the @).
        meta: "Customer Information Parameters". linkedin: Marketing API, "DMP Segment Users".
        microsoft: Bulk API, "Customer List Item Record". snapchat: Marketing API, "Customer
        Lists", and "Data Hygiene". criteo: "Contact List", and "Email Hashing Format".
        generic is ours: trimmed, lower case, phones in digits with country code, all hashed.
    """
    if identifier == "phone":
        column = phone_number(column, region)
    form = FORMS[platform][identifier]
    value = form.normalized(column).nullif("")
    return value.hexdigest("sha256") if form.hashed else value


def email_hash(column: ir.StringValue) -> ir.StringValue:
    """SHA-256 of an e-mail address, trimmed and in lower case; NULL where it is none."""
    return platform_value(column, "email", "generic")


def phone_number(column: ir.StringValue, region: str | None) -> ir.StringValue:
    """Phone numbers in E.164, as +16502531234; NULL where a number cannot be read.

    A number is read if it has a country code behind + or 00, or else the region's; and if a number
    of that country can be so long. Extensions are dropped, the trunk zero where it is not dialled
    from abroad. A number without country code and region is nobody's: guessing would find another
    person.
    """
    return _international(column, region or "").nullif("")


@ibis.udf.scalar.pyarrow(signature=(("string", "string"), "string"))  # type: ignore[untyped-decorator]
def _international(values: pa.Array, regions: pa.Array) -> pa.Array:
    """Read a batch of phone numbers; the engine leaves NULL out of it and takes none back."""
    if not len(values):
        return values
    region = regions[0].as_py() or None
    return pa.array([_e164(value, region) for value in values.to_pylist()], pa.string())


@lru_cache(REMEMBERED_NUMBERS)
def _e164(value: str, region: str | None) -> str:
    marked = _COUNTRY_CODE_ZEROS.sub("+", value)
    try:
        number = phonenumbers.parse(marked, region)
    except phonenumbers.NumberParseException:
        return ""
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _trimmed(column: ir.StringValue) -> ir.StringValue:
    return column.re_replace(EDGES, "")


def _lower(column: ir.StringValue) -> ir.StringValue:
    return _trimmed(column).lower()


def _readable(value: ir.StringValue, pattern: str) -> ir.StringValue:
    return ibis.ifelse(value.re_search(pattern), value, ibis.null("string"))


def _address(email: ir.StringValue) -> ir.StringValue:
    """An address with something before and behind its only @, and no white space."""
    whole = ~email.re_search(WHITESPACE)
    return ibis.ifelse(whole, _readable(email, EMAIL), ibis.null("string"))


def _email(column: ir.StringValue) -> ir.StringValue:
    return _address(_lower(column))


def _google_email(column: ir.StringValue) -> ir.StringValue:
    """Without white space anywhere; Google's own mailboxes without dots and suffix."""
    email = _address(column.re_replace(WHITESPACE, "").lower())
    name, domain = email.re_extract("^([^@]*)@", 1), email.re_extract("@(.*)$", 1)
    mailbox = name.re_replace("[+].*$", "").replace(".", "")
    is_google = domain.isin(["gmail.com", "googlemail.com"]) & (mailbox != "")
    return ibis.ifelse(is_google, mailbox + "@" + domain, email)


def _same(phone: ir.StringValue) -> ir.StringValue:
    return phone


def _digits(phone: ir.StringValue) -> ir.StringValue:
    return phone.replace("+", "")


def _name(column: ir.StringValue) -> ir.StringValue:
    """In lower case, without punctuation; any alphabet."""
    return _trimmed(_lower(column).re_replace(PUNCTUATION, ""))


def _place(column: ir.StringValue) -> ir.StringValue:
    """In lower case, letters and digits alone: New York is newyork."""
    return _lower(column).re_replace(NO_LETTER_OR_DIGIT, "")


def _meta_postal_code(column: ir.StringValue) -> ir.StringValue:
    """In lower case, without spaces and dashes; of United States codes the first five digits."""
    short = _lower(column).re_replace(US_POSTAL_CODE, r"\1")
    return short.re_replace(WHITESPACE, "").replace("-", "")


def _country(column: ir.StringValue) -> ir.StringValue:
    """The two letters of ISO 3166-1, upper case."""
    return _readable(_trimmed(column).upper(), COUNTRY)


def _lower_country(column: ir.StringValue) -> ir.StringValue:
    return _country(column).lower()


def _mobile_ad_id(column: ir.StringValue) -> ir.StringValue:
    """In lower case, with its dashes."""
    return _readable(_lower(column), MOBILE_AD_ID).nullif(NO_MOBILE_AD_ID)


FORMS: dict[Platform, dict[Identifier, Form]] = {
    "generic": {
        "email": Form(_email),
        "phone": Form(_digits),
        "first_name": Form(_lower),
        "last_name": Form(_lower),
        "city": Form(_lower),
        "state": Form(_lower),
        "postal_code": Form(_lower),
        "country": Form(_lower),
        "mobile_ad_id": Form(_mobile_ad_id),
    },
    "google": {
        "email": Form(_google_email),
        "phone": Form(_same),
        "first_name": Form(_name),
        "last_name": Form(_name),
        "postal_code": Form(_trimmed, hashed=False),
        "country": Form(_country, hashed=False),
        "mobile_ad_id": Form(_mobile_ad_id, hashed=False),
    },
    "meta": {
        "email": Form(_email),
        "phone": Form(_digits),
        "first_name": Form(_name),
        "last_name": Form(_name),
        "city": Form(_place),
        "state": Form(_place),
        "postal_code": Form(_meta_postal_code),
        "country": Form(_lower_country),
        "mobile_ad_id": Form(_mobile_ad_id, hashed=False),
    },
    "linkedin": {
        "email": Form(_email),
        "first_name": Form(_trimmed, hashed=False),
        "last_name": Form(_trimmed, hashed=False),
        "country": Form(_country, hashed=False),
        "mobile_ad_id": Form(_mobile_ad_id, hashed=False),
    },
    "microsoft": {"email": Form(_email)},
    "snapchat": {
        "email": Form(_email),
        "phone": Form(_digits),
        "mobile_ad_id": Form(_mobile_ad_id),
    },
    "criteo": {"email": Form(_email), "mobile_ad_id": Form(_mobile_ad_id, hashed=False)},
}
