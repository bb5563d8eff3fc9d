"""Phonetic codes: how a text sounds, so that Schmidt and Shmit agree."""

import re
from collections.abc import Callable
from functools import cache

from identity_pipeline.expressions import texts

# A code is of letters; a number sounds like no other, so it stays.
_PARTS = re.compile(r"[a-z]+|[0-9]+")
# O'Brien is one word.
_WITHIN_WORDS = re.compile("['\u2019]")


def sound_of(value: str) -> str:
    """Code a text by its sound, word by word, in the order of its words.

    The primary code of Double Metaphone of each word; a digit, and a word without a code, stay as
    they are. Letters of other scripts are transliterated first.

    Args:
        value: a text, normalized or not.

    Returns:
        Codes with blanks between them, upper case; empty where there is neither letter nor digit.

    Source:
        L. Philips, "The Double Metaphone Search Algorithm", 2000. Its secondary code is not used:
        a condition compares one value a side, or it could not build a candidate set.
    """
    letters = texts.to_ascii(_WITHIN_WORDS.sub("", value)).lower()
    parts = _PARTS.findall(letters)
    return " ".join(_metaphone()(part) if part.isalpha() else part for part in parts)


@cache
def _metaphone() -> Callable[[str], str]:
    # An optional package: where a rule asks for it, loading has checked that it is there.
    from doublemetaphone import doublemetaphone

    def code(word: str) -> str:
        return doublemetaphone(word)[0] or word.upper()

    return code
