"""Word lists: names, places and goods that the world is made of."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa

from identity_pipeline.worlds.chance import Numbers


@cache
def lines(name: str) -> tuple[tuple[str, str], ...]:
    """The lines of a list: the word, and what stands after its colon. Order is frequency."""
    path = files("identity_pipeline.worlds") / "data" / f"{name}.txt"
    rows = path.read_text(encoding="utf-8").splitlines()
    pairs = (row.partition(":") for row in rows if row and not row.startswith("#"))
    return tuple((word.strip(), rest.strip()) for word, _, rest in pairs)


def words(name: str) -> pa.StringArray:
    """The words of a list."""
    return pa.array([word for word, _ in lines(name)], pa.string())


def plain(word: str) -> str:
    """The word without accents."""
    split = unicodedata.normalize("NFKD", word.replace("ø", "o").replace("Ø", "O"))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def slug(word: str) -> str:
    """The word as it stands before an @: small letters and digits."""
    return "".join(letter for letter in plain(word).lower() if letter.isalnum())


@dataclass(frozen=True)
class GivenNames:
    """Given names and nicknames in one list.

    Attributes:
        spelled: every name, then every nickname, then all of these again without accents.
        names: how many names there are.
        forms: half the length of `spelled`: a form's place without accents is this much later.
        first, count: per name, where its nicknames begin and how many it has.
    """

    spelled: pa.StringArray
    names: int
    forms: int
    first: Numbers
    count: Numbers


@cache
def given_names() -> GivenNames:
    """The given names with their nicknames."""
    rows = lines("given_names")
    nicknames = [rest.split() for _, rest in rows]
    count = np.array([len(each) for each in nicknames])
    spelled = [name for name, _ in rows] + [nickname for each in nicknames for nickname in each]
    return GivenNames(
        pa.array(spelled + [plain(word) for word in spelled], pa.string()),
        len(rows),
        len(spelled),
        len(rows) + np.cumsum(count) - count,
        count,
    )


@cache
def last_names() -> pa.StringArray:
    """The last names, then all of them again without accents."""
    spelled = [word for word, _ in lines("last_names")]
    return pa.array(spelled + [plain(word) for word in spelled], pa.string())


@cache
def near_names() -> Numbers:
    """For each given name, another that begins alike: what parents call twins."""
    names = [word for word, _ in lines("given_names")]
    order = sorted(range(len(names)), key=lambda place: (plain(names[place]), place))
    near = np.empty(len(names), dtype=np.int64)
    near[order] = np.roll(order, -1)
    return near
