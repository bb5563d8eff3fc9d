"""Nickname families: which short, long and other forms of a given name are one name."""

import csv
from functools import cache
from importlib.resources import files

from nicknames import name_triplets

USUAL_NAMES = files("identity_pipeline.expressions") / "data" / "usual_names.csv"


@cache
def nickname_families() -> dict[str, str]:
    """Give each of more than a thousand variants of given names the one form of its family.

    A variant joins one name only: the usual one of our own list (bill is william), else the
    only name it is known for. A variant of several names (al: alan, albert, alfred) that
    our list does not settle stands for itself, so it never makes two names one.

    Returns:
        Variant -> the shortest variant of its family (the first of several). The shortest,
        because a misspelt nickname is then still compared with a nickname: benn with ben.

    Source:
        Variants: the package `nicknames`. The product has its own list, which is not published.
    """
    names = _names_of_variants()
    families: dict[str, set[str]] = {}
    for variant in names:
        head = _head(variant, names)
        families.setdefault(head, {head}).add(variant)
    return {
        variant: min(family, key=_length_first)
        for family in families.values()
        for variant in family
    }


def _names_of_variants() -> dict[str, str]:
    """Give each variant the one name it joins, if there is one."""
    known: dict[str, set[str]] = {}
    for name, _, variant in name_triplets():
        if name.isalpha() and variant.isalpha():
            known.setdefault(variant, set()).add(name)
    variants = {variant: min(names) for variant, names in known.items() if len(names) == 1}
    with USUAL_NAMES.open(encoding="utf-8") as lines:
        usual = {row["variant"]: row["name"] for row in csv.DictReader(lines)}
    return variants | {name: name for name in usual.values()} | usual


def _head(variant: str, names: dict[str, str]) -> str:
    """Follow a variant to the name that leads nowhere else; of a circle, to its first name."""
    path = [variant]
    while (name := names.get(path[-1], path[-1])) not in path:
        path.append(name)
    return min(path[path.index(name) :])


def _length_first(name: str) -> tuple[int, str]:
    return len(name), name
