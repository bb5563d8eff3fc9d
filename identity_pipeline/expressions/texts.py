"""Texts: what each normalization makes of one value, in plain Python.

The patterns mean the same to the engine's regular expressions and to Python's, so both are right
about the same values. They list characters, because the classes of the two differ.
"""

import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from anyascii import anyascii

NOT_ASCII = r"[^\x00-\x7F]"

# Also the kinds that do not break, and those without a width.
WHITESPACE = (
    "[\t-\r\x1c-\x20\x85\xa0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
)

# Letters (Latin, Greek, Cyrillic) behind a digit, then at most 7 digits: x123, ext. 5, Durchwahl 9.
PHONE_EXTENSION = (
    "([0-9][^0-9A-Za-z\u00c0-\u024f\u0370-\u052f]*)"
    "[A-Za-z\u00c0-\u024f\u0370-\u052f][^0-9]*[0-9]{0,7}[^0-9]*$"
)
# Behind a plus sign, or two zeros dialled instead of one. A single zero without a plus sign
# belongs to a national number; without it, the number would read as one with a country code.
COUNTRY_CODE_ZEROS = "^[^0-9]*(?:[+][^0-9]*0|0[^0-9]*0)0*"
NOT_DIGITS = "[^0-9]+"
# (412) 555-0134, 412.555.0134, +1 4125550134: what the library, which takes 20 microseconds a
# number, makes 1 and the ten digits of. An area code begins with 2 to 9.
AMERICAN_REGIONS = frozenset({"US", "CA"})
AMERICAN_PHONE = r"^(\+1[ .-]?)?(\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}$"
AMERICAN_DIGITS = 10

# Joiners and variation selectors: what is left of an emoji when its symbols are gone.
INVISIBLE = "\u200c\u200d" + "".join(map(chr, range(0xFE00, 0xFE10)))


def to_ascii(value: str) -> str:
    """Write letters, width variants and other scripts in plain letters.

    Number symbols (circled, Roman) stay: they are left for Numerals, which comes next and would
    not know the letters "VIII" for a number.
    """
    return _map_not_ascii(_letter_to_ascii, value)


def to_digits(value: str) -> str:
    """Write whole-number symbols in digits: circled, Roman, full-width, other scripts.

    Fractions stay, and so do letters used as numbers ("VIII", the ideographs for one to ten).
    """
    return _map_not_ascii(_number_to_digits, value)


def to_lower(value: str) -> str:
    """Write in lower case, character by character as the engine does (no final sigma)."""
    if value.isascii():
        return value.lower()
    return "".join("i" if char == "\u0130" else char.lower() for char in value)


def to_phone(value: str) -> str:
    """Keep a phone number's digits, without its lettered extension.

    The country code counts: +1 425 555 1212 is not (425) 555-1212. Its leading zeros do not: +01
    and 001 are +1; a single zero without a plus sign stays. Letters that are no extension
    are dropped, so 1-800-FLOWERS is 1800.
    """
    number = re.sub(PHONE_EXTENSION, r"\1", value)
    number = re.sub(COUNTRY_CODE_ZEROS, "", number)
    return re.sub(NOT_DIGITS, "", number)


def to_phone_of(region: str, value: str) -> str:
    """Write a phone number in the digits of E.164, with the region's country code if it has none.

    What is no possible number is written as `to_phone` does. An extension of ours: the product
    has no default region.
    """
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return to_phone(value)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return to_phone(value)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def without_symbols(value: str) -> str:
    """Drop punctuation, brackets and symbols."""
    return "".join(
        char
        for char in value
        if unicodedata.category(char)[0] not in "PS" and char not in INVISIBLE
    )


def without_whitespace(value: str) -> str:
    """Drop all white space, also the kinds that do not break or have no width."""
    return re.sub(WHITESPACE, "", value)


def _map_not_ascii(function: Callable[[str], str], value: str) -> str:
    return re.sub(NOT_ASCII, lambda match: function(match.group()), value)


def _letter_to_ascii(char: str) -> str:
    is_number_symbol = unicodedata.category(char) in {"Nl", "No"}
    if is_number_symbol and _number_to_digits(char) != char:
        return char
    return str(anyascii(char))


def _number_to_digits(char: str) -> str:
    """Give the digits of a number symbol; any other character stays."""
    if unicodedata.category(char)[0] != "N":
        return char
    number = unicodedata.numeric(char)
    return str(int(number)) if number.is_integer() else char
