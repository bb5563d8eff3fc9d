"""An effect in words, a line a fact; ids by their first digits."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from identity_pipeline.effects.effect import (
    CustomerChange,
    CustomerEffect,
    Effect,
    KeyChange,
    KeyEffect,
    MemberEffect,
    Sizes,
    Some,
)

# Enough of an id to find it, short enough to read.
SHOWN_DIGITS = 8
NAMED_TABLES = 8

T = TypeVar("T")


def in_words(effect: Effect) -> Iterator[str]:
    """The effect for people; segments and exports that stay as they are in one line."""
    if effect.is_empty:
        yield "Nothing would change."
        return
    yield f"  customers: {_sizes(effect.before)} > {_sizes(effect.after)}"
    yield from customers_in_words(effect.customers)
    yield from _keys(effect.keys)
    for table in dict.fromkeys(one.table for one in effect.values):
        own = [one for one in effect.values if one.table == table]
        columns = "; ".join(f"{one.column} {one.customers:,}" for one in own)
        yield f"  other values in {table}, customers by column: {columns}"
    yield from _members("segments", [(one, "") for one in effect.segments])
    exports = [(one.customers, _recipients(one.sent, one.taken_back)) for one in effect.exports]
    yield from _members("exports", exports)
    named = ", ".join(one.table for one in effect.tables[:NAMED_TABLES])
    more = f" and {rest:,} more" if (rest := len(effect.tables) - NAMED_TABLES) > 0 else ""
    yield f"  tables that change {len(effect.tables):,}: {named}{more}"


def customers_in_words(effect: CustomerEffect) -> Iterator[str]:
    """A line for each thing that became of any customer."""
    for word, some in (
        ("created", effect.created),
        ("split off", effect.split),
        ("restored", effect.restored),
        ("returned", effect.returned),
        ("have another id", effect.renamed),
        ("merged", effect.merged),
        ("gone", effect.gone),
        ("known people dropped", effect.dropped),
        ("became known", effect.became_known),
        ("became unknown", effect.became_unknown),
    ):
        yield from _some(word, some, _customer)


def _keys(effect: KeyEffect) -> Iterator[str]:
    for word, some in (
        ("keys moved", effect.moved),
        ("keys new in a customer", effect.added),
        ("keys in no customer any more", effect.gone),
    ):
        yield from _some(word, some, _key)


def _sizes(sizes: Sizes) -> str:
    return f"{sizes.known + sizes.unknown:,} ({sizes.known:,} known)"


def _some(word: str, some: Some[T], show: Callable[[T], str]) -> Iterator[str]:
    if some.count:
        yield f"  {word} {some.count:,}{_listed(some, show)}"


def _listed(some: Some[T], show: Callable[[T], str]) -> str:
    if not some.examples:
        return ""
    more = some.count - len(some.examples)
    rest = f" and {more:,} more" if more else ""
    return f": {', '.join(map(show, some.examples))}{rest}"


def _customer(change: CustomerChange) -> str:
    other = f" > {_id(change.other)}" if change.other else ""
    cause = ", ".join(filter(None, (change.rule, change.keys)))
    return f"{_id(change.customer_id)}{other}{f' ({cause})' if cause else ''}"


def _key(change: KeyChange) -> str:
    ends = [_id(one) for one in (change.before, change.after) if one]
    return f"{change.key} {' > '.join(ends)}"


def _id(customer: str) -> str:
    return customer[:SHOWN_DIGITS]


def _members(word: str, members: list[tuple[MemberEffect, str]]) -> Iterator[str]:
    quiet = 0
    for one, more in members:
        if not (one.entered.count or one.left.count or more):
            quiet += 1
            continue
        parts = [f"{one.before:,} > {one.after:,}"]
        for kind, some in (("entered", one.entered), ("left", one.left)):
            parts += [f"{kind} {some.count:,}{_listed(some, _id)}"] if some.count else []
        yield f"  {word.removesuffix('s')} {one.name}: {'; '.join([*parts, *filter(None, [more])])}"
    if quiet:
        yield f"  {word} that stay as they are: {quiet:,}"


def _recipients(sent: int, taken_back: int) -> str:
    counts = ((sent, "added"), (taken_back, "taken back"))
    told = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    return f"recipients: {told}" if told else ""
