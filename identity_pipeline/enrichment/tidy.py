"""White space and case of the parts of an address."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.texts import WHITESPACE

# Small words stay small inside a name; by country, because La Brea is no French la.
_SMALL = {
    ("AU", "GB", "US"): ("and", "of", "on", "upon"),
    ("CA", "FR"): (
        *("à", "au", "aux", "bis", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les"),
        *("lès", "of", "quater", "sous", "sur", "ter"),
    ),
    ("DE",): ("am", "an", "auf", "bei", "dem", "den", "der", "im", "in", "ob", "und", "zu", "zum"),
    ("IT",): (
        *("al", "alla", "d", "da", "dal", "degli", "dei", "del", "della", "delle", "di", "e"),
        *("in", "sul", "sulla"),
    ),
}
_CAPITALS = ("ne", "nw", "po", "se", "sw", "us")
ENGLISH = ("AU", "CA", "GB", "US")
# No address has this character of a private area: it marks where a word was cut.
_MARK = "\ue000"


def tidy(text: ir.StringValue) -> ir.StringValue:
    """Single blanks, none outside; NULL where nothing is left."""
    return text.re_replace(WHITESPACE, " ").re_replace("^ | $", "").nullif("")


def spelling(text: ir.StringValue) -> ir.StringValue:
    """What words are looked up by: small letters, without dots; other symbols are blanks."""
    bare = text.lower().re_replace("[.'\u2019]", "").re_replace(r"[^\p{L}\p{N}]+", " ")
    return bare.re_replace("^ | $", "")


def in_title_case(text: ir.StringValue, country: ir.StringValue) -> ir.StringValue:
    """Capitalize what is all capitals or all small letters; mixed letters stay.

    Small words (de, of, am) stay small behind the first word; letters with a digit are capitals, as
    12B, but 5th. Parts of a word behind a hyphen or an apostrophe count as words.
    """
    cut = text.re_replace("([-'\u2019])", rf"\1{_MARK} ")
    words = cut.split(" ").map(lambda word, place: _cased(word, place == 0, country))
    joined = ibis.literal(" ").join(words).replace(f"{_MARK} ", "")
    is_mixed = (text != text.upper()) & (text != text.lower())
    return ibis.ifelse(is_mixed, text, joined)


def _cased(
    word: ir.StringValue, is_first: ir.BooleanValue, country: ir.StringValue
) -> ir.StringValue:
    bare = word.lower().re_replace(f"[-',\u2019{_MARK}]", "")
    is_small = ibis.or_(
        *(country.isin(where) & bare.isin(words) for where, words in _SMALL.items())
    )
    is_code = country.isin(ENGLISH) & bare.isin(_CAPITALS)
    return ibis.cases(
        ((is_small & ~is_first) | word.re_search("(?i)^[0-9]+(st|nd|rd|th)$"), word.lower()),
        (is_code | word.re_search("[0-9]"), word.upper()),
        else_=word.capitalize(),
    )
