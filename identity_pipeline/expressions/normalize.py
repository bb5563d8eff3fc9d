"""Normalizations: how values are made comparable. They affect comparison, never stored values."""

from collections.abc import Callable, Collection
from functools import cache, lru_cache, partial

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from identity_pipeline.expressions import texts, words
from identity_pipeline.expressions.phonetic import sound_of
from identity_pipeline.terms.rules import Normalization

SYMBOLS = "[\\p{P}\\p{S}" + texts.INVISIBLE + "]+"

# Values remembered per chain of normalizations; names and addresses repeat a lot.
REMEMBERED_VALUES = 100_000

Step = Callable[[str], str]

# In the order they are applied, whatever order they were named in.
STEPS: dict[Normalization, Step] = {
    Normalization.UNICODE_TO_ASCII: texts.to_ascii,
    Normalization.NUMERALS: texts.to_digits,
    Normalization.LOWER: texts.to_lower,
    Normalization.PHONE: texts.to_phone,
    Normalization.NAME: words.name_words,
    Normalization.ADDRESS: words.address_words,
    Normalization.ORGANIZATION: words.organization_words,
    Normalization.SYMBOLS: texts.without_symbols,
    Normalization.WHITESPACE: texts.without_whitespace,
    Normalization.PHONETIC: sound_of,
}
OF_WORDS = {
    *(Normalization.NAME, Normalization.ADDRESS, Normalization.ORGANIZATION),
    Normalization.PHONETIC,
}
OF_OTHER_SCRIPTS = {Normalization.UNICODE_TO_ASCII, Normalization.NUMERALS}


def normalized(
    column: ir.StringValue, steps: Collection[Normalization], default_region: str | None = None
) -> ir.StringValue:
    """Make a column comparable: apply normalizations in their fixed order.

    Args:
        column: text as stored.
        steps: which normalizations; their order does not matter.
        default_region: the country, as in "US", of phone numbers without a country code. None:
            a number with a country code and one without differ, as in the product.

    Returns:
        The text to compare; NULL where the value is NULL or nothing is left of it.
    """
    if OF_WORDS.intersection(steps):
        return _in_python(column, steps, default_region).nullif("")
    if default_region and Normalization.PHONE in steps:
        return _of_region(column, steps, default_region).nullif("")
    text = _in_engine(column, steps)
    if OF_OTHER_SCRIPTS.intersection(steps):
        text = ibis.ifelse(column.re_search(texts.NOT_ASCII), _in_python(column, steps, None), text)
    return text.nullif("")


def normalize_text(
    value: str | None, steps: Collection[Normalization], default_region: str | None = None
) -> str | None:
    """Make one value comparable, as `normalized` does a column."""
    chain = _chain(_spelled(steps), default_region or "")
    return None if value is None else chain(value) or None


def _in_engine(column: ir.StringValue, steps: Collection[Normalization]) -> ir.StringValue:
    """Apply the steps that ASCII text needs and the engine knows."""
    if Normalization.LOWER in steps:
        column = column.lower()
    if Normalization.PHONE in steps:
        column = column.re_replace(texts.PHONE_EXTENSION, r"\1")
        column = column.re_replace(texts.COUNTRY_CODE_ZEROS, "")
        column = column.re_replace(texts.NOT_DIGITS, "")
    if Normalization.SYMBOLS in steps:
        column = column.re_replace(SYMBOLS, "")
    if Normalization.WHITESPACE in steps:
        column = column.re_replace(texts.WHITESPACE, "")
    return column


def _of_region(
    column: ir.StringValue, steps: Collection[Normalization], default_region: str
) -> ir.StringValue:
    """Phone numbers with the country code of a region; the plain ones need no library."""
    text = _in_python(column, steps, default_region)
    if default_region not in texts.AMERICAN_REGIONS:
        return text
    digits = column.re_replace(texts.NOT_DIGITS, "").right(texts.AMERICAN_DIGITS)
    return ibis.ifelse(column.re_search(texts.AMERICAN_PHONE), "1" + digits, text)


def _in_python(
    column: ir.StringValue, steps: Collection[Normalization], default_region: str | None
) -> ir.StringValue:
    return _normalized_values(column, _spelled(steps), default_region or "")


@ibis.udf.scalar.pyarrow(signature=(("string", "string", "string"), "string"))  # type: ignore[untyped-decorator]
def _normalized_values(values: pa.Array, steps: pa.Array, default_region: pa.Array) -> pa.Array:
    """Apply one chain to a batch; the engine leaves NULL out of it and takes none back."""
    if not len(values):
        return values
    chain = _chain(steps[0].as_py(), default_region[0].as_py())
    return pa.array(map(chain, values.to_pylist()), pa.string())


def _spelled(steps: Collection[Normalization]) -> str:
    return " ".join(step for step in STEPS if step in steps)


@cache
def _chain(steps: str, default_region: str) -> Step:
    functions = [_function(Normalization(step), default_region) for step in steps.split()]

    @lru_cache(REMEMBERED_VALUES)
    def apply(value: str) -> str:
        for function in functions:
            value = function(value)
        return value

    return apply


def _function(step: Normalization, default_region: str) -> Step:
    if step is Normalization.PHONE and default_region:
        return partial(texts.to_phone_of, default_region)
    return STEPS[step]
