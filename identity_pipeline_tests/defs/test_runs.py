"""Runs of a small environment from the command line to the published file."""

import datetime
import json
import os
import shutil
import stat

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.defs import customers
from identity_pipeline_tests.builders import FILES, write_environment

CONTACTS = "Id,Name,Email,Joined\n1,Ann,ann@x.example,2024-01-01\n2,Bob,bob@x.example,2024-02-01\n"
VISITORS = "Visitor,Mail\nv1,ANN@x.example\nv2,\n"
DAY = "2024-05-01"


def land(environment, table, text, date=DAY, name="file.csv"):
    file = environment / "landing" / table / date / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def cli(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run(environment, *options):
    return cli("run", "--environment", environment, "--home", environment.parent, *options)


def rows(environment, query):
    file = environment.parent / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def tables(environment, *names):
    """Rows of tables, without what numbers groups: the place of a row, which says in which file."""
    shown = "columns(name -> name != 'Deduplication_GroupId')"
    return {name: rows(environment, f"select {shown} from {name} order by all") for name in names}


CUSTOMERS = "select Name, Email, Web_Visitors_Visitor from Customer order by all"
UNIFIED = [
    ("Ann", "ann@x.example", "v1"),
    ("Bob", "bob@x.example", None),
    (None, None, "v2"),
]


@pytest.fixture
def environment(tmp_path):
    folder = write_environment(tmp_path)
    land(folder, "contacts", CONTACTS)
    land(folder, "visitors", VISITORS)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The environment run once, and what the command said."""
    folder = write_environment(tmp_path_factory.mktemp("first"))
    land(folder, "contacts", CONTACTS)
    land(folder, "visitors", VISITORS)
    return folder, run(folder)


@pytest.fixture
def ran(first, tmp_path):
    """The environment after its first run, to change from then on."""
    shutil.copytree(first[0].parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / first[0].name


def test_three_files_and_yaml_become_customers(first):
    environment, outcome = first

    assert outcome.exit_code == 0, outcome.output
    assert rows(environment, CUSTOMERS) == UNIFIED


def test_only_the_owner_can_read_what_a_run_leaves(ran):
    file = ran.parent / "published" / "small.duckdb"
    assert stat.S_IMODE(os.stat(file).st_mode) & 0o077 == 0


def test_published_tables_and_columns_are_described(ran):
    lacking = "select table_name from duckdb_tables() where comment is null"
    email = "where table_name = 'Customer' and column_name = 'Email'"
    [(comment,)] = rows(ran, f"select comment from duckdb_columns() {email}")

    assert rows(ran, lacking) == []
    assert comment == "Unified from contacts.Email, visitors.Mail, by importance."


def test_a_broken_file_fails_the_run_and_the_last_customers_stay(ran):
    land(
        ran,
        "contacts",
        b"Id,Name,Email,Joined\n3,\xff,c@x.example,2024-01-01\n",
        "2024-05-02",
    )

    outcome = run(ran, "--date", "2024-05-02")

    assert outcome.exit_code == 1
    assert "landing/contacts/2024-05-02/file.csv" in outcome.output
    assert rows(ran, CUSTOMERS) == UNIFIED


def test_a_broken_file_only_warns_where_the_source_says_so(environment):
    text = FILES["sources/contacts.yaml"] + "limits: {broken_files: warn, shrink_to: 0%}\n"
    (environment / "sources" / "contacts.yaml").write_text(text)
    land(environment, "contacts", "no header of ours\n", name="broken.csv")

    outcome = run(environment)

    assert outcome.exit_code == 0, outcome.output
    assert rows(environment, CUSTOMERS) == UNIFIED


def test_rows_that_do_not_fit_are_published_with_file_line_and_reason(environment):
    text = FILES["sources/contacts.yaml"] + "limits: {rejected: 50%}\n"
    (environment / "sources" / "contacts.yaml").write_text(text)
    land(environment, "contacts", CONTACTS + "3,Eve,eve@x.example,someday\n")

    run(environment)

    query = "select file, line, column_name from Shop_Contacts_corrupt"
    assert rows(environment, query) == [(f"landing/contacts/{DAY}/file.csv", 4, "Joined")]


def test_a_failed_audit_keeps_the_last_customers_and_reports_the_check(ran, monkeypatch):
    land(ran, "visitors", VISITORS + "v3,\n", "2024-05-02")
    monkeypatch.setattr(customers, "audit", lambda engine: {"records_lost": 1})

    outcome = run(ran, "--date", "2024-05-02")

    assert outcome.exit_code == 1
    assert "customers were not committed" in outcome.output
    assert rows(ran, CUSTOMERS) == UNIFIED
    assert failed_checks(ran) == ["every_key_in_one_customer"]


def failed_checks(environment):
    with dg.DagsterInstance.from_config(str(environment.parent / "dagster_home")) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(["customer", "customer"]), "every_key_in_one_customer")
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        return [] if record.event.dagster_event.asset_check_evaluation_data.passed else [key.name]


def test_running_an_old_date_again_changes_nothing(ran):
    land(ran, "visitors", VISITORS + "v3,bob@x.example\n", "2024-05-02")
    run(ran, "--date", "2024-05-02")
    before = [rows(ran, f"from {name} order by all") for name in ("Customer", "AlternateKey")]

    outcome = run(ran, "--date", DAY)

    after = [rows(ran, f"from {name} order by all") for name in ("Customer", "AlternateKey")]
    assert outcome.exit_code == 0, outcome.output
    assert after == before


COMPARED = (
    "Deduplication_Shop_Contacts",
    "Deduplication_Web_Visitors",
    "MatchEvidence_Web_Visitors",
)


def test_one_file_or_several_give_the_same_tables(first, tmp_path_factory):
    other = write_environment(tmp_path_factory.mktemp("split"))
    header, *lines = CONTACTS.splitlines(keepends=True)
    for number, line in enumerate(lines):
        land(other, "contacts", header + line, name=f"part-{number}.csv")
    land(other, "visitors", VISITORS)

    run(other)

    assert tables(other, *COMPARED) == tables(first[0], *COMPARED)


ANSWERS = [
    # what is asked, exit code, what is said
    (["--date", "2024-13-01"], 2, "is no date"),
    (["--date", "2023-01-01"], 2, "no files before 2024-05-01"),
    (["--through", "2023-01-01"], 2, "no files up to 2023-01-01"),
    (["--date", DAY, "--through", DAY], 2, "not both"),
]


@pytest.mark.parametrize(("options", "code", "said"), ANSWERS)
def test_a_wrong_request_is_answered(environment, options, code, said):
    outcome = run(environment, *options)

    assert outcome.exit_code == code
    assert said in outcome.output


def test_a_delivery_from_the_future_is_refused_by_name(environment):
    land(environment, "visitors", VISITORS, "2999-01-01")

    outcome = run(environment)

    assert outcome.exit_code == 2
    assert "2999-01-01 is in the future" in outcome.output


def test_history_is_told_to_people_and_to_programs(ran):
    [(customer,)] = rows(ran, "select CustomerId from Customer where Name = 'Bob'")
    where = ("--environment", ran, "--home", ran.parent)

    text = cli("history", customer, *where)
    found = json.loads(cli("history", customer[:10], *where, "--json").output)

    assert "created" in text.output
    assert [event["keys"] for event in found["events"]] == ["Shop|Contacts|2"]


def test_history_before_the_first_run_says_what_to_do(environment):
    outcome = cli("history", "abc", "--environment", environment, "--home", environment.parent)

    assert outcome.exit_code == 2
    assert "`identity-pipeline run` makes it" in outcome.output


def test_validate_says_what_is_there_and_warns(environment):
    outcome = cli("validate", "--environment", environment)

    assert outcome.exit_code == 0
    assert "2 sources, 2 tables unified, 2 unified columns, 0 activity tables" in outcome.output


def test_validate_binds_row_filters_to_the_columns_types(environment):
    text = FILES["sources/contacts.yaml"] + "row_filter: {column: Joined, gt: yesterday}\n"
    (environment / "sources" / "contacts.yaml").write_text(text)

    outcome = cli("validate", "--environment", environment)

    assert outcome.exit_code == 2
    assert "sources/contacts.yaml:14, row_filter.gt" in outcome.output


def test_dates_without_files_before_the_first_are_not_run(environment):
    land(environment, "visitors", VISITORS, "2024-05-03")

    outcome = run(environment, "--through", str(datetime.date(2024, 5, 2)))

    assert DAY in outcome.output
    assert "2024-05-03" not in outcome.output
