"""Street lines: the word for the kind of street, directions and units, as each post writes them.

Sources: USPS Publication 28 and Canada Post's Addressing Guidelines (abbreviations), Australia
Post's address standards (abbreviations), Royal Mail and Poste Italiane (words in full), La Poste
(abbreviations of AFNOR XP Z 10-011), Deutsche Post (Str.). Only what these say of common words.
"""

import ibis
import ibis.expr.types as ir

from identity_pipeline.enrichment.tidy import ENGLISH, spelling

_COMPASS = {
    "north": "N",
    "northeast": "NE",
    "east": "E",
    "southeast": "SE",
    "south": "S",
    "southwest": "SW",
    "west": "W",
    "northwest": "NW",
}
_DIRECTIONS = _COMPASS | {code.lower(): code for code in _COMPASS.values()}
_ABBREVIATES = ("CA", "US")
_UNITS = {
    "US": {
        "apartment": "Apt",
        "building": "Bldg",
        "department": "Dept",
        "floor": "Fl",
        "room": "Rm",
        "suite": "Ste",
    },
    "CA": {"apartment": "Apt", "ste": "Suite"},
}
_UNIT_WORDS = (
    *("apartment", "apt", "bldg", "building", "department", "dept", "fl", "flat", "floor"),
    *("lot", "rm", "room", "ste", "suite", "unit"),
)

_DIRECTION = "(?:(?:north|south) ?(?:east|west)|north|south|east|west|[ns][.]?[ew]?|[ew])[.]?"
# Street, what is between, the unit's word, its number; a unit has a number or a single letter.
_UNIT = (
    rf"(?i)^(.*?[^ ,])(,? +)((?:{'|'.join(_UNIT_WORDS)})[.]?|#) *"
    r"(#? *(?:[^ ]*[0-9][^ ]*|[a-z])(?:[ ,].*)?)$"
)
_BEHIND = rf"(?i)^(.*?[^ ]) ({_DIRECTION})$"
_AHEAD = rf"(?i)^([^ ]*[0-9][^ ]*) ({_DIRECTION}) ([^ ].*)$"
_LAST = r"^(.*[^ ]) ([^ ]+)$"
# House number with its bis or ter, first word, rest.
_FIRST = r"(?i)^((?:[0-9][^ ]* (?:(?:bis|ter|quater) )?)?)([^ ]+) ([^ ].*)$"
# Something that may be a street's name: not only a house number, nor The.
_NAMED = r"(?i)^(?:[^ ]*[0-9][^ ]* )?(?:the)?$"
_NUMBER_COMMA = "(?i)^([0-9][^ ,]*(?: (?:bis|ter|quater))?), *"
_POST_BOX = "(?i)^p[.]? ?o[.]? ?box +"


def split(rows: ir.Table) -> ir.Table:
    """Cut street lines where words are looked up.

    Args:
        rows: `Street1`, tidy, and `CountryOrRegion`.

    Returns:
        The rows with `lead`, `last_word`, `behind`, `unit_gap`, `unit_word` and `unit_number` of
        English lines, `number`, `first_word` and `rest` of any (an empty text for none), and
        `last_spelling` and `first_spelling` to look up.
    """
    country = rows.CountryOrRegion
    street = rows.Street1.re_replace(_NUMBER_COMMA, r"\1 ")
    street = ibis.ifelse(
        country.isin(ENGLISH),
        street.re_replace(_POST_BOX, "PO Box "),
        ibis.ifelse(country == "IT", street.re_replace(", *([0-9][^ ]*)$", r" \1"), street),
    )
    rows = rows.mutate(Street1=street)
    has_unit = country.isin(ENGLISH) & rows.Street1.re_search(_UNIT)
    whole = ibis.ifelse(has_unit, rows.Street1.re_extract(_UNIT, 1), rows.Street1)
    units = {
        name: ibis.ifelse(has_unit, rows.Street1.re_extract(_UNIT, group), "")
        for group, name in ((2, "unit_gap"), (3, "unit_word"), (4, "unit_number"))
    }
    body = ibis.ifelse(whole.re_search(_BEHIND), whole.re_extract(_BEHIND, 1), whole)
    first = {
        name: rows.Street1.re_extract(_FIRST, group)
        for group, name in ((1, "number"), (2, "first_word"), (3, "rest"))
    }
    rows = rows.mutate(
        **units, **first, behind=whole.re_extract(_BEHIND, 2), lead=body.re_extract(_LAST, 1)
    )
    last_word = body.re_extract(_LAST, 2)
    return rows.mutate(
        last_spelling=ibis.ifelse(rows.lead.re_search(_NAMED), "", spelling(last_word)),
        first_spelling=spelling(rows.first_word),
    )


def standard(rows: ir.Table) -> ir.StringValue:
    """The street line in standard form.

    Args:
        rows: as `split`, with `last_standard` and `first_standard`, NULL where no word was found.
    """
    german = ibis.ifelse(rows.CountryOrRegion == "DE", _german(rows.Street1), rows.Street1)
    return ibis.cases(
        (rows.last_standard.notnull(), _english(rows)),
        (rows.first_standard.notnull(), rows.number + rows.first_standard + " " + rows.rest),
        else_=german,
    )


def _english(rows: ir.Table) -> ir.StringValue:
    country = rows.CountryOrRegion
    abbreviates = country.isin(_ABBREVIATES)
    ahead = rows.lead.re_extract(_AHEAD, 2)
    short_lead = (
        rows.lead.re_extract(_AHEAD, 1)
        + " "
        + _direction(ahead)
        + " "
        + rows.lead.re_extract(_AHEAD, 3)
    )
    lead = ibis.ifelse(abbreviates & (ahead != ""), short_lead, rows.lead)
    behind = ibis.ifelse(abbreviates, _direction(rows.behind), rows.behind)
    gap = ibis.ifelse(abbreviates & (rows.unit_gap != ""), " ", rows.unit_gap)
    between = ibis.ifelse(rows.unit_word.isin(["", "#"]), "", " ")
    unit = gap + _unit(rows) + between + rows.unit_number
    return lead + " " + rows.last_standard + ibis.ifelse(behind == "", "", " " + behind) + unit


def _direction(word: ir.StringValue) -> ir.StringValue:
    key = word.lower().re_replace("[ .]", "")
    return key.cases(*_DIRECTIONS.items(), else_=word)


def _unit(rows: ir.Table) -> ir.StringValue:
    key = rows.unit_word.lower().re_replace("[.]", "")
    written = [
        ((rows.CountryOrRegion == country) & (key == word), ibis.literal(short))
        for country, words in _UNITS.items()
        for word, short in (words | {short.lower(): short for short in words.values()}).items()
    ]
    return ibis.cases(*written, else_=rows.unit_word)


def _german(street: ir.StringValue) -> ir.StringValue:
    """Hauptstraße 5 is Hauptstr. 5, Lange Straße is Lange Str.; a leading Straße stays."""
    spaced = street.re_replace(r"(?i)(stra(?:ß|ss)e|[\p{L} -]str[.]?)([0-9])", r"\1 \2")
    apart = spaced.re_replace(
        r"(?i)([\p{L}.][ -])(?:stra(?:ß|ss)e|str[.]?)( [0-9].*)?$", r"\1Str.\2"
    )
    return apart.re_replace(r"(?i)(\p{L})(?:stra(?:ß|ss)e|str[.]?)( [0-9].*)?$", r"\1str.\2")
