"""Placeholders: values that stand for no value, as null, unknown, guest@ or 000-000-0000."""

import re
from functools import cache
from importlib.resources import files
from string import ascii_lowercase

import ibis.expr.types as ir

FILE = files("identity_pipeline.expressions") / "data" / "placeholders.txt"

# So many equal digits are no number that anybody has.
EQUAL_DIGITS = 7
# What may stand around a word, and between digits; classes of letters differ between engines.
AROUND = r"[-\s\"'<>()\[\]{}._*/#~!?]*"
BETWEEN = r"[-\s().+/_]*"
# Behind a plus sign or two zeros, or the 1 of North America; +1 has no further digit.
COUNTRY_CODE = r"(?:[+](?:1|7|[2-9][0-9][0-9]?)|00[1-9][0-9]{0,2}|1)"


def without_placeholders(text: ir.StringValue) -> ir.StringValue:
    """The text; NULL where all of it is a placeholder.

    One expression that names the text once, so that the engine computes it once.
    """
    return text.re_replace(pattern(), "").nullif("")


def is_placeholder(text: str) -> bool:
    """Whether a value is a placeholder, as `without_placeholders` says of a column."""
    return re.search(pattern(), text) is not None


@cache
def pattern() -> str:
    """The shipped list as one regular expression, the same to the engine's and to Python's."""
    listed = _listed()
    words = "|".join(map(_spaced, listed["words"]))
    mailboxes = "|".join(map(re.escape, listed["mailboxes"]))
    numbers = "|".join(BETWEEN.join(number) for number in listed["numbers"])
    equal = "|".join(f"(?:{digit}{BETWEEN}){{{EQUAL_DIGITS},}}" for digit in "0123456789")
    same = "|".join(f"{letter}@{letter}" for letter in ascii_lowercase)  # x@x.x
    every = (
        f"{AROUND}(?:{words}){AROUND}",
        f"{AROUND}(?:{mailboxes})[0-9]*@[^@]+",
        f"(?:{same})[.][a-z]{{1,3}}",
        f"{BETWEEN}(?:{numbers}){BETWEEN}",
        f"{BETWEEN}(?:{COUNTRY_CODE}{BETWEEN})?(?:{equal}){BETWEEN}",
        f"{BETWEEN}0(?:{BETWEEN}0)+{BETWEEN}",
        r"[-\s.,;:_*/#~!?+=]+",
    )
    return f"(?i)^(?:{'|'.join(every)})$"


def _spaced(words: str) -> str:
    return r"\s+".join(map(re.escape, words.split()))


def _listed() -> dict[str, list[str]]:
    """The lines of the file by section."""
    found: dict[str, list[str]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = section = []
        elif line and not line.startswith("#"):
            section.append(line)
    return found
