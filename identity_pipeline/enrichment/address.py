"""Addresses in standard form, by rules for eight countries; offline."""

import csv
from functools import cache, reduce
from importlib.resources import files
from operator import add

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.enrichment import postal, streets
from identity_pipeline.enrichment.base import KEY, Enriched, input_column
from identity_pipeline.enrichment.tidy import in_title_case, spelling, tidy
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.enrichments import Address

COLUMNS = dict.fromkeys(
    ("Street1", "City", "StateOrProvince", "ZipOrPostalCode", "CountryOrRegion", "Address"),
    "string",
)
DATA = files("identity_pipeline.enrichment") / "data"

# So short a state is a code, as MI and NSW: a table knows it or not, it is in capitals.
LONGEST_STATE_CODE = 3

# Where the town stands before the state and the postal code; elsewhere the code is before the town.
_CODE_LAST = ("AU", "CA", "GB", "JP", "US")
# Where state and postal code are one part of the line.
_STATE_WITH_CODE = ("AU", "CA", "US")
_PARTS = {
    "street": "Street1",
    "city": "City",
    "state": "StateOrProvince",
    "postal_code": "ZipOrPostalCode",
    "country": "CountryOrRegion",
}


def enrich_addresses(engine: Engine, asked: Address, customers: ir.Table) -> Enriched:
    """Write addresses as the country's post does; whether an address exists is not checked.

    AU, CA, DE, FR, GB, IT, JP and US: countries as ISO codes; states of AU, CA and US as codes;
    street words, directions and units in the post's form; postal codes in the country's form.
    White space is single blanks. What is all capitals or all small letters is capitalized; mixed
    letters stay. What no rule knows stays: nothing is guessed or completed.

    Returns:
        Rows of customers whose country is known. `processed_changed` have a part that differs from
        the one given (a part that is not configured does not), `processed_unchanged` have none,
        `not_processed` have no country, or another one.

    Raises:
        InsightError: Customer has no such column.
    """
    read = engine.keep(_with_country(engine, _given(asked, customers)))
    split = engine.keep(streets.split(_with_state(engine, read)))
    standard = _in_standard_form(_with_street_words(engine, split))
    written = engine.keep(_with_line(standard))
    parts = [name for key, name in _PARTS.items() if getattr(asked, key)]
    changed = ibis.or_(*(written[f"given_{part}"] != written[part].fill_null("") for part in parts))
    processed = engine.count(written)
    differ = engine.count(written.filter(changed))
    counts = {
        "processed_changed": differ,
        "processed_unchanged": processed - differ,
        "not_processed": engine.count(customers) - processed,
    }
    return Enriched(written.select(KEY, *COLUMNS), counts)


def _given(asked: Address, customers: ir.Table) -> ir.Table:
    """The parts as text; NULL where none is given."""
    parts = {}
    for key, name in _PARTS.items():
        column = getattr(asked, key)
        given = ibis.null("string")
        if column:
            given = as_text(input_column(customers, column, (key,)))
        parts[f"given_{name}"] = given
    return customers.select(KEY, **parts)


def _with_country(engine: Engine, given: ir.Table) -> ir.Table:
    """Only rows of a known country, tidy."""
    spelled = given.mutate(_spelling=spelling(given.given_CountryOrRegion))
    countries = _table(engine, "countries.csv", spelling="_name", country="CountryOrRegion")
    known = spelled.join(countries, spelled._spelling == countries._name).drop("_spelling", "_name")
    country = known.CountryOrRegion
    cased = {
        name: in_title_case(tidy(known[f"given_{name}"]), country) for name in ("Street1", "City")
    }
    state = tidy(known.given_StateOrProvince)
    is_code = state.length() <= LONGEST_STATE_CODE
    cased["StateOrProvince"] = ibis.ifelse(is_code, state.upper(), in_title_case(state, country))
    code = postal.in_form(tidy(known.given_ZipOrPostalCode), country)
    tidied = known.mutate(**cased, ZipOrPostalCode=code)
    return tidied.mutate(
        **{f"given_{n}": tidied[f"given_{n}"].fill_null("") for n in _PARTS.values()}
    )


def _with_state(engine: Engine, rows: ir.Table) -> ir.Table:
    states = _table(engine, "states.csv", country="_country", spelling="_name", state="_state")
    spelled = rows.mutate(_spelling=spelling(rows.StateOrProvince))
    same = [spelled.CountryOrRegion == states._country, spelled._spelling == states._name]
    found = spelled.left_join(states, same)
    state = ibis.coalesce(found._state, found.StateOrProvince)
    return found.mutate(StateOrProvince=state).drop("_country", "_name", "_state", "_spelling")


def _with_street_words(engine: Engine, rows: ir.Table) -> ir.Table:
    for place in ("last", "first"):
        words = _table(
            engine,
            "street_words.csv",
            country="_country",
            place="_place",
            word="_word",
            standard=f"{place}_standard",
        )
        words = words.filter(words._place == place)
        same = [rows.CountryOrRegion == words._country, rows[f"{place}_spelling"] == words._word]
        rows = rows.left_join(words, same).drop("_country", "_place", "_word")
    return rows


def _in_standard_form(rows: ir.Table) -> ir.Table:
    return rows.mutate(Street1=streets.standard(rows))


def _with_line(rows: ir.Table) -> ir.Table:
    """Add `Address`: all parts in one line, in the country's order."""
    country, town, code = rows.CountryOrRegion, rows.City, rows.ZipOrPostalCode
    state_and_code = _joined(" ", rows.StateOrProvince, code)
    line = ibis.cases(
        (
            country.isin(_STATE_WITH_CODE),
            _joined(", ", rows.Street1, town, state_and_code, country),
        ),
        (
            country.isin(_CODE_LAST),
            _joined(", ", rows.Street1, town, rows.StateOrProvince, code, country),
        ),
        else_=_joined(", ", rows.Street1, _joined(" ", code, town), rows.StateOrProvince, country),
    )
    return rows.mutate(Address=line)


def _joined(between: str, *parts: ir.StringValue) -> ir.StringValue:
    """The parts that are there; an empty text for none."""
    pieces = [(part.nullif("") + ibis.literal(between)).fill_null("") for part in parts]
    return reduce(add, pieces).re_replace(f"{between}$", "")


def _table(engine: Engine, file: str, **columns: str) -> ir.Table:
    """A shipped table, its columns renamed."""
    rows = [tuple(row[name] for name in columns) for row in _rows(file)]
    # Kept, so that the large statements it is joined in are the same each time.
    return engine.keep(engine.relation(dict.fromkeys(columns.values(), "string"), rows))


@cache
def _rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
