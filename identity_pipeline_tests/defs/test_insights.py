"""Insights and exports of a shop, from YAML to the published file and the files that leave it."""

import csv
import datetime
import shutil

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.config import load_environment
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline_tests.shop import DAY_1, DAY_2, play, write_shop

ENRICHMENTS = """\
enrichments:
  - {name: domain, kind: email_domain, email: Email}
  - {name: place, kind: address, city: City, country: Country}
  - name: luck
    kind: function
    function: luck:of
    inputs: [Name]
    columns: {Luck: integer}
  - {name: income, kind: file, landing: "landing/income/{ingestion_date}"}
"""
LUCK = '''\
def of(customers):
    """Long names are lucky."""
    return customers.assign(Luck=customers.Name.str.len().astype("Int64"))[["CustomerId", "Luck"]]
'''
MEASURES = """\
measures:
  - {name: spent, kind: customer_attribute, template: total_transaction_value}
  - {name: mugs, kind: customer_attribute, sum: lines.Quantity, where: {Product: Mug}, null_as: 0}
  - {name: looks, kind: customer_attribute, count: activity, where: {Title: Look}, null_as: 0}
  - {name: looks_per_mug, kind: customer_attribute, formula: looks / mugs}
  - {name: by_title, kind: customer, count: activity, by: [Title]}
  - {name: revenue, kind: business, sum: activity.Amount, window: 30 days}
"""
SEGMENTS = """\
segments:
  - {name: free_mail, rule: {domain.IsFreeMailbox: true}}
  - {name: lucky, rule: {luck.Luck: {ge: 3}}}
  - {name: italians, rule: {place.CountryOrRegion: IT}}
  - {name: mug_buyers, rule: {lines: {where: {Product: Mug}}}}
  - {name: first_guests, kind: static, rule: {Email: {is_null: false}}}
  - {name: big_spenders, quick: {by: spent, top: 1}}
  - {name: nobody, rule: {Name: Zoe}}
  - {name: of_order_4, rule: {activity: {where: {OrderId: O4}}}}
  - name: never_bought
    rule: {except: [{IdentityStatus: known}, {activity: {where: {ActivityType: SalesOrder}}}]}
    project: activity.Title
"""
EXPORTS = """\
consents:
  - {purpose: news, rule: {Joined: {lt: "2024-02-01"}}}
exports:
  - {name: letter, kind: email_list, segment: first_guests, to: "file:exports", consent: news}
  - {name: everything, kind: table, tables: [Customer, UnifiedActivity], to: "file:exports"}
"""
FILES = {
    "enrichments.yaml": ENRICHMENTS,
    "luck.py": LUCK,
    "measures.yaml": MEASURES,
    "segments.yaml": SEGMENTS,
    "exports.yaml": EXPORTS,
}
INCOME = """\
{"name": "income", "entities": [{"name": "Income", "annotations": [
  {"name": "c360:PrimaryKey", "value": "CustomerId"}], "attributes": [
  {"name": "CustomerId", "dataType": "string"}, {"name": "Band", "dataType": "string"}]}]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return play(tmp_path_factory.mktemp("shop"), FILES)


@pytest.fixture
def moved(shop, tmp_path):
    """The shop as it is after its first day, to change from then on."""
    shutil.copytree(shop.first_day, tmp_path, dirs_exist_ok=True)
    return tmp_path / "shop"


def by_name(shop, day, expression, table):
    query = f"select Name, {expression} from Customer join {table} using (CustomerId)"
    return dict(shop.rows(day, f"{query} where Name is not null"))


MEASURED = [
    # column, its value on the second day by name
    ("spent::text", {"Ann": "32.50", "Bob": None, "Cid": "5.25"}),
    ("mugs::integer", {"Ann": 1, "Bob": 0, "Cid": 0}),
    ("looks::integer", {"Ann": 0, "Bob": 1, "Cid": 0}),
    ("looks_per_mug::double", {"Ann": 0.0, "Bob": None, "Cid": None}),
]


@pytest.mark.parametrize(("column", "expected"), MEASURED)
def test_customer_attributes_read_activities_related_tables_and_each_other(shop, column, expected):
    assert by_name(shop, DAY_2, column, "Customer_Measure") == expected


def test_a_customer_measure_has_its_own_table_by_its_dimensions(shop):
    query = """
        select Title, by_title from Measure_by_title join Customer using (CustomerId)
        where Name = 'Ann' order by Title
    """

    assert shop.rows(DAY_2, query) == [("Order", 2), ("Sign-in", 1)]


def test_a_window_ends_with_the_day_of_the_data(shop):
    # O2 is of January, O3 of nobody on the first day.
    days = [shop.rows(day, "select revenue::text from Measure_revenue") for day in (DAY_1, DAY_2)]

    assert days == [[("11.50",)], [("17.75",)]]


MEMBERS = [
    # segment, names of its members after each day
    ("free_mail", {"Bob"}, {"Bob"}),
    ("lucky", {"Ann", "Bob"}, {"Ann", "Bob", "Cid"}),
    ("italians", {"Ann"}, {"Ann"}),
    ("mug_buyers", {"Ann", "Bob"}, {"Ann"}),  # Bob's order was deleted
    ("first_guests", {"Ann", "Bob"}, {"Ann", "Bob"}),  # static: Cid came too late
    ("big_spenders", {"Ann"}, {"Ann"}),
    ("never_bought", set(), {"Bob"}),
]


@pytest.mark.parametrize(("segment", "first", "second"), MEMBERS)
def test_segments_read_enrichments_measures_and_related_tables(shop, segment, first, second):
    query = f"select distinct Name from Segment_{segment}"

    days = [{name for (name,) in shop.rows(day, query)} for day in (DAY_1, DAY_2)]

    assert days == [first, second]


def test_a_projected_attribute_is_a_column_of_the_segment(shop):
    query = 'select Name, "activity.Title" from Segment_never_bought order by all'

    assert shop.rows(DAY_2, query) == [("Bob", "Look"), ("Bob", "Sign-in")]


def lines(folder, pattern):
    [file] = sorted(folder.glob(f"home/exports/CustomerInsights_shop/{pattern}"))
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_consent_is_a_gate(shop):
    rows = lines(shop.folder, f"letter/first_guests/{DAY_2.replace('-', '/')}/*/*.csv")
    counted = "select members, eligible, refused_by_consent from ExportRuns where export = 'letter'"

    assert [row["Email"] for row in rows] == ["ANN@x.example"]
    assert shop.rows(DAY_2, f"{counted} order by ingestion_date desc limit 1") == [(2, 1, 1)]


def test_whole_tables_are_exported_as_they_are_published(shop):
    rows = lines(shop.folder, f"everything/UnifiedActivity/{DAY_2.replace('-', '/')}/*/*.csv")

    ids = {name for (name,) in shop.rows(DAY_2, "select ActivityId from UnifiedActivity")}
    assert {row["ActivityId"] for row in rows} == ids


CHECKS = [
    # table, check, whether it passed on the second day
    ("segment_italians", "has_members", True),
    ("segment_nobody", "has_members", False),
    ("segment_lucky", "size_is_steady", True),
    ("segment_mug_buyers", "size_is_steady", True),
    ("segment_never_bought", "size_is_steady", True),  # from nobody to one is no share of nobody
    ("segment_of_order_4", "size_is_steady", False),  # the order was deleted
]


@pytest.mark.parametrize(("table", "check", "passed"), CHECKS)
def test_segments_that_are_empty_or_jump_are_told(shop, monkeypatch, table, check, passed):
    monkeypatch.setenv("DAGSTER_HOME", str(shop.folder / "home" / "dagster_home"))
    key = dg.AssetCheckKey(dg.AssetKey(["insight", table]), check)

    with dg.DagsterInstance.get() as instance:
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]

    assert latest.event.dagster_event.asset_check_evaluation_data.passed is passed


@pytest.fixture
def moving(tmp_path):
    """A shop of its own, to change from day to day."""
    return write_shop(tmp_path, FILES)


def run(folder, day):
    only = Dates(only=datetime.date.fromisoformat(day))
    return run_dates(folder, folder.parent / "home", only)


def rows(folder, query):
    with duckdb.connect(str(folder.parent / "home/published/shop.duckdb"), read_only=True) as found:
        return found.execute(query).fetchall()


def test_a_customer_deleted_at_the_source_is_gone_everywhere(moved):
    contacts = moved / "sources" / "contacts.yaml"
    deletes = "deletes: landing/gone/{ingestion_date}/*.csv\nrefresh: incremental\n"
    contacts.write_text(contacts.read_text().replace("refresh: incremental\n", deletes))
    gone = moved / "landing" / "gone" / DAY_2 / "file.csv"
    gone.parent.mkdir(parents=True)
    gone.write_text("Id\nC1\nC2\n", encoding="utf-8")

    succeeded = run(moved, DAY_2)

    tables = ("Customer", "Segment_first_guests", "Segment_lucky", "Segment_big_spenders")
    left = {table: rows(moved, f"select 1 from {table} where Name = 'Ann'") for table in tables}
    removed = lines(moved.parent, f"letter/first_guests_removed/{DAY_2.replace('-', '/')}/*/*.csv")
    assert succeeded
    assert not any(left.values())
    assert len(removed) == 1


def test_a_file_enrichment_is_keyed_by_customer_id(moved):
    [(ann,)] = rows(moved, "select CustomerId from Customer where Name = 'Ann'")
    folder = moved / "landing" / "income" / DAY_2
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(INCOME, encoding="utf-8")
    (folder / "part.csv").write_text(f"CustomerId,Band\n{ann},high\n", encoding="utf-8")

    run(moved, DAY_2)

    assert rows(moved, "select CustomerId, Band from Enrichment_income") == [(ann, "high")]
    card = CliRunner().invoke(
        app,
        [
            "lookup",
            "--id",
            ann,
            "--environment",
            str(moved),
            "--home",
            str(moved.parent / "home"),
        ],
    )
    assert "high" in card.output


def test_a_destination_that_fails_keeps_no_reader_waiting(moving):
    exports = moving / "exports.yaml"
    broken = exports.read_text().replace('Activity], to: "file:exports"', 'Activity], to: "nix:x"')
    exports.write_text(broken, encoding="utf-8")

    succeeded = run(moving, DAY_1)

    assert not succeeded
    assert rows(moving, "select count(*) from Customer") == [(3,)]
    assert lines(moving.parent, f"letter/first_guests/{DAY_1.replace('-', '/')}/*/*.csv") != []


def test_one_segment_or_measure_can_be_refreshed_by_itself(moved, monkeypatch):
    home = moved.parent / "home"
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster_home"))
    job = definitions_of(load_environment(moved), Home(home, "shop")).resolve_job_def("refresh")
    asked = [dg.AssetKey(["insight", name]) for name in ("segment_lucky", "measure_revenue")]

    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, partition_key=DAY_1, asset_selection=asked
        )

    made = {event.asset_key for event in result.get_asset_materialization_events()}
    assert result.success
    assert made == set(asked)


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_declaration_reaches_the_rows_of_every_date(shop, tmp_path):
    for name in ("shop", "home"):
        shutil.copytree(shop.folder / name, tmp_path / name)
    both_days = tmp_path / "shop"
    change(both_days / "sources" / "contacts.yaml", "primary_key: Id\ncolumns:", NEW_MARKERS)

    run_dates(both_days, tmp_path / "home", Dates())

    # Leeds is of the second day, Rome of the first.
    cities = rows(both_days, "select distinct City from Customer where City is not null order by 1")
    assert cities == [("Berlin",)]


NEW_MARKERS = 'primary_key: Id\nnull_markers: ["", Rome, Leeds]\ncolumns:'


def test_activities_of_a_date_that_was_only_ingested_are_not_missed(moved, monkeypatch):
    home = moved.parent / "home"
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster_home"))
    job = definitions_of(load_environment(moved), Home(home, "shop")).resolve_job_def("match_only")
    visit = moved / "landing" / "visits" / DAY_2 / "file.csv"
    visit.parent.mkdir(parents=True)
    visit.write_text("Visit,At,Visitor,Mail,What,Page\n9,2024-05-02 08:00:00,v2,,Look,/\n")
    with dg.DagsterInstance.get() as instance:
        job.execute_in_process(instance=instance, partition_key=DAY_2)
    order = moved / "landing" / "orders" / "2024-05-03" / "file.csv"
    order.parent.mkdir(parents=True)
    order.write_text("OrderId,Contact,Total,At,Note\nO9,C1,1.00,2024-05-03 09:00:00,\n")

    run(moved, "2024-05-03")

    found = rows(moved, "select SourceActivityId from UnifiedActivity where OrderId is null")
    assert ("9",) in found


def test_who_was_reached_earlier_on_the_same_day_is_taken_back(moved):
    change(moved / "exports.yaml", '{Joined: {lt: "2024-02-01"}}', "{Name: Nobody}")

    run(moved, DAY_1)

    folder = moved.parent / "home/exports/CustomerInsights_shop/letter/first_guests_removed"
    sent = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*/*/*/*/*.csv"))]
    assert "ANN@x.example" in sent[-1]


def test_a_measure_that_is_gone_is_asked_for_no_more(moved):
    (moved / "measures.yaml").unlink()
    change(moved / "segments.yaml", "  - {name: big_spenders, quick: {by: spent, top: 1}}\n", "")

    succeeded = run(moved, DAY_2)

    columns = 'select distinct "column" from SegmentDifferentiators'
    assert succeeded
    assert ("looks",) not in rows(moved, columns)


def test_whole_tables_may_be_the_only_export(moving):
    whole = '{name: all, kind: table, tables: [UnifiedActivity], to: "file:x"}'
    (moving / "exports.yaml").write_text(f"exports:\n  - {whole}\n", encoding="utf-8")

    assert run(moving, DAY_1)


def test_again_makes_also_what_did_not_change(moved):
    made = "select max(made) from ledger.made where table_name = 'customer.customer'"
    file = moved.parent / "home" / "warehouse" / "shop.duckdb"
    with duckdb.connect(str(file)) as warehouse:
        warehouse.execute("update ledger.made set made = 0")

    only = Dates(only=datetime.date.fromisoformat(DAY_1))
    run_dates(moved, moved.parent / "home", only, again=True)

    with duckdb.connect(str(file)) as warehouse:
        assert warehouse.execute(made).fetchone()[0] > 0


def test_dates_that_another_declaration_read_are_told(moved, monkeypatch):
    change(moved / "sources" / "contacts.yaml", "primary_key: Id\ncolumns:", NEW_MARKERS)

    run(moved, DAY_2)

    monkeypatch.setenv("DAGSTER_HOME", str(moved.parent / "home" / "dagster_home"))
    with dg.DagsterInstance.get() as instance:
        [latest, *_] = instance.get_runs(limit=1)
        told = [entry.user_message for entry in instance.all_logs(latest.run_id)]
    assert any(text.startswith("contacts: 1 other dates (2024-05-01 to") for text in told)
