"""Whom an export reaches, whom it no longer does, and how many of each."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_pipeline.exports.recipients import reached_before
from identity_pipeline.exports.select import select_recipients
from identity_pipeline.terms.errors import InsightError
from identity_pipeline_tests.exports.sample import (
    ANN,
    BEN,
    CUSTOMER,
    DAY,
    ENGINE,
    WEB1,
    before,
    export_of,
    ids,
    inputs,
    log,
    one,
    rows,
    selected,
    sha256,
)

EVE = ("WEB1", "eve.lund@contoso.example", None, "Eve")
DEV = ("DEV", "dev.rao@contoso.example", None, "Dev")
EVES = "476d5435517e37d67e21e20bfe2c242442d0ca9ae4bdc96c762f5480cf004b9f"
DEVS = "5a5fc2908af50f50946a4c8e665b7d6e778270f4cc16ac33a099466a491521ab"
ANNS, BENS = sha256("ann@x.org"), sha256("ben@x.org")

RUNS = [
    # members of S1, hashes sent, hashes removed: the golden scenario's four runs
    ((), [], []),
    (("WEB1",), [EVES], []),
    (("WEB1", "DEV"), [EVES, DEVS], []),
    (("WEB1",), [EVES], [DEVS]),
]


def four_runs():
    """Each run of the golden scenario with the log of the runs before it."""
    written, found = [], []
    for number, (members, *_) in enumerate(RUNS):
        day = DAY + datetime.timedelta(days=number)
        reached = reached_before(log(*written), "ads", day)
        given = {"customers": (EVE, DEV), "members": ids(*members), "before": reached, "day": day}
        found.append(selected(export_of("hashed_audience"), **given))
        written += rows(found[-1].changes)
    return found


def test_the_audience_of_the_golden_scenario_gains_eve_then_dev_and_then_forgets_dev():
    sent = [rows(run.payload["s1"]) for run in four_runs()]

    assert sent == [[(h,) for h in sorted(hashes)] for _, hashes, _ in RUNS]


def test_dev_who_left_the_segment_has_a_removal_record_in_the_fourth_run():
    removed = [rows(run.removals) for run in four_runs()]

    assert removed == [[(h,) for h in hashes] for *_, hashes in RUNS]


def test_visitors_without_an_address_are_no_failure_but_counted():
    found = selected(export_of("hashed_audience"), customers=(WEB1, ("WEB5", None, None, None)))

    assert one(found.counts) == {
        "members": 2,
        "eligible": 0,
        "refused_by_consent": 0,
        "without_identifier": 2,
        "removed": 0,
    }


def test_a_day_that_is_run_again_has_the_same_changes():
    first = selected(export_of("hashed_audience"))
    again = reached_before(log(*rows(first.changes)), "ads", DAY)
    second = selected(export_of("hashed_audience"), before=again)

    assert sorted(rows(second.changes)) == sorted(rows(first.changes))


LOGS = [
    # changes of the export (day of July, recipient, change), who was reached before the 24th
    ([(22, "A", "added")], ["A"]),
    ([(22, "A", "added"), (23, "A", "removed")], []),
    ([(21, "A", "added"), (22, "A", "removed"), (23, "A", "added")], ["A"]),
    ([(24, "A", "added"), (25, "B", "added")], []),  # the day itself does not count
    ([(22, "A", "added"), (24, "A", "removed")], ["A"]),
]


@pytest.mark.parametrize(("written", "reached"), LOGS)
def test_who_was_reached_is_the_latest_change_before_the_day(written, reached):
    dated = [
        (export, datetime.date(2022, 7, day), who, who, change)
        for day, who, change in written
        for export in ("ads", "other")
    ]

    assert [who for who, _ in rows(reached_before(log(*dated), "ads", DAY))] == reached


LEAVING = [
    # why Ann is no longer reached: changes of the inputs
    ("left the segment", {"members": ids("BEN")}),
    ("withdrew consent", {"consented": ids("BEN")}),
    ("is gone", {"customers": (BEN,)}),
    ("lost the identifier", {"customers": (("ANN", None, "+1 650 253 1234", "Ann"), BEN)}),
]


@pytest.mark.parametrize("changes", [case[1] for case in LEAVING], ids=[c[0] for c in LEAVING])
def test_who_is_no_longer_reached_has_a_removal_record(changes):
    consents = {"consented": ids("ANN", "BEN")}
    export = export_of("hashed_audience", consent="marketing")
    reached = before((f"email:{ANNS}", "ANN"), (f"email:{BENS}", "BEN"))

    assert rows(selected(export, before=reached, **(consents | changes)).removals) == [(ANNS,)]


REACHED = [
    # kind, payload, removals where Zoe was reached before
    (
        "segment",
        {"s1": [ANN, BEN, WEB1]},
        {"s1_removed": [("ZOE",)]},
    ),
    (
        "email_list",
        {"s1": [("ann@x.org", "ANN"), ("ben@x.org", "BEN")]},
        {"s1_removed": [(None, "ZOE", "ZOE")]},
    ),
    (
        "webhook",
        {"entered": [("ANN",), ("BEN",), ("WEB1",)]},
        {"left": [("ZOE",)]},
    ),
    (
        "table",
        {"Customer": [ANN, BEN, WEB1]},
        {"Customer_removed": [("ZOE",)]},
    ),
]


@pytest.mark.parametrize(("kind", "payload", "removals"), REACHED, ids=[c[0] for c in REACHED])
def test_each_kind_sends_its_rows_and_whom_to_forget(kind, payload, removals):
    customers = ENGINE.relation(CUSTOMER, [WEB1, BEN, ANN])
    found = selected(export_of(kind), before=before("ZOE"), published={"Customer": customers})

    assert {name: rows(table) for name, table in found.tables.items()} == payload | removals


def test_a_list_names_the_address_to_take_off_while_the_customer_has_it():
    reached = before((ANNS, "ANN"), (sha256("old@x.org"), "BEN"))
    found = selected(export_of("email_list"), members=ids("BEN"), before=reached)

    # Ann left the segment; Ben's address changed, so that only its hash is known.
    assert rows(found.removals) == [
        ("ann@x.org", ANNS, "ANN"),
        (None, sha256("old@x.org"), "BEN"),
    ]


def test_an_address_that_two_customers_share_is_one_line():
    twin = ("CAT", " Ann@x.org", None, "Cat")

    assert rows(selected(export_of("email_list"), customers=(twin, ANN)).payload["s1"]) == [
        ("ann@x.org", "ANN")
    ]


def test_a_platform_gets_hashes_and_no_id_of_ours():
    identifiers = {"phone": "Phone", "email": "Email", "first_name": "Name"}
    found = selected(export_of("hashed_audience", identifiers=identifiers), customers=(ANN,))

    assert one(found.payload["s1"]) == {
        "phone": sha256("16502531234"),
        "email": ANNS,
        "first_name": sha256("ann"),
    }


def test_of_somebody_whose_number_changed_only_the_old_number_is_forgotten():
    export = export_of("hashed_audience", identifiers={"email": "Email", "phone": "Phone"})
    old = sha256("16502530000")
    found = selected(export, customers=(ANN,), before=before((f"email:{ANNS}|phone:{old}", "ANN")))

    assert rows(found.removals) == [(None, old)]


def test_of_somebody_who_has_a_number_now_nothing_is_forgotten():
    export = export_of("hashed_audience", identifiers={"email": "Email", "phone": "Phone"})
    found = selected(export, customers=(ANN,), before=before((f"email:{ANNS}", "ANN")))

    assert rows(found.removals) == []


def test_a_webhook_tells_only_of_those_who_are_new():
    found = selected(export_of("webhook", columns=["Name"]), before=before("ANN"))

    assert rows(found.payload["entered"]) == [("BEN", "Ben"), ("WEB1", None)]


def test_rows_of_customers_who_did_not_agree_are_in_no_table():
    activity = ENGINE.relation(
        {"ActivityId": "string", "CustomerId": "string"},
        [("1", "ANN"), ("2", "BEN"), ("3", None)],
    )
    export = export_of("table", tables=["UnifiedActivity"], consent="analytics")
    found = selected(export, consented=ids("ANN"), published={"UnifiedActivity": activity})

    assert rows(found.payload["UnifiedActivity"]) == [("1", "ANN")]


def test_a_table_without_customers_is_exported_whole():
    days = ENGINE.relation({"Day": "string"}, [("2",), ("1",)])
    found = selected(export_of("table", tables=["Days"]), published={"Days": days})

    assert (rows(found.payload["Days"]), one(found.counts)["members"]) == ([("1",), ("2",)], 0)


@settings(max_examples=25, deadline=None)
@given(
    addresses=st.lists(st.sampled_from([None, "", "a@x.org", "b@x.org", "no"]), max_size=8),
    members=st.sets(st.integers(0, 9)),
    consented=st.sets(st.integers(0, 9)),
    kind=st.sampled_from(["segment", "email_list", "hashed_audience", "webhook"]),
)
def test_members_are_the_eligible_those_who_refused_and_those_without_an_identifier(
    addresses, members, consented, kind
):
    customers = [(str(n), email, None, None) for n, email in enumerate(addresses)]
    given_inputs = inputs(
        customers, members=ids(*map(str, members)), consented=ids(*map(str, consented))
    )
    found = one(select_recipients(export_of(kind, consent="marketing"), given_inputs).counts)

    present = members & set(range(len(addresses)))
    parts = ("eligible", "refused_by_consent", "without_identifier")
    assert (found["members"], found["refused_by_consent"]) == (
        len(present),
        len(present - consented),
    )
    assert sum(found[part] for part in parts) == len(present)


ROW_ORDERS = [(ANN, BEN, WEB1), (WEB1, BEN, ANN), (BEN, WEB1, ANN)]


@pytest.mark.parametrize("customers", ROW_ORDERS)
def test_rows_are_sorted_whatever_order_customers_are_in(customers):
    found = selected(export_of("segment", columns=["Name"]), customers=customers)

    assert rows(found.payload["s1"]) == [("ANN", "Ann"), ("BEN", "Ben"), ("WEB1", None)]


WRONG = [
    # kind, changes, place, message
    ("segment", {"columns": ["Name", "Nam"]}, ("columns", 1), "Did you mean 'Name'?"),
    ("email_list", {"email": "Mail"}, ("email",), "no column 'Mail'"),
    ("hashed_audience", {"identifiers": {"email": "E"}}, ("identifiers", "email"), "no column 'E'"),
    ("table", {"tables": ["Custmer"]}, ("tables", 0), "no table 'Custmer' is published"),
    ("segment", {"consent": "marketing"}, ("consent",), "nobody says who agreed to 'marketing'"),
]


@pytest.mark.parametrize(("kind", "changes", "place", "message"), WRONG)
def test_what_an_export_asks_for_in_vain_is_told_with_its_place(kind, changes, place, message):
    with pytest.raises(InsightError) as raised:
        selected(export_of(kind, **changes), published={"Customer": ids()})

    assert raised.value.place == place
    assert message in str(raised.value)


def test_consent_cannot_be_asked_of_a_table_without_customers():
    days = ENGINE.relation({"Day": "string"}, [("1",)])

    with pytest.raises(InsightError, match="'Days' has no CustomerId"):
        selected(
            export_of("table", tables=["Days"], consent="analytics"),
            consented=ids("ANN"),
            published={"Days": days},
        )


def test_an_identifier_that_is_no_text_is_refused():
    numbers = ENGINE.relation({"CustomerId": "string", "Email": "int64"}, [("ANN", 1)])
    given_inputs = inputs(members=ids("ANN"))
    wrong = type(given_inputs)(numbers, given_inputs.before, DAY, ids("ANN"))

    with pytest.raises(InsightError, match="column 'Email' is int64, not text"):
        select_recipients(export_of("hashed_audience"), wrong)
