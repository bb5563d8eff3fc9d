"""Addresses in standard form."""

import csv

import pytest

from identity_pipeline.enrichment.address import DATA
from identity_pipeline.terms.errors import InsightError
from identity_pipeline_tests.enrichment.desk import enrichment

PARTS = {"street": "S", "city": "C", "state": "P", "postal_code": "Z", "country": "L"}
STANDARD = enrichment(kind="address", **PARTS)
COLUMNS = "CustomerId S C P Z L"


def standard(desk, asked=STANDARD, **parts):
    """One address in standard form: its columns, or None where it is not processed."""
    desk.have(COLUMNS, ("a", *(parts.get(name) for name in "SCPZL")))
    rows = desk.rows(asked)
    return rows[0][1:] if rows else None


COUNTRIES = [
    # as written, code
    ("US", "US"),
    ("usa", "US"),
    (" U.S.A. ", "US"),
    ("United States of America", "US"),
    ("Deutschland", "DE"),
    ("GERMANY", "DE"),
    ("UK", "GB"),
    ("Scotland", "GB"),
    ("États-Unis", "US"),
    ("Grossbritannien", "GB"),
    ("日本", "JP"),
    ("Aus", "AU"),
    ("Italia", "IT"),
    ("FRA", "FR"),
    ("canada", "CA"),
]


@pytest.mark.parametrize(("written", "code"), COUNTRIES)
def test_a_country_becomes_its_iso_code(desk, written, code):
    assert standard(desk, L=written)[4] == code


@pytest.mark.parametrize("country", [None, "", "Atlantis", "Spain"])
def test_without_a_known_country_an_address_is_not_processed(desk, country):
    assert standard(desk, S="12 Main Street", L=country) is None


STATES = [
    # country, state as written, standard
    ("US", "new york", "NY"),
    ("US", "N.Y.", "NY"),
    ("US", "Calif.", "CA"),
    ("US", "District of Columbia", "DC"),
    ("CA", "Québec", "QC"),
    ("CA", "quebec", "QC"),
    ("CA", "NL", "NL"),
    ("AU", "Western Australia", "WA"),
    ("US", "wa", "WA"),
    ("IT", "mi", "MI"),  # no table: a code all the same
    ("DE", "BAYERN", "Bayern"),
    ("US", "Nowhere", "Nowhere"),  # nothing is guessed
]


@pytest.mark.parametrize(("country", "written", "code"), STATES)
def test_a_state_becomes_its_code(desk, country, written, code):
    assert standard(desk, P=written, L=country)[2] == code


POSTAL_CODES = [
    # country, as written, in the country's form
    ("US", "10001", "10001"),
    ("US", "100011234", "10001-1234"),
    ("US", "10001 1234", "10001-1234"),
    ("CA", "h2x1y4", "H2X 1Y4"),
    ("CA", "H2X-1Y4", "H2X 1Y4"),
    ("GB", "sw1a1aa", "SW1A 1AA"),
    ("GB", "M1 1AE", "M1 1AE"),
    ("DE", "D-60311", "60311"),
    ("FR", "F-75002", "75002"),
    ("IT", "20121", "20121"),
    ("AU", " 2000 ", "2000"),
    ("JP", "1000001", "100-0001"),
    ("JP", "〒100-0001", "100-0001"),
    ("US", "1234", "1234"),  # whether a zero was lost is not guessed
    ("GB", "x  y", "X Y"),
]


@pytest.mark.parametrize(("country", "written", "code"), POSTAL_CODES)
def test_a_postal_code_has_its_countrys_form(desk, country, written, code):
    assert standard(desk, Z=written, L=country)[3] == code


STREETS = [
    # country, street as written, standard
    ("US", "12 NORTH MAIN STREET APT 4B", "12 N Main St Apt 4B"),
    ("US", "100 Court Street", "100 Court St"),  # only the last word says what kind it is
    ("US", "12 North Street", "12 North St"),  # its name, no direction
    ("US", "500  5TH avenue, suite 300", "500 5TH Ave Ste 300"),  # mixed letters stay
    ("US", "500 5TH AVENUE", "500 5th Ave"),
    ("US", "100 NW Broadway Street South West #5", "100 NW Broadway St SW #5"),
    ("US", "9 Elm Rd. S.E.", "9 Elm Rd SE"),
    ("US", "1 Avenue of the Americas", "1 Avenue of the Americas"),
    ("US", "1200 LA BREA AVE", "1200 La Brea Ave"),
    ("US", "7 Floor Street", "7 Floor St"),  # no unit: it has no number
    ("US", "p.o. box 12", "PO Box 12"),
    ("US", "One Microsoft Way", "One Microsoft Way"),
    ("US", "12, Main Street", "12 Main St"),
    ("CA", "12 Avenue Road", "12 Avenue Rd"),
    ("CA", "10 King Court West, suite 5", "10 King Crt W Suite 5"),
    ("CA", "12 boulevard Saint-Laurent", "12 Boul Saint-Laurent"),
    ("AU", "12 the avenue", "12 The Avenue"),
    ("AU", "3/12 George Street", "3/12 George St"),
    ("AU", "5 Ocean Parade", "5 Ocean Pde"),
    ("GB", "12 HIGH ST NORTH, FLAT 3", "12 High Street North, Flat 3"),
    ("GB", "st james st.", "St James Street"),
    ("GB", "1 Mill Rd", "1 Mill Road"),
    ("DE", "HAUPTSTRASSE 5", "Hauptstr. 5"),
    ("DE", "Lange Straße 5a", "Lange Str. 5a"),
    ("DE", "Karl-Marx-Straße", "Karl-Marx-Str."),
    ("DE", "Bahnhofstr.7", "Bahnhofstr. 7"),
    ("DE", "Bahnhofstr. 7", "Bahnhofstr. 7"),
    ("DE", "Straße des 17. Juni 135", "Straße des 17. Juni 135"),
    ("DE", "AM MARKT 1", "Am Markt 1"),
    ("FR", "12 BIS, RUE DE LA PAIX", "12 bis Rue de la Paix"),
    ("FR", "3, av. de l'Opéra", "3 Av de l'Opéra"),
    ("FR", "5 boulevard Voltaire", "5 Bd Voltaire"),
    ("IT", "V.LE DELLA LIBERTÀ, 12/A", "Viale della Libertà 12/A"),
    ("IT", "p.za Navona 1", "Piazza Navona 1"),
    ("JP", "1-1  Chiyoda", "1-1 Chiyoda"),
]


@pytest.mark.parametrize(("country", "written", "street"), STREETS)
def test_a_street_is_written_as_its_post_does(desk, country, written, street):
    assert standard(desk, S=written, L=country)[0] == street


@pytest.mark.parametrize(("country", "written", "street"), STREETS)
def test_a_street_in_standard_form_stays_as_it_is(desk, country, written, street):
    assert standard(desk, S=street, L=country)[0] == street


CITIES = [
    # country, city as written, standard
    ("US", "new   york", "New York"),
    ("GB", "STRATFORD-UPON-AVON", "Stratford-upon-Avon"),
    ("DE", "FRANKFURT AM MAIN", "Frankfurt am Main"),
    ("FR", "VILLENEUVE-D'ASCQ", "Villeneuve-d'Ascq"),
    ("US", "McAllen", "McAllen"),  # mixed letters were meant
    ("IT", "reggio nell'emilia", "Reggio Nell'Emilia"),
    ("JP", "東京", "東京"),
]


@pytest.mark.parametrize(("country", "written", "city"), CITIES)
def test_a_city_has_single_blanks_and_capitals(desk, country, written, city):
    assert standard(desk, C=written, L=country)[1] == city


LINES = [
    # street, city, state, postal code, country, line
    ("1 A St", "B", "NY", "10001", "US", "1 A St, B, NY 10001, US"),
    ("1 A Road", "B", None, "M1 1AE", "GB", "1 A Road, B, M1 1AE, GB"),
    ("A-Str. 1", "B", None, "10115", "DE", "A-Str. 1, 10115 B, DE"),
    ("Via A 1", "B", "MI", "20121", "IT", "Via A 1, 20121 B, MI, IT"),
    (None, "B", None, None, "FR", "B, FR"),
    (None, None, None, None, "US", "US"),
]


@pytest.mark.parametrize(("street", "city", "state", "code", "country", "line"), LINES)
def test_the_line_has_the_parts_that_are_there_in_the_countrys_order(
    desk, street, city, state, code, country, line
):
    assert standard(desk, S=street, C=city, P=state, Z=code, L=country)[5] == line


def test_processed_addresses_are_counted_by_whether_a_part_changed(desk):
    desk.have(
        COLUMNS,
        ("a", "1 A Street", "B", "NY", "10001", "US"),
        ("b", "1 A St", "B", "NY", "10001", "US"),
        ("c", "1 A St", "B", "NY", "10001", "USA"),
        ("d", None, None, None, None, "US"),
        ("e", "1 A Street", "B", "NY", "10001", None),
    )

    assert desk.enrich(STANDARD).counts == {
        "processed_changed": 2,
        "processed_unchanged": 2,
        "not_processed": 1,
    }


def test_parts_that_are_not_configured_are_null(desk):
    asked = enrichment(kind="address", city="C", country="L")

    assert standard(desk, asked, S="1 A St", C="B", L="US") == (
        None,
        "B",
        None,
        None,
        "US",
        "B, US",
    )


def test_a_postal_code_may_be_a_number(desk):
    desk.have("CustomerId Z:int64 L", ("a", 60311, "DE"))

    rows = desk.rows(enrichment(kind="address", postal_code="Z", country="L"))

    assert rows[0][4] == "60311"


def test_a_column_that_is_not_there_is_told_in_its_place(desk):
    desk.have("CustomerId City L")

    with pytest.raises(InsightError, match=r"no column 'Cty'. Did you mean 'City'") as error:
        desk.enrich(enrichment(kind="address", city="Cty", country="L"))

    assert error.value.place == ("city",)


LOOK_UPS = [
    # shipped table, what is unique in it
    ("countries.csv", ("spelling",)),
    ("states.csv", ("country", "spelling")),
    ("street_words.csv", ("country", "place", "word")),
]


@pytest.mark.parametrize(("file", "unique"), LOOK_UPS)
def test_a_shipped_table_has_each_spelling_once(file, unique):
    with (DATA / file).open(encoding="utf-8") as lines:
        keys = [tuple(row[name] for name in unique) for row in csv.DictReader(lines)]

    assert sorted(set(keys)) == sorted(keys)
