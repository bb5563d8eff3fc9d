"""The match report, profiles, statistics and agreement of a small environment's runs."""

import re
import xml.etree.ElementTree as ET

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.defs import quality
from identity_pipeline.engine.registry import FAULT
from identity_pipeline_tests.builders import UNIFY, write_environment, write_files

DAYS = ("2024-05-01", "2024-05-02")
CONTACTS = (
    "Id,Name,Email,Joined\nkey-1,Ann Miller,ann@x.example,2024-01-01\n"
    "key-2,Bob Stone,bob@x.example,2024-02-01\nkey-3,Bo Stone,bob@x.example,2024-02-02\n"
)
VISITORS = "Visitor,Mail\nvisitor-1,ANN@x.example\nvisitor-2,\n"
TRUTH = (
    "DataSource,Table,Key,Person\nShop,Contacts,key-1,Annabella\nShop,Contacts,key-2,Robert\n"
    "Shop,Contacts,key-3,Bodo\nWeb,Visitors,visitor-1,Annabella\nWeb,Visitors,visitor-2,\n"
)
ASKED = "quality: {truth: truth.csv, min_precision: 90%, min_recall: 90%}\n"
# No part of any value, key or person may be on the page; names of columns and rules are.
PERSONAL = ("Miller", "Stone", "x.example", "key-", "visitor-", "Annabella", "Robert", "Bodo")


def run(environment, day):
    place = ["--environment", str(environment), "--home", str(environment.parent)]
    return CliRunner().invoke(app, ["run", *place, "--date", day])


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Run for two dates."""
    folder = write_environment(tmp_path_factory.mktemp("report"), {"unify.yaml": UNIFY + ASKED})
    landed = {f"contacts/{DAYS[0]}": CONTACTS, f"visitors/{DAYS[0]}": VISITORS}
    landed[f"visitors/{DAYS[1]}"] = VISITORS + "visitor-3,bob@x.example\n"
    files = {f"landing/{place}/file.csv": text for place, text in landed.items()}
    write_files(folder, files | {"truth.csv": TRUTH})
    for day in DAYS:
        outcome = run(folder, day)
        assert outcome.exit_code == 0, outcome.output
    return folder


def report(environment, name="latest.html"):
    return (environment.parent / "reports" / "small" / name).read_text(encoding="utf-8")


def rows(environment, query):
    file = environment.parent / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def checks(environment, table, name):
    """The last result of a check: whether it passed, its numbers."""
    with dg.DagsterInstance.from_config(str(environment.parent / "dagster_home")) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(table), name)
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        found = record.event.dagster_event.asset_check_evaluation_data
        return found.passed, {name: one.value for name, one in found.metadata.items()}


def test_each_ingestion_date_has_its_page_and_the_latest_is_the_last_ones(environment):
    first, last = (report(environment, f"{day}.html") for day in DAYS)

    assert f"Ingestion date {DAYS[0]}" in first
    assert report(environment) == last


def test_no_personal_value_and_no_id_is_on_the_page(environment):
    ids = [found for (found,) in rows(environment, "select CustomerId from Customer")]

    assert [word for word in (*PERSONAL, *ids) if word in report(environment)] == []


def test_the_page_needs_nothing_beside_itself(environment):
    page = report(environment)

    assert re.findall(r"<script|<link|src=|url\(|https?://", page) == []


def test_every_plot_says_what_it_shows_to_those_who_cannot_see_it(environment):
    plots = [ET.fromstring(one) for one in re.findall(r"<svg.*?</svg>", report(environment))]

    lacking = [one for one in plots if not (one.findtext("title") and one.findtext("desc"))]
    assert (len(plots) >= 5, lacking) == (True, [])


def test_the_assets_metadata_leads_to_the_page(environment):
    with dg.DagsterInstance.from_config(str(environment.parent / "dagster_home")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["serving", "match_report"]))
    metadata = event.asset_materialization.metadata

    path = environment.parent / "reports" / "small" / f"{DAYS[1]}.html"
    assert metadata["page"].value == str(path)
    assert metadata["url"].value.endswith("/reports/small/latest.html")


def test_the_check_carries_precision_and_recall_and_warns_below_what_is_asked(environment):
    passed, numbers = checks(environment, ["customer", "match_quality"], "match_quality")

    # Two Stones share an address: of the pairs {1, v1} and {2, 3} one is right, and none is lost.
    assert (numbers["all/pair_precision"], numbers["all/pair_recall"]) == (0.5, 1.0)
    assert passed is False


def test_numbers_are_published_by_ingestion_date(environment):
    query = "select distinct ingestion_date::text from {} order by 1"
    tables = ("MatchQuality", "MatchStatistics")

    dates = [[day for (day,) in rows(environment, query.format(table))] for table in tables]

    assert dates == [list(DAYS), list(DAYS)]


def test_contradictions_are_published_by_customer(environment):
    query = (
        "select column_name, distinct_values from Contradictions join Customer using (CustomerId)"
    )

    assert rows(environment, query) == [("Name", 2)]


def test_columns_are_published_with_what_was_counted(environment):
    query = "select rows, nulls, distinct_values from ColumnProfiles where column_name = 'Mail'"

    assert rows(environment, query) == [(3, 1, 2)]


def test_a_profile_that_fails_warns_and_holds_nothing_up(environment, monkeypatch):
    def fails(*_):
        raise FAULT("Could not convert Ann Miller")

    monkeypatch.setattr(quality, "profile_columns", fails)
    landed = environment / "landing" / "visitors" / "2024-05-03" / "file.csv"
    write_files(environment, {str(landed.relative_to(environment)): VISITORS})

    outcome = run(environment, "2024-05-03")

    assert outcome.exit_code == 0, outcome.output
    passed, told = checks(environment, ["unify", "visitors_column_profile"], "columns_profiled")
    assert (passed, told) == (False, {"fault": "Error"})
    assert rows(environment, "select count(*) from AlternateKey") == [(5,)]


def test_another_truth_is_measured_anew_while_customers_stay(environment):
    before = made(environment, "customer.customer")
    right = TRUTH.replace("Bodo", "Robert")
    write_files(environment, {"truth.csv": right})

    run(environment, "2024-05-03")

    passed, numbers = checks(environment, ["customer", "match_quality"], "match_quality")
    assert (passed, numbers["all/pair_f1"]) == (True, 1.0)
    assert made(environment, "customer.customer") == before


def test_a_truth_that_cannot_be_used_fails_with_its_place(environment):
    write_files(environment, {"truth.csv": TRUTH + "Shop,Orders,1,a\n"})

    outcome = run(environment, "2024-05-03")

    assert outcome.exit_code == 1
    assert "truth.csv, record 6: no source has this DataSource and Table." in outcome.output


def made(environment, table):
    file = environment.parent / "warehouse" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(
            "select number::text from (select made as number, table_name from ledger.made)"
            " where table_name = $table",
            {"table": table},
        ).fetchall()
