"""What does not fit a term, in words for people: never the validator's own."""

import re
import typing
from types import UnionType
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from identity_pipeline.terms.base import Term
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import LeastRecent, MostFilled, MostRecent, Unification

Place = tuple[str | int, ...]

# What the validator calls things; {..} is what it was told.
WORDS = {
    "missing": "is missing",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "less_than_equal": "must be at most {le:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "union_tag_not_found": "needs a 'kind'",
}

# What each pattern of the terms asks for. The value is not repeated: it may be a secret.
PATTERNS = {
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "must be small letters, digits and single underscores, "
    "as web_events",
    r"^[A-Za-z][A-Za-z0-9_]*$": "must be letters, digits and underscores, a letter first",
    r"^[a-z][a-z0-9_]*\..+$": "must be written table.Column, as web_events.LoyaltyID",
    r"^[A-Z][A-Z0-9_]*$": "must be the name of an environment variable, in capital letters; "
    "never the secret itself",
    r"^[A-Z]{2}$": "must be a country of two capital letters, as US",
}

# What a key wants, where the validator's complaint alone would not help.
WANTED = {
    "precision": "must be a whole number from 1 to 100, or low, medium, high or exact",
    "format": "must be a mapping, as {kind: csv}",
    "delimiter": "must be one character",
    "quote": "must be one character",
    "rejected": "must be a share from 0% to 100%, as 5%",
    "shrink_to": "must be a share from 0% to 100%, as 5%",
}
COLUMN_WANTED: dict[type[Term], str] = {
    SourceTable: "must be a type, as text, or a mapping with 'type'",
    Unification: "must be a list, as [table.Column], or a mapping with 'from'",
}
BOUNDED = ("too_long", "string_too_long", "less_than_equal", "greater_than_equal")
MISFITS = (
    *("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing"),
    *("less_than_equal", "greater_than_equal", "string_too_short", "string_too_long"),
    *("model_type", "model_attributes_type"),
)

PREFERENCES = ("most_filled", "most_recent", "least_recent")
PREFERENCE_KINDS = {kind.__name__ for kind in (MostFilled, MostRecent, LeastRecent)}


def message_of(kind: type[Term], place: Place, details: ErrorDetails, written: str | None) -> str:
    """What is wrong with a value, and how to mend it.

    Args:
        kind: the term that was read.
        place: where in it the value is.
        details: the validator's complaint.
        written: a single value as its file has it; YAML may have read it otherwise.
    """
    context, given = details.get("ctx", {}), details["input"]
    match details["type"]:
        case "extra_forbidden":
            word = str(details["loc"][-1])
            text = f"unknown key '{word}'. {did_you_mean(word, keys_at(kind, place[:-1]))}"
        case "literal_error" | "enum":
            text = _unknown_word(given, context.get("expected"))
        case "union_tag_invalid":
            text = _unknown_word(context.get("tag"), context.get("expected_tags"))
        case "value_error":
            text = str(context.get("error", details["msg"]))
        case "string_type":
            text = _no_text(given, written)
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            text = PATTERNS.get(pattern, f"must be written as {pattern}")
        case "tuple_type" if written:
            text = f"must be a list, as [{written}]"
        case name:
            text = _wanted(kind, place, name) or WORDS.get(name, details["msg"])
            text = text.format_map(context) if name in BOUNDED else text
    return text


def _wanted(kind: type[Term], place: Place, fault: str) -> str | None:
    """What a key wants, where the fault is that its value is of another kind or size."""
    if fault not in MISFITS or not place:
        return None
    is_column = len(place) > 1 and place[-2] == "columns"
    return COLUMN_WANTED.get(kind) if is_column else WANTED.get(str(place[-1]))


def preference_message(value: object) -> str:
    """What a merge preference may be; of several kinds, no single one was meant."""
    words = [str(key) for key in value] if isinstance(value, dict) else [str(value)]
    text = "must be most_filled, {most_recent: Column} or {least_recent: Column}"
    unknown = [word for word in words if word not in PREFERENCES]
    return f"{text}. {did_you_mean(unknown[0], PREFERENCES)}" if unknown else text


def _unknown_word(word: object, expected: object) -> str:
    known = tuple(re.findall(r"'([^']*)'", str(expected)))
    return f"'{word}' is not known. {did_you_mean(str(word), known)}"


def _no_text(value: object, written: str | None) -> str:
    if isinstance(value, dict | list):
        return f"must be text, not a {'list' if isinstance(value, list) else 'mapping'}"
    if not written:
        return "must be text, and is empty"
    match value:
        case None:
            kind = "no value"
        case bool():
            kind = str(value).lower()
        case int() | float():
            kind = "a number"
        case _:
            kind = "a date"
    return f"YAML reads {written} as {kind}, not as text: put it in quotes"


def keys_at(kind: type[Term], place: Place) -> tuple[str, ...]:
    """The keys that a mapping at a place of a term may have."""
    kinds: list[Any] = [kind]
    for step in place:
        kinds = [inner for outer in kinds for inner in _inside(outer, step)]
    names = [
        field.alias or name
        for model in kinds
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    ]
    return tuple(dict.fromkeys(names))


def _inside(kind: Any, step: str | int) -> list[Any]:
    """The types that may stand at a key or index of a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        found = [f.annotation for name, f in fields.items() if step in (name, f.alias)]
        return [plain for annotation in found for plain in _plain(annotation)]
    # The values of a mapping, or the items of a list.
    return [plain for argument in typing.get_args(kind)[-1:] for plain in _plain(argument)]


def _plain(annotation: Any) -> list[Any]:
    """An annotation without Annotated, optional and union around it; containers stay."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if origin in (typing.Union, UnionType):
        return [plain for part in typing.get_args(annotation) for plain in _plain(part)]
    if origin is tuple:
        return [tuple[typing.get_args(annotation)[0]]]  # type: ignore[misc]
    return [annotation]
