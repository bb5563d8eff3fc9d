"""Activities: whose they are, what they say, and what is wrong with some of them."""

import dagster as dg
import pytest

from identity_pipeline_tests.shop import DAY_1, DAY_2

TIMELINE = """
    select SourceActivityId, Name from UnifiedActivity left join Customer using (CustomerId)
    where SourceTableName = '{table}' order by 1
"""


def names(shop, day, table):
    return dict(shop.rows(day, TIMELINE.format(table=table)))


def test_an_activity_of_an_alternate_belongs_to_the_customer_of_its_winner(shop):
    found = names(shop, DAY_1, "Shop_Orders")

    assert (found["O1"], found["O2"]) == ("Ann", "Ann")


def test_an_activity_of_nobody_waits_and_attaches_when_somebody_comes(shop):
    days = [names(shop, day, "Shop_Orders")["O3"] for day in (DAY_1, DAY_2)]

    assert days == [None, "Cid"]


def test_a_deleted_row_is_no_activity_any_more(shop):
    days = ["O4" in names(shop, day, "Shop_Orders") for day in (DAY_1, DAY_2)]

    assert days == [True, False]


def test_a_row_delivered_again_is_one_activity_with_its_latest_values(shop):
    query = "select Amount::text, ingestion_date::text from UnifiedActivity where OrderId = 'O1'"

    days = [shop.rows(day, query) for day in (DAY_1, DAY_2)]

    assert days == [[("10.50", DAY_1)], [("12.50", DAY_2)]]


def test_attributes_are_typed_columns_and_json(shop):
    query = "select SemanticData, typeof(Amount) from UnifiedActivity where OrderId = 'O2'"

    [(text, kind)] = shop.rows(DAY_1, query)

    assert (text, kind) == ('{"OrderId":"O2","Amount":20.00}', "DECIMAL(38,2)")


def test_title_link_and_detail_come_from_their_columns(shop):
    query = """
        select Title, URL, Description, ActivityType from UnifiedActivity
        where SourceActivityId in ('4', 'O2') order by SourceActivityId
    """

    assert shop.rows(DAY_1, query) == [
        ("Look", "/beans", None, "Other"),
        ("Order", None, 'two "large" bags', "SalesOrder"),
    ]


def test_only_what_came_before_the_owner_signed_in_was_of_somebody_unknown(shop):
    query = """
        select SourceActivityId, was_unknown_at_event from UnifiedActivity
        where SourceTableName = 'Web_Visits' order by 1
    """

    found = {key for key, is_unknown in shop.rows(DAY_1, query) if is_unknown}
    # 3 carries Bob's address, half an hour before Ann's: it is his, and so is 1, from before it.
    assert found == {"1", "4", "6"}


def test_orders_of_contacts_were_never_of_somebody_unknown(shop):
    query = """
        select bool_or(was_unknown_at_event) from UnifiedActivity
        where SourceTableName = 'Shop_Orders' and CustomerId is not null
    """

    assert shop.rows(DAY_2, query) == [(False,)]


def test_rows_without_a_time_are_set_aside_and_those_from_the_future_kept(shop):
    query = "select line, problem, is_kept from ActivityProblems order by line"

    assert shop.rows(DAY_1, query) == [(6, "no time", False), (7, "clock ahead", True)]


NUMBERS = [
    # asset, number, its value after the second day
    ("activity", "late", 0),
    ("unified_activity", "activities", 8),
    ("unified_activity", "resolved", 8),
    ("unified_activity", "set_aside", 1),
    ("unified_activity", "clock_ahead", 1),
    # the first O1, and O4, which was deleted
    ("unified_activity", "replaced_or_repeated", 2),
]


@pytest.mark.parametrize(("asset", "number", "expected"), NUMBERS)
def test_doubtful_and_repeated_activities_are_counted(shop, monkeypatch, asset, number, expected):
    assert latest(shop, monkeypatch, asset)[-1][number] == expected


def test_late_activities_are_counted_on_the_day_they_come(shop, monkeypatch):
    # O2 happened in January.
    assert [numbers["late"] for numbers in latest(shop, monkeypatch, "activity")] == [1, 0]


def latest(shop, monkeypatch, asset):
    """The numbers that an asset reported, run after run."""
    home = shop.folder / "home" / "dagster_home"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        key = dg.AssetKey(["insight", asset])
        found = instance.fetch_materializations(key, limit=10, ascending=True).records
        return [
            {name: value.value for name, value in record.asset_materialization.metadata.items()}
            for record in found
        ]
