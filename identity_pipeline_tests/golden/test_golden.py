"""The sample's story, byte for byte, in both modes and all runs."""

import json

import pytest

from identity_pipeline_tests.golden.scenario import (
    ADA,
    BEN,
    CARLA,
    DEV,
    FAY,
    LOY708,
    POS12,
    POS13,
    WEB1,
    WEB5,
)

CUSTOMERS = """
    select CustomerId, FullName, Email, Phone, LoyaltyId, Tier, IdentityStatus,
        eCommerce_Contacts_ContactId, eCommerce_Contacts_ContactId_Alternate,
        Loyalty_Members_LoyaltyId, PoS_Customers_PosId, Web_Events_UserID, PreviousCustomerId
    from Customer
"""

ADA_ROW = (
    *(ADA, "Ada Byron", "ada.b@fabrikam.example", "+1 425 555 0101", "707", "Gold", "known"),
    *("C002", "C001;C002", "707", "P10", "Auth234", None),
)
BEN_ROW = (
    *(BEN, "Ben Ito", "ben.ito@contoso.example", "+1 206 555 0199", None, None, "known"),
    *("C003", None, None, "P11", None, None),
)
CARLA_ROW = (
    *(CARLA, "Carla Diaz", "carla@contoso.example", None, None, None, "known"),
    *("C004", None, None, None, None, None),
)
FAY_ROW = (
    *(FAY, "Fay Wong", None, "+1 360 555 0142", None, None, "known"),
    *(None, None, None, "P14", None, None),
)
POS12_ROW = (POS12, None, None, None, None, None, "unknown", None, None, None, "P12", None, None)
POS13_ROW = (POS13, None, None, None, None, None, "unknown", None, None, None, "P13", None, None)
WEB1_ROW = (WEB1, *[None] * 5, "unknown", None, None, None, None, "Unknown1", None)
WEB5_ROW = (WEB5, *[None] * 5, "unknown", None, None, None, None, "Unkonwn5", None)


def dev(web=None, previous=None):
    known = (DEV, "Dev Rao", "dev.rao@contoso.example", None, "709", "Silver", "known")
    return (*known, None, None, "709", None, web, previous)


def eve(customer_id):
    known = (customer_id, "Eve Lund", "eve.lund@contoso.example", None, "708", "Bronze", "known")
    return (*known, None, None, "708", None, "Unknown1", None)


WEB5_AFTER_UNDO = (WEB5, *[None] * 3, "709", None, "unknown", *[None] * 4, "Unkonwn5", DEV)
ALWAYS = {ADA_ROW, BEN_ROW, CARLA_ROW}
SHOPS = {FAY_ROW, POS12_ROW, POS13_ROW}

EXPECTED = [
    # mode, run, customers
    ("off", "r1", ALWAYS | {dev()}),
    ("off", "r2", ALWAYS | {dev(), eve(LOY708)}),
    ("off", "r3", ALWAYS | {dev("Unkonwn5"), eve(LOY708)}),
    ("off", "r4", ALWAYS | {dev(), eve(LOY708)}),
    ("on", "r1", ALWAYS | SHOPS | {dev(), WEB1_ROW, WEB5_ROW}),
    ("on", "r2", ALWAYS | SHOPS | {dev(), eve(WEB1), WEB5_ROW}),
    ("on", "r3", ALWAYS | SHOPS | {dev("Unkonwn5", WEB5), eve(WEB1)}),
    ("on", "r4", ALWAYS | SHOPS | {dev(), eve(WEB1), WEB5_AFTER_UNDO}),
]


@pytest.mark.parametrize(("mode", "run", "customers"), EXPECTED)
def test_customers_of_each_run(mode, run, customers, request):
    scenario = request.getfixturevalue(mode)

    rows = scenario.rows(run, CUSTOMERS)

    assert len(rows) == len(customers)
    assert set(rows) == customers


NUMBERS = [
    # mode, run, U, M, N, known, unknown, known left out, keys
    ("off", "r1", 13, 2, 4, 4, 0, 1, 9),
    ("off", "r2", 14, 3, 5, 5, 0, 1, 11),
    ("off", "r3", 14, 4, 5, 5, 0, 1, 12),
    ("off", "r4", 14, 3, 5, 5, 0, 1, 11),
    ("on", "r1", 13, 2, 9, 5, 4, 0, 14),
    ("on", "r2", 14, 3, 9, 6, 3, 0, 15),
    ("on", "r3", 14, 4, 8, 6, 2, 0, 15),
    ("on", "r4", 14, 3, 9, 6, 3, 0, 15),
]
METRICS = (
    *("unique_source_records", "matched_records_only", "matched_and_non_matched_records"),
    *("known_customers", "unknown_customers", "known_not_included", "keys"),
)


def metrics(scenario, run, table=None):
    query = """
        select metric, rule, value::double from UnificationMetrics
        where ingestion_date = (select max(ingestion_date) from UnificationMetrics)
    """
    where = f"and table_name = '{table}'" if table else "and table_name is null"
    return {(metric, rule): value for metric, rule, value in scenario.rows(run, query + where)}


@pytest.mark.parametrize(("mode", "run", "numbers"), [(m, r, n) for m, r, *n in NUMBERS])
def test_numbers_of_each_run(mode, run, numbers, request):
    found = metrics(request.getfixturevalue(mode), run)

    assert [found[name, None] for name in METRICS] == numbers


SHARES = [
    # run, table, source, unique, % deduplicated, % matched by rule
    ("r1", "ecommerce_contacts", 4, 3, 25.0, {}),
    ("r1", "loyalty_members", 2, 2, 0.0, {None: 50.0, "L1": 50.0}),
    ("r1", "pos_customers", 5, 5, 0.0, {None: 40.0, "P1": 20.0, "P2": 20.0}),
    ("r1", "web_events", 4, 3, 25.0, {None: 33.3333, "W1 IDMatch": 33.3333, "W2": 0.0}),
    ("r2", "web_events", 5, 3, 40.0, {None: 66.6667, "W1 IDMatch": 66.6667, "W2": 0.0}),
    ("r3", "web_events", 6, 3, 50.0, {None: 100.0, "W1 IDMatch": 100.0, "W2": 0.0}),
    ("r4", "web_events", 6, 3, 50.0, {None: 66.6667, "W1 IDMatch": 66.6667, "W2": 0.0}),
]


@pytest.mark.parametrize("mode", ["on", "off"])
@pytest.mark.parametrize(("run", "table", "source", "unique", "deduplicated", "matched"), SHARES)
def test_shares_of_each_table(mode, run, table, source, unique, deduplicated, matched, request):
    found = metrics(request.getfixturevalue(mode), run, table)
    found = {name: value for name, value in found.items() if "condition" not in name[0]}

    assert found == {
        ("source_records", None): source,
        ("unique_records", None): unique,
        ("deduplicated_percent", None): deduplicated,
        **{("matched_percent", rule): share for rule, share in matched.items()},
    }


def test_a_condition_alone_matches_more_than_its_rule(on):
    found = metrics(on, "r1", "pos_customers")

    phone = "P2: ecommerce_contacts.Phone = Phone"
    assert found["condition_matched", phone] == 1
    assert found["condition_unmatched", phone] == 4


def test_the_keyring_lists_all_tables_in_match_order(on):
    query = "select distinct KeyRing from AlternateKey where CustomerId = ?".replace(
        "?", f"'{ADA}'"
    )

    [(ring,)] = on.rows("r1", query)

    assert ring == json.dumps(
        [
            *[_ring("eCommerce", "Contacts", "C002", ["C001", "C002"])],
            *[_ring("Loyalty", "Members", "707", ["707"])],
            *[_ring("PoS", "Customers", "P10", ["P10"])],
            *[_ring("Web", "Events", "Auth234", ["Auth234"])],
        ],
        separators=(",", ":"),
    )


def _ring(source, table, preferred, keys):
    names = {"dataSourceName": source, "tableName": table}
    return {**names, "preferredKey": preferred, "keys": keys}


def test_winners_of_run_1(on):
    query = "select ContactId, ContactId_Alternate, Rule from Deduplication_eCommerce_Contacts"

    rows = on.rows("r1", query)

    assert sorted(rows) == [
        ("C002", "C001;C002", "Name+Phone"),
        ("C003", None, None),
        ("C004", None, None),
    ]


@pytest.mark.parametrize(
    ("run", "loyalty"),
    [
        ("r1", {"Unknown1": None, "Auth234": "707", "Unkonwn5": None}),
        ("r2", {"Unknown1": "708", "Auth234": "707", "Unkonwn5": None}),
        ("r3", {"Unknown1": "708", "Auth234": "707", "Unkonwn5": "709"}),
    ],
)
def test_most_filled_keeps_the_event_that_has_a_loyalty_id(on, run, loyalty):
    assert dict(on.rows(run, "select UserID, LoyaltyID from Deduplication_Web_Events")) == loyalty


EVIDENCE = [
    # table, key, rule, target table, target key, score, through the winner
    ("Loyalty_Members", "707", "L1", "ecommerce_contacts", "C001", 1.0, False),
    ("PoS_Customers", "P10", "P1", "loyalty_members", "707", 1.0, True),
    ("PoS_Customers", "P11", "P2", "ecommerce_contacts", "C003", 0.875, True),
    ("Web_Events", "Auth234", "W1 IDMatch", "loyalty_members", "707", 1.0, True),
]


def test_evidence_of_every_match(on):
    tables = {table for table, *_ in EVIDENCE}
    columns = "key, rule, left_table, left_key, score, left_is_winner"

    found = {
        (table, *row)
        for table in tables
        for row in on.rows(
            "r1", f"select {columns} from MatchEvidence_{table} where rule is not null"
        )
    }

    assert found == set(EVIDENCE)


CREATED_ON = {ADA, BEN, CARLA, DEV, FAY, POS12, POS13, WEB1, WEB5}
HISTORY = {
    "on": [
        *((1, name, "created", None, None, None) for name in sorted(CREATED_ON)),
        (2, WEB1, "became_known", None, None, None),
        (2, WEB1, "key_added", None, "W1 IDMatch", "Loyalty|Members|708"),
        (3, WEB5, "merged_into", DEV, "W1 IDMatch", "Loyalty|Members|709 ~ Web|Events|Unkonwn5"),
        (4, DEV, "key_removed", WEB5, "never match", "Web|Events|Unkonwn5"),
        (4, WEB5, "restored_from", DEV, None, None),
    ],
    "off": [
        *((1, name, "created", None, None, None) for name in sorted({ADA, BEN, CARLA, DEV})),
        (2, LOY708, "created", None, None, None),
        (3, DEV, "key_added", None, "W1 IDMatch", "Web|Events|Unkonwn5"),
        (4, DEV, "key_removed", None, "never match", "Web|Events|Unkonwn5"),
    ],
}


@pytest.mark.parametrize("mode", ["on", "off"])
def test_history_of_identity(mode, request):
    arrivals = "event in ('created', 'restored_from')"
    query = f"""
        select run, customer_id, event, counterpart, rule, if({arrivals}, null, keys)
        from CustomerIdHistory order by run, customer_id, event
    """

    assert request.getfixturevalue(mode).rows("r4", query) == HISTORY[mode]


@pytest.mark.parametrize("mode", ["on", "off"])
def test_the_third_run_repeated_gives_identical_tables(mode, request):
    scenario = request.getfixturevalue(mode)

    assert scenario.tables("again") == scenario.tables("r3")


def test_duplicates_are_source_records_less_unique_ones(on):
    assert metrics(on, "r1")["duplicates", None] == 15 - 13
