"""Words: what the types Name, Address and Organization make of a value, in plain Python."""

import csv
import unicodedata
from functools import cache
from importlib.resources import files

from identity_pipeline.expressions.nickname_families import nickname_families

DATA = files("identity_pipeline.expressions") / "data"


def name_words(value: str) -> str:
    """Write a person's name in its one form: no titles, nicknames as one, words in one order.

    Every word is looked up, because without a word order given and family names look alike.
    Initials stay. A name that is only titles leaves nothing.
    """
    families = nickname_families()
    words = (word for word in _words(value) if word not in _word_list("titles.txt"))
    parts = (part for word in words for part in word.replace(".", " ").split())
    return " ".join(sorted(families.get(part, part) for part in parts))


def address_words(value: str) -> str:
    """Abbreviate the common parts of an address as postal services do: street, northwest, suite."""
    abbreviations = _address_abbreviations()
    return " ".join(abbreviations.get(word, word) for word in _undotted_words(value))


def organization_words(value: str) -> str:
    """Drop the words that say what kind of organization it is: co, corp, ltd, gmbh, the."""
    noise = _word_list("organization_noise.txt")
    return " ".join(word for word in _undotted_words(value) if word not in noise)


def _undotted_words(value: str) -> list[str]:
    return [word.replace(".", "") for word in _words(value)]


def _words(value: str) -> list[str]:
    """Split into lower-case words without symbols at their ends; a comma separates words too."""
    words = (_without_outer_symbols(word) for word in value.lower().replace(",", " ").split())
    return [word for word in words if word]


def _without_outer_symbols(word: str) -> str:
    if word.isalnum():
        return word
    start, end = 0, len(word)
    while start < end and unicodedata.category(word[start])[0] in "PS":
        start += 1
    while start < end and unicodedata.category(word[end - 1])[0] in "PS":
        end -= 1
    return word[start:end]


@cache
def _word_list(file_name: str) -> frozenset[str]:
    return frozenset((DATA / file_name).read_text(encoding="utf-8").split())


@cache
def _address_abbreviations() -> dict[str, str]:
    with (DATA / "address_abbreviations.csv").open(encoding="utf-8") as lines:
        return {row["word"]: row["abbreviation"] for row in csv.DictReader(lines)}
