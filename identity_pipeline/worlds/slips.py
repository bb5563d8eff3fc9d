"""Slips: one edit in a text, made in many texts at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Flags, Numbers, fits

KINDS = 4
DELETE, INSERT, SUBSTITUTE, SWAP = range(KINDS)
# Below this a text would be gone, or nobody could say what it was.
SHORTEST = 3
LETTERS = 26


def with_typos(rng: np.random.Generator, texts: pa.StringArray, share: float) -> pa.StringArray:
    """Give a share of texts one edit each: insert, delete, swap or substitute, equally often.

    Args:
        rng: where chance comes from.
        texts: of letters; those shorter than three stay as they are.
        share: of the texts. A swap of two equal letters, or a letter put for itself, changes
            nothing: about 3 % of the edits.
    """
    wanted = fits(rng, share, len(texts))
    long_enough = pc.greater_equal(pc.utf8_length(texts), SHORTEST).fill_null(False)
    chosen = wanted & long_enough.to_numpy(zero_copy_only=False)
    if not chosen.any():
        return texts
    before = np.array(texts.filter(pa.array(chosen)).to_pylist(), dtype=np.str_)
    return replaced(texts, chosen, pa.array(_edited(rng, before).tolist(), pa.string()))


def replaced(values: pa.Array, where: Flags, by: pa.Array) -> pa.Array:
    """The values, those flagged replaced by the others in order."""
    return pc.replace_with_mask(values, pa.array(where), by)


def blanked(values: pa.Array, where: Flags) -> pa.Array:
    """The values, those flagged missing."""
    return pc.if_else(pa.array(where), pa.scalar(None, values.type), values)


def either(where: Flags, values: pa.Array, others: pa.Array) -> pa.Array:
    """The values where flagged, the others elsewhere."""
    return pc.if_else(pa.array(where), values, others)


def _edited(
    rng: np.random.Generator, texts: "np.ndarray[tuple[int], np.dtype[np.str_]]"
) -> Numbers:
    """Each text with one edit: letters are looked up by moved places, all texts at once."""
    count, width = len(texts), texts.dtype.itemsize // 4
    letters = texts.view(np.uint32).reshape(count, width)
    letters = np.pad(letters, ((0, 0), (0, 2)))
    lengths = np.strings.str_len(texts)
    kind = rng.integers(0, KINDS, count)[:, None]
    at = (rng.random(count) * (lengths - (kind[:, 0] == SWAP))).astype(np.int64)[:, None]
    typed = rng.integers(ord("a"), ord("a") + LETTERS, count).astype(np.uint32)
    place = np.arange(width + 1)[None, :]
    source = np.where((kind == DELETE) & (place >= at), place + 1, place)
    source = np.where((kind == INSERT) & (place > at), place - 1, source)
    source = np.where((kind == SWAP) & (place == at), place + 1, source)
    source = np.where((kind == SWAP) & (place == at + 1), place - 1, source)
    result = np.take_along_axis(letters, source, axis=1)
    rows = np.flatnonzero((kind == INSERT) | (kind == SUBSTITUTE))
    result[rows, at[rows, 0]] = typed[rows]
    return np.ascontiguousarray(result).view(f"<U{width + 1}")[:, 0]
