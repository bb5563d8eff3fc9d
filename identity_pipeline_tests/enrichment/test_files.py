"""Enrichments from files with a model.json."""

import datetime
import gzip
from decimal import Decimal

import pytest

from identity_pipeline.terms import names
from identity_pipeline.terms.errors import InsightError, LandingError
from identity_pipeline_tests.enrichment.desk import enrichment, model

FROM_FILES = enrichment(kind="file", landing="landing/extra/{ingestion_date}")
PLAIN = model("CustomerId City Visits:int64")


def test_each_type_of_the_model_is_read_exactly(desk):
    columns = "CustomerId S I:int64 F:double D:decimal B:boolean T:dateTime Y:date"
    row = "a,x,007,5e-1,12.500000001000,true,2024-01-05T10:00:00+02:00,2024-01-05\n"

    desk.deliver(model(columns), {"a.csv": row})

    moment = datetime.datetime(2024, 1, 5, 8)
    day = datetime.date(2024, 1, 5)
    assert desk.rows(FROM_FILES) == [("a", "x", 7, 0.5, Decimal("12.500000001"), True, moment, day)]


def test_the_columns_and_types_are_known_before_anything_runs(desk):
    desk.deliver(model("Id City Visits:int64 Spent:decimal", key="Id"), {})
    (desk.folder / "landing/extra/2024-01-05/a.csv").write_text("a,b,1,2\n")

    assert desk.columns(FROM_FILES) == {
        "City": "string",
        "Visits": "int64",
        "Spent": "decimal(38, 9)",
    }


def test_before_the_first_delivery_there_are_no_columns_and_no_rows(desk):
    assert (desk.columns(FROM_FILES), desk.rows(FROM_FILES)) == ({}, [])


def test_the_latest_delivery_replaces_the_ones_before(desk):
    desk.deliver(PLAIN, {"a.csv": "a,Old,1\nb,Old,1\n"})
    desk.deliver(PLAIN, {"a.csv": "a,New,2\n"}, day=datetime.date(2024, 1, 6))

    assert desk.rows(FROM_FILES) == [("a", "New", 2)]


def test_a_delivery_after_the_day_of_the_run_does_not_count(desk):
    desk.deliver(PLAIN, {"a.csv": "a,Old,1\n"})
    desk.deliver(PLAIN, {"a.csv": "a,New,2\n"}, day=datetime.date(2024, 1, 6))

    found = desk.enrich(FROM_FILES, through=datetime.date(2024, 1, 5))

    assert desk.opened.engine.rows(found.rows) == [("a", "Old", 1)]


READINGS = [
    # what is special, the file
    ("a header in another order", "Visits,CustomerId,City\n1,a,Rome\n"),
    ("no header", "a,Rome,1\n"),
    ("a byte order mark and other line ends", "\ufeffCustomerId,City,Visits\r\na,Rome,1\r\n"),
    ("quotes, empty lines", '\n"a","Rome","1"\n\n'),
]


@pytest.mark.parametrize(("special", "text"), READINGS)
def test_a_header_is_recognized_and_may_be_missing(desk, special, text):
    desk.deliver(PLAIN, {"a.csv": text})

    assert desk.rows(FROM_FILES) == [("a", "Rome", 1)], special


def test_where_the_model_says_there_is_a_header_other_columns_are_passed_over(desk):
    part = {"location": "a.csv", "fileFormatSettings": {"columnHeaders": True, "delimiter": ";"}}
    text = "CustomerId;Other;City;Visits\na;x;Rome;1\n"

    desk.deliver(model("CustomerId City Visits:int64", partitions=[part]), {"a.csv": text})

    assert desk.rows(FROM_FILES) == [("a", "Rome", 1)]


def test_where_the_model_says_there_is_no_header_a_line_of_names_is_a_row(desk):
    part = {"location": "a.csv", "fileFormatSettings": {"columnHeaders": False}}
    text = "CustomerId,City\na,Rome\n"
    desk.deliver(model("CustomerId City", partitions=[part]), {"a.csv": text})

    assert desk.enrich(FROM_FILES).counts["unknown_customers"] == 1


def test_without_partitions_all_csv_files_of_the_folder_count_packed_or_not(desk):
    packed = gzip.compress(b"b,Bonn,2\n")

    desk.deliver(PLAIN, {"a.csv": "a,Rome,1\n", "b.csv.gz": packed, "notes.txt": "no"})

    assert desk.rows(FROM_FILES) == [("a", "Rome", 1), ("b", "Bonn", 2)]


def test_an_empty_value_is_null(desk):
    desk.deliver(PLAIN, {"a.csv": 'a,"",\n'})

    assert desk.rows(FROM_FILES) == [("a", None, None)]


def test_ids_that_are_no_customers_are_left_out_and_counted(desk):
    desk.deliver(PLAIN, {"a.csv": "a,Rome,1\nz,Oslo,2\n"})

    found = desk.enrich(FROM_FILES)

    assert found.counts == {
        "processed": 1,
        "unknown_customers": 1,
        "merged_customers": 0,
        "superseded": 0,
    }


def registry(desk, *rows):
    columns = {"customer_id": "string", "state": "string", "merged_into": "string"}
    engine = desk.opened.engine
    engine.store(names.PROFILE_REGISTRY, engine.relation(columns, rows))


def test_an_id_that_was_merged_counts_for_the_customer_it_is_now(desk):
    registry(desk, ("a", "live", None), ("old", "merged", "a"))

    desk.deliver(PLAIN, {"a.csv": "old,Rome,1\n"})

    assert desk.rows(FROM_FILES) == [("a", "Rome", 1)]


MERGED = [
    # rows of the file, the one that counts
    ("old1,Oslo,1\na,Rome,2\n", ("a", "Rome", 2)),  # the customer's own row, wherever it is
    ("old2,Bonn,3\nold1,Oslo,1\n", ("a", "Oslo", 1)),  # else the smallest id's
]


@pytest.mark.parametrize(("text", "kept"), MERGED)
def test_of_several_rows_of_one_merged_customer_one_counts(desk, text, kept):
    registry(desk, ("old1", "merged", "a"), ("old2", "merged", "a"))
    desk.deliver(PLAIN, {"a.csv": text})

    assert (desk.rows(FROM_FILES), desk.enrich(FROM_FILES).counts["superseded"]) == ([kept], 1)


def test_only_members_of_the_segment_are_enriched(desk):
    engine = desk.opened.engine
    engine.store(names.segment("vip"), engine.relation({"CustomerId": "string"}, [("b",)]))
    desk.deliver(PLAIN, {"a.csv": "a,Rome,1\nb,Bonn,2\n"})

    found = desk.enrich(enrichment(kind="file", landing=FROM_FILES.landing, segment="vip"))

    assert (engine.rows(found.rows), found.counts["outside_segment"]) == ([("b", "Bonn", 2)], 1)


FAULTS = [
    # file, what is said
    ("a,Rome,1\nb,Bonn,two\n", "a.csv, line 2: 'Visits' is not a whole number"),
    ("a,Rome,1.5\n", "a.csv, line 1: 'Visits' is not a whole number"),
    ('a,"Ro\nme",1\nb,Bonn,x\n', "a.csv, line 3: 'Visits' is not"),
    ("a,Rome,1\n,Bonn,2\n", "a.csv, line 2: 'CustomerId' is missing"),
    ("a,Rome,1\nb,x,2\na,Bonn,2\n", "a.csv, line 3: the same 'CustomerId' is in line 1 of"),
    ("a,Rome\n", "a.csv, line 1: has 2 values where there are 3 columns"),
    ("City,CustomerId,Vists\na,b,c\n", "a.csv, line 1: 'Visits' is not a whole number"),
    ('a,"Rome,1\nb,Bonn,2\n', "a.csv, line 1: the quotes of the record that begins here"),
    (b"a,R\xfcm,1\n", "a.csv: is not UTF-8"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_a_fault_refuses_the_delivery_with_file_line_and_column(desk, text, said):
    desk.deliver(PLAIN, {"a.csv": text})

    with pytest.raises(LandingError, match=f"^landing/extra/2024-01-05/{said}"):
        desk.enrich(FROM_FILES)


def test_a_repeated_id_is_told_across_files(desk):
    desk.deliver(PLAIN, {"a.csv": "a,Rome,1\n", "b.csv": "b,x,2\na,Bonn,2\n"})

    with pytest.raises(LandingError, match=r"b.csv, line 2: the same .* line 1 of .*a.csv"):
        desk.enrich(FROM_FILES)


def test_a_declared_header_that_lacks_a_column_is_told_with_the_nearest_name(desk):
    part = {"location": "a.csv", "fileFormatSettings": {"columnHeaders": True}}
    desk.deliver(model("CustomerId City", partitions=[part]), {"a.csv": "CustomerId,Cty\na,x\n"})

    with pytest.raises(LandingError, match=r"line 1: the header lacks 'City'.*Did you mean 'Cty'"):
        desk.enrich(FROM_FILES)


def test_a_damaged_gzip_file_is_told(desk):
    desk.deliver(PLAIN, {"a.csv.gz": gzip.compress(b"a,Rome,1\n" * 100)[:-9]})

    with pytest.raises(LandingError, match=r"a.csv.gz: the gzip file is damaged or cut off"):
        desk.enrich(FROM_FILES)


def without_key():
    return {"entities": [model("CustomerId City")["entities"][0] | {"annotations": []}]}


MODELS = [
    # model, what is said
    (model("CustomerId City:text"), "'City' has the dataType 'text'"),
    (model("CustomerId City", key="Customer"), "is 'Customer'. Did you mean 'CustomerId'"),
    (model("CustomerId:int64 City"), "its dataType is string, not 'int64'"),
    (model("Id CustomerId", key="Id"), "no other column may be called CustomerId"),
    (model("CustomerId City city"), "'city' is there 2 times"),
    (model("CustomerId", partitions=[{"location": "https://x/a.csv"}]), "no file of this folder"),
    (model("CustomerId", partitions=[{"location": "../a.csv"}]), "no file of this folder"),
    (without_key(), "needs one annotation .*c360:PrimaryKey"),
    ({"entities": [{"attributes": []}] * 2}, "entities.0.attributes"),
    ({"entities": [model("CustomerId")["entities"][0]] * 2}, "has 2 entities"),
    ('{"entities": [}', "line 1: is no JSON"),
]


@pytest.mark.parametrize(("wrong", "said"), MODELS)
def test_a_model_that_cannot_be_used_is_told_before_anything_runs(desk, wrong, said):
    desk.deliver(wrong, {"a.csv": "a,b\n"})

    with pytest.raises(LandingError, match=rf"^landing/extra/2024-01-05/model.json.*{said}"):
        desk.columns(FROM_FILES)


def test_a_folder_without_a_model_is_told(desk):
    desk.deliver(PLAIN, {"a.csv": "a,b,1\n"})
    (desk.folder / "landing/extra/2024-01-05/model.json").unlink()

    with pytest.raises(LandingError, match=r"model.json: is missing"):
        desk.columns(FROM_FILES)


def test_a_landing_that_names_files_is_refused(desk):
    desk.deliver(PLAIN, {"a.csv": "a,b,1\n"})

    with pytest.raises(InsightError, match="'landing' names the one folder of a date"):
        desk.columns(enrichment(kind="file", landing="landing/extra/{ingestion_date}/*.csv"))


def test_no_value_of_a_customer_is_in_an_error(desk):
    desk.deliver(PLAIN, {"a.csv": "a,Rome,secret\n"})

    with pytest.raises(LandingError) as error:
        desk.enrich(FROM_FILES)

    assert "secret" not in str(error.value)
