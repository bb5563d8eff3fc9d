"""Customer cards and searches, from a small published file."""

import datetime
import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.engine.base import Numbers, PublishedTable
from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.serving.history import UnknownCustomer
from identity_pipeline.serving.lookup import (
    SourceKey,
    UnknownKey,
    card_data,
    look_up_id,
    look_up_key,
)
from identity_pipeline.serving.search import NothingToSearch, search
from identity_pipeline_tests.builders import write_environment

ANN, BOB, EVE, OLD, GONE = "a1", "b2", "e3", "0d", "99"
DAY = datetime.date(2024, 1, 5)
NOON, ONE = datetime.datetime(2024, 1, 5, 12), datetime.datetime(2024, 1, 5, 13)

CUSTOMER = (
    "Customer",
    "CustomerId Shop_Contacts_Id Shop_Contacts_Id_Alternate Web_Visitors_Visitor"
    " Web_Visitors_Visitor_Alternate FullName Email Points:decimal(38,4) IdentityStatus"
    " BecameKnownAt:date PreviousCustomerId",
    (ANN, "1", "1;2", "v1", None, "Ann Lee", "ann@x.org", Decimal("12.5"), "known", DAY, OLD),
    (BOB, "3", None, None, None, "Bob Ann-Marie Lee", None, None, "known", DAY, None),
    (EVE, None, None, "v2", None, None, None, None, "unknown", None, None),
)
ALTERNATE_KEY = (
    "AlternateKey",
    "DataSourceName TableName AlternateValue CustomerId",
    ("Shop", "Contacts", "2", ANN),
    ("Shop", "Contacts", "1", ANN),
    ("Shop", "Contacts", "3", BOB),
    ("Web", "Visitors", "v1", ANN),
    ("Web", "Visitors", "v:2", EVE),
)
REGISTRY = (
    "CustomerIdRegistry",
    "customer_id state merged_into",
    (ANN, "live", None),
    ("a2", "live", None),
    ("a2b", "gone", None),
    (BOB, "live", None),
    (EVE, "live", None),
    (OLD, "merged", ANN),
    (GONE, "gone", None),
)
ACTIVITY = (
    "UnifiedActivity",
    "CustomerId ActivityId UnifiedActivityId SourceTableName SourceActivityId ActivityType"
    " ActivityTimeStamp:timestamp(6) Title Description URL SemanticData RangeIndex:int64"
    " was_unknown_at_event:boolean is_shown:boolean ingestion_date:date profile_identifier"
    " Amount:decimal(38,4) Rating:int64",
    *(
        (
            *(who, key, key, "Web_Events", key, "Other", at, title, None, None, None, 1),
            *(was_unknown, is_shown, DAY, "p", amount, rating),
        )
        for who, key, at, title, was_unknown, is_shown, amount, rating in [
            (ANN, "y", NOON, "View", True, True, None, None),
            (ANN, "x", NOON, "Search", True, True, None, None),
            (ANN, "z", ONE, "Buy", False, True, Decimal("9.90"), None),
            (ANN, "h", ONE, "Hidden", False, False, None, 5),
            (BOB, "b", ONE, "Rate", False, True, None, 4),
            (None, "n", ONE, "Nobody", True, True, None, None),
        ]
    ),
)
MEASURES = (
    "Customer_Measure",
    "CustomerId visits:int64 spent:decimal(38,4)",
    (ANN, 3, Decimal("9.9000")),
    (BOB, 0, None),
    (EVE, 1, None),
)
MEMBERSHIP = (
    "SegmentMembership",
    "CustomerId SegmentProvider SegmentMembershipType Segments",
    (ANN, "identity_pipeline", "static", '["vip"]'),
    (ANN, "identity_pipeline", "dynamic", '["buyers","known_ones"]'),
)
NEEDED = (CUSTOMER, ALTERNATE_KEY, REGISTRY)
ALL = (*NEEDED, ACTIVITY, MEASURES, MEMBERSHIP)


def publish(file, tables):
    with open_engine(None) as opened:
        engine = opened.engine
        published = []
        for name, columns, *rows in tables:
            parts = [word.partition(":") for word in columns.split()]
            types = {column: kind or "string" for column, _, kind in parts}
            published.append(PublishedTable(name, engine.relation(types, rows), name))
        opened.publish(published, file, Numbers({}))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("home") / "published" / "small.duckdb"
    publish(path, ALL)
    return path


@pytest.fixture(scope="module")
def engine(file):
    with open_engine(file, Limits(read_only=True)) as opened:
        yield opened.engine


@pytest.mark.parametrize(
    ("source", "table", "key"), [("Shop", "Contacts", "2"), ("Web", "Visitors", "v1")]
)
def test_any_key_of_a_customer_gives_the_card(engine, source, table, key):
    assert look_up_key(engine, SourceKey(source, table, key)).customer_id == ANN


def test_a_card_has_status_and_the_day_the_customer_became_known(engine):
    card = look_up_id(engine, ANN)

    assert (card.status, card.became_known_at, card.previous_customer_id) == ("known", DAY, OLD)


def test_fields_are_the_unified_columns_without_keys(engine):
    card = look_up_id(engine, ANN)

    assert card.fields == {"FullName": "Ann Lee", "Email": "ann@x.org", "Points": Decimal("12.5")}


def test_ids_are_grouped_by_source_and_table(engine):
    card = look_up_id(engine, ANN)

    found = [(one.source, one.table, one.keys) for one in card.ids]
    assert found == [("Shop", "Contacts", ("1", "2")), ("Web", "Visitors", ("v1",))]


def test_measures_are_those_of_the_customer(engine):
    assert look_up_id(engine, ANN).measures == {"visits": 3, "spent": Decimal("9.9")}


def test_segments_of_all_types_are_listed_by_name(engine):
    assert look_up_id(engine, ANN).segments == ("buyers", "known_ones", "vip")


def test_the_timeline_is_newest_first_then_by_activity_id_without_hidden_ones(engine):
    timeline = look_up_id(engine, ANN).timeline

    assert [activity["ActivityId"] for activity in timeline] == ["z", "x", "y"]


def test_the_timeline_leaves_out_attributes_that_are_all_null(engine):
    newest = look_up_id(engine, ANN).timeline[0]

    assert list(newest) == [
        *("ActivityId", "UnifiedActivityId", "SourceTableName", "SourceActivityId"),
        *("ActivityType", "ActivityTimeStamp", "Title", "Description", "URL", "SemanticData"),
        *("RangeIndex", "was_unknown_at_event", "Amount"),
    ]


def test_a_customer_without_insights_has_an_empty_card(engine):
    card = look_up_id(engine, EVE)

    assert (card.status, card.became_known_at) == ("unknown", None)
    assert (card.segments, card.timeline) == ((), ())


def test_an_environment_without_insights_has_cards_too(tmp_path):
    publish(tmp_path / "plain.duckdb", NEEDED)

    with open_engine(tmp_path / "plain.duckdb", Limits(read_only=True)) as opened:
        card = look_up_id(opened.engine, ANN)

    assert (card.measures, card.segments, card.timeline) == ({}, (), ())


BEGINNINGS = [
    # beginning, customer, asked for
    ("A1", ANN, ANN),
    ("b", BOB, BOB),
    (OLD, ANN, OLD),  # merged: the customer it is now
]


@pytest.mark.parametrize(("beginning", "customer", "asked"), BEGINNINGS)
def test_the_beginning_of_an_id_gives_the_customer_it_is_now(engine, beginning, customer, asked):
    card = look_up_id(engine, beginning)

    assert (card.customer_id, card.asked_id) == (customer, asked)


UNKNOWN_IDS = [
    # beginning, what is said
    ("ff", "no CustomerId was ever given that begins with 'ff'"),
    ("a", "several CustomerIds begin with 'a': a1, a2, a2b"),
    (GONE, "the customer 99 is not there any more"),
    ("a2", "the customer a2 is not there any more"),  # whole, though another begins so
]


@pytest.mark.parametrize(("beginning", "said"), UNKNOWN_IDS)
def test_an_id_that_gives_no_customer_is_answered(engine, beginning, said):
    with pytest.raises(UnknownCustomer, match=said):
        look_up_id(engine, beginning)


UNKNOWN_KEYS = [
    # source, table, key, what is said
    ("Shop", "Contacts", "9", "no customer has the key '9' of Shop, table Contacts"),
    ("Shp", "Contacts", "1", "no source is called 'Shp'. Did you mean 'Shop'. Known: Shop, Web"),
    ("Shop", "contacts", "1", "source 'Shop' has no table 'contacts'. Did you mean 'Contacts'"),
    ("Web", "Contacts", "1", "source 'Web' has no table 'Contacts'. Known: Visitors"),
]


@pytest.mark.parametrize(("source", "table", "key", "said"), UNKNOWN_KEYS)
def test_a_key_that_gives_no_customer_is_answered_with_what_there_is(
    engine, source, table, key, said
):
    with pytest.raises(UnknownKey, match=said.replace("?", r"\?")):
        look_up_key(engine, SourceKey(source, table, key))


SEARCHES = [
    # text, customers, best first
    ("ANN", [ANN, BOB]),  # both have the word; then by CustomerId
    ("ann-marie", [BOB, ANN]),  # two parts before one
    ("lee bob", [BOB, ANN]),
    ("x.org", [ANN]),
    ("v1", [ANN]),  # keys are text columns too
    ("an", [ANN, BOB]),
    ("mar", [BOB]),
    ("known", []),  # the status is no field to search
    ("100%", []),  # no wildcard
    ("zzz", []),
]


@pytest.mark.parametrize(("text", "customers"), SEARCHES)
def test_a_search_finds_any_part_in_any_text_column_best_first(engine, text, customers):
    assert [hit.customer_id for hit in search(engine, text)] == customers


def test_a_whole_word_is_better_than_a_part_of_one(tmp_path):
    rows = [("a", "Annabel", "known", None), ("b", "Ann", "known", None)]
    columns = "CustomerId FullName IdentityStatus PreviousCustomerId"
    publish(tmp_path / "p.duckdb", [("Customer", columns, *rows)])

    with open_engine(tmp_path / "p.duckdb", Limits(read_only=True)) as opened:
        hits = search(opened.engine, "ann")

    assert [hit.customer_id for hit in hits] == ["b", "a"]


def test_a_search_gives_at_most_twenty(tmp_path):
    rows = [(f"{n:02}", "Ann", "known", None) for n in range(30)]
    columns = "CustomerId FullName IdentityStatus PreviousCustomerId"
    publish(tmp_path / "p.duckdb", [("Customer", columns, *reversed(rows))])

    with open_engine(tmp_path / "p.duckdb", Limits(read_only=True)) as opened:
        hits = search(opened.engine, "ann")

    assert [hit.customer_id for hit in hits] == [f"{n:02}" for n in range(20)]


def test_a_hit_says_where_it_was_found(engine):
    [hit] = search(engine, "x.org marge")

    assert (hit.status, hit.matched, hit.fields) == ("known", 1, {"Email": "ann@x.org"})


def test_a_search_for_nothing_is_refused(engine):
    with pytest.raises(NothingToSearch, match="nothing to search for"):
        search(engine, " - ")


def test_a_card_for_programs_has_iso_dates_and_exact_decimals_as_text(engine):
    data = card_data(look_up_id(engine, ANN))

    assert (data["became_known_at"], data["fields"]["Points"]) == ("2024-01-05", "12.5")
    newest = data["timeline"][0]
    assert (newest["ActivityTimeStamp"], newest["Amount"]) == ("2024-01-05T13:00:00Z", "9.9")


KEYS = (
    *("customer_id", "asked_id", "status", "became_known_at", "previous_customer_id", "fields"),
    *("ids", "measures", "segments", "enrichments", "timeline"),
)


@pytest.fixture(scope="module")
def lookup(file, tmp_path_factory):
    """Calls the command on the published file."""
    environment = write_environment(tmp_path_factory.mktemp("environment"))
    where = ["--environment", str(environment), "--home", str(file.parents[1])]
    return lambda *words: CliRunner().invoke(app, ["lookup", *words, *where])


@pytest.mark.parametrize("customer", [ANN, EVE])
def test_the_json_of_any_card_has_the_same_keys(lookup, customer):
    result = lookup("--id", customer, "--json")

    assert tuple(json.loads(result.stdout)) == KEYS


def test_a_key_with_colons_is_looked_up(lookup):
    result = lookup("--key", "Web:Visitors:v:2", "--json")

    assert json.loads(result.stdout)["customer_id"] == EVE


def test_a_printed_card_shows_null_as_a_hyphen(lookup):
    result = lookup("--id", EVE)

    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Email", "-"] in lines
    assert ["Segments", "-"] in lines


def test_a_printed_card_says_what_was_merged_into_it(lookup):
    assert f"asked for {OLD}, which was merged into it" in lookup("--id", OLD).stdout


def test_found_customers_are_printed_with_the_place(lookup):
    result = lookup("--search", "x.org")

    assert "Email: ann@x.org" in result.stdout


EXITS = [
    # command, exit code
    (["--id", ANN], 0),
    (["--search", "ann", "--json"], 0),
    (["--id", "ff"], 1),
    (["--key", "Shop:Contacts:9"], 1),
    (["--key", "Shp:Contacts:1"], 1),
    (["--search", "zzz"], 1),
    (["--search", "-"], 2),
    (["--key", "Shop:Contacts"], 2),
    ([], 2),
    (["--id", ANN, "--search", "ann"], 2),
]


@pytest.mark.parametrize(("words", "code"), EXITS)
def test_the_exit_code_says_whether_there_is_such_a_customer(lookup, words, code):
    assert lookup(*words).exit_code == code


def test_what_was_looked_for_is_said_where_nothing_is_found(lookup):
    result = lookup("--search", "zzz")

    assert result.stderr == "no customer has any part of 'zzz' in a text column\n"


def test_before_the_first_run_the_command_says_how_to_begin(tmp_path):
    environment = write_environment(tmp_path)
    words = ["lookup", "--id", "a", "--environment", str(environment), "--home", str(tmp_path)]

    result = CliRunner().invoke(app, words)

    assert (result.exit_code, "identity-pipeline run" in result.stderr) == (2, True)
