"""Chance: one stream of random numbers a part of the world, and what is drawn from it."""

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

# Each part draws from its own stream, so that more events do not make other people. A place in
# this list is the stream: add at the end only.
PARTS = (
    *("households", "people", "mailboxes", "phones", "addresses", "presence"),
    *("ecommerce_contacts", "loyalty_members", "pos_customers", "support_contacts"),
    *("changes", "devices", "visits", "events", "guest_address", "placeholder_phones"),
    *("tablet", "kiosks"),
)

# Ranks of long lists are moved down by this much: without it the first of the names would be
# everybody's.
ZIPF_SHIFT = 15


def stream(seed: int, part: str, number: int = 0) -> np.random.Generator:
    """The random numbers of a part; `number` tells several streams of one part apart."""
    return np.random.default_rng([seed, PARTS.index(part), number])


def fits(rng: np.random.Generator, share: float, count: int) -> Flags:
    """A flag each, true for about this share."""
    return rng.random(count, dtype=np.float32) < share


def zipf(rng: np.random.Generator, kinds: int, count: int, shift: int = ZIPF_SHIFT) -> Numbers:
    """Places in a list of `kinds` words whose frequency falls as 1 / (rank + shift)."""
    return weighted(rng, 1.0 / (np.arange(kinds) + shift), count)


def weighted(rng: np.random.Generator, weights: NDArray[np.float64], count: int) -> Numbers:
    """Places in a list, each drawn as often as its weight says."""
    limits = np.cumsum(weights)
    places: Numbers = np.searchsorted(limits, rng.random(count) * limits[-1], side="right").astype(
        np.int64
    )
    # A draw may round up to the end of the last place.
    return np.minimum(places, np.int64(len(weights) - 1))


def numbered(values: Numbers) -> Numbers:
    """Number equal values 0, 1, 2, ... in the order they come."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    places = np.arange(len(values))
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(values)]
    result = np.empty(len(values), dtype=np.int64)
    result[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return result
