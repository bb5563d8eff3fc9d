"""Unified columns, clusters, winners and ids of customers."""

import hashlib
import hmac

import pytest

from identity_pipeline.unify.tasks import MissingSecret
from identity_pipeline_tests.unify.story import Story, Table, table

BY_MAIL = {"name": "Mail", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}
PAIR = [{"table": "contacts"}, {"table": "members", "match": [BY_MAIL]}]


def pair(opened, **unify):
    return Story(opened, {"tables": PAIR, **unify})


def test_importance_takes_the_first_value_that_is_there(opened):
    story = pair(opened, columns={"Name": ["contacts.Name", "members.Name"]})

    story.run(
        {
            "contacts": table("Id Mail Name", ("1", "a", None), ("2", "b", "Bea")),
            "members": table("Nr Mail Name", ("7", "a", "Ann"), ("8", "b", "Bee")),
        }
    )

    assert story.rows("select Name from customer.customer order by 1") == [("Ann",), ("Bea",)]


RECENCY = [
    # by, the contact's date, the member's date, whose name
    ("most_recent", "2024-01-01", "2024-02-01", "member"),
    ("most_recent", "2024-02-01", "2024-01-01", "contact"),
    ("least_recent", "2024-01-01", "2024-02-01", "contact"),
    ("most_recent", None, "2020-01-01", "member"),  # a missing date is last
    ("most_recent", "2024-01-01", "2024-01-01", "contact"),  # ties go by order
]


@pytest.mark.parametrize(("by", "contact", "member", "name"), RECENCY)
def test_recency_takes_the_value_beside_the_latest_date(opened, by, contact, member, name):
    sources = ["contacts.Name", "members.Name"]
    recency = {"contacts": "On", "members": "On"}
    story = pair(opened, columns={"Name": {"from": sources, "by": by, "recency": recency}})

    story.run(
        {
            "contacts": table("Id Mail Name On", ("1", "a", "contact", contact)),
            "members": table("Nr Mail Name On", ("7", "a", "member", member)),
        }
    )

    assert story.rows("select Name from customer.customer") == [(name,)]


def test_a_separate_column_stays_one_a_source_and_a_renamed_one_has_its_new_name(opened):
    story = pair(
        opened,
        columns={"Name": ["contacts.Name"]},
        separate=["members.Name"],
        rename={"members_Name": "MemberName"},
    )

    story.run(
        {
            "contacts": table("Id Mail Name", ("1", "a", "Ann")),
            "members": table("Nr Mail Name", ("7", "a", "Anna")),
        }
    )

    assert story.rows("select Name, MemberName from customer.customer") == [("Ann", "Anna")]


FAMILY = table(
    "Id Last Street",
    ("1", "Lee", "12 North Street"),
    ("2", "LEE", "12 n st"),
    ("3", "Lee", "9 Elm Road"),
    ("4", "Kim", None),
)
FAMILY_COLUMNS = {"Last": ["people.Last"], "Street": ["people.Street"]}


def test_a_household_is_one_last_name_at_one_address(opened):
    types = {"people": {"Last": "LastName", "Street": "Address"}}
    unify = {"tables": [{"table": "people"}], "columns": FAMILY_COLUMNS}
    story = Story(opened, unify, semantics=types)

    story.run({"people": FAMILY})

    query = "select S_People_Id, HouseholdId is null from customer.customer order by 1"
    [(households,)] = story.rows("select count(distinct HouseholdId) from customer.customer")
    assert story.rows(query) == [("1", False), ("2", False), ("3", True), ("4", True)]
    assert households == 1


def test_a_cluster_of_ones_own_leaves_ids_alone(opened):
    plain = Story(opened, {"tables": [{"table": "people"}], "columns": FAMILY_COLUMNS})
    plain.run({"people": FAMILY})
    ids = plain.ids()
    names = {"name": "Name", "conditions": [{"column": "Last", "normalize": ["lower"]}]}

    plain.unify["clusters"] = [{"name": "Namesakes", "rules": [names]}]
    plain.run({"people": FAMILY})

    query = "select count(NamesakesId), count(distinct NamesakesId) from customer.customer"
    assert plain.ids() == ids
    assert plain.rows(query) == [(3, 1)]


PREFERENCES = [
    # keep, columns, rows of one name, the winner's key
    ("most_filled", "Id Name A B", [("1", "x", "a", None), ("2", "x", "a", "b")], "2"),
    ("most_filled", "Id Name A", [("9", "x", "a"), ("10", "x", "b")], "9"),  # text: by code point
    ("most_filled", "Id:integer Name A", [(9, "x", "a"), (10, "x", "b")], "10"),
    ({"most_recent": "N"}, "Id Name N:integer", [("1", "x", 2), ("2", "x", 1)], "1"),
    ({"most_recent": "N"}, "Id Name N:integer", [("1", "x", 0), ("2", "x", None)], "1"),
    ({"least_recent": "N"}, "Id Name N:integer", [("1", "x", 2), ("2", "x", 1)], "2"),
    ({"least_recent": "N"}, "Id Name N:integer", [("1", "x", 0), ("2", "x", None)], "1"),
]
BY_NAME = {"name": "Name", "conditions": [{"column": "Name"}]}


@pytest.mark.parametrize(("keep", "columns", "rows", "winner"), PREFERENCES)
def test_the_merge_preference_chooses_the_winner(opened, keep, columns, rows, winner):
    step = {"table": "people", "deduplicate": [BY_NAME], "keep": keep}
    story = Story(opened, {"tables": [step], "columns": {"Name": ["people.Name"]}})

    story.run({"people": table(columns, *rows)})

    assert story.rows("select _key from unify.people_winners") == [(winner,)]


def test_a_column_may_have_a_preference_of_its_own(opened):
    step = {
        "table": "people",
        "deduplicate": [BY_NAME],
        "keep_columns": {"Mail": {"most_recent": "N"}},
    }
    story = Story(opened, {"tables": [step], "columns": {"Mail": ["people.Mail"]}})
    rows = [("1", "x", "old", 1, "y"), ("2", "x", "new", 2, None), ("3", "x", None, 3, None)]

    story.run({"people": table("Id Name Mail N:integer Extra", *rows)})

    assert story.rows("select S_People_Id, Mail from customer.customer") == [("1", "new")]


AUTOMATIC = [
    # automatic, own rules, customers
    ("without_rules", [], 2),
    ("without_rules", [{"name": "Other", "conditions": [{"column": "Other"}]}], 3),
    ("always", [{"name": "Other", "conditions": [{"column": "Other"}]}], 2),
    ("never", [], 3),
]


@pytest.mark.parametrize(("automatic", "rules", "customers"), AUTOMATIC)
def test_rows_equal_in_all_match_columns_are_one_without_own_rules(
    opened, automatic, rules, customers
):
    lower = {"table": "members", "match": [BY_MAIL], "deduplicate": rules, "automatic": automatic}
    story = Story(opened, {"tables": [{"table": "contacts"}, lower]})
    members = [("1", "a", "x"), ("2", "a", "y"), ("3", None, "z"), ("4", None, "z")][:3]

    story.run({"contacts": table("Id Mail"), "members": table("Nr Mail Other", *members)})

    assert len(story.keyrings()) == customers


def test_a_repeated_key_collapses_on_the_winner_that_rules_chose(opened):
    step = {"table": "people", "deduplicate": [BY_NAME]}
    story = Story(opened, {"tables": [step], "columns": {"Name": ["people.Name"]}})
    rows = [("A", None, None), ("A", "x", "full"), ("B", "x", None)]

    story.run({"people": table("Id Name Extra", *rows)})

    query = "select _ordinal, _alternates from unify.people_winners"
    assert story.rows(query) == [(3, "A;B")]


CHAIN = {
    "tables": [
        {"table": "contacts", "automatic": "never"},
        {
            "table": "links",
            "automatic": "never",
            "match": [
                {"name": "One", "conditions": [{"left": "contacts.Id", "right": "One"}]},
                {"name": "Other", "conditions": [{"left": "contacts.Id", "right": "Other"}]},
            ],
        },
    ],
}


def path(length: int) -> dict[str, Table]:
    """Contacts c0, c1, c2 ... each linked to the next by a row of links."""
    contacts = [(f"c{n}",) for n in range(length)]
    links = [(f"l{n}", f"c{n}", f"c{n + 1}") for n in range(length - 1)]
    return {"contacts": table("Id", *contacts), "links": table("Nr One Other", *links)}


@pytest.mark.parametrize(("linking", "customers"), [("assignment", 600), ("components", 1)])
def test_only_components_fuse_higher_records_over_a_chain(opened, linking, customers):
    story = Story(opened, CHAIN | {"linking": linking})

    story.run(path(600))

    assert len(story.keyrings()) == customers


def test_never_match_parts_a_component(opened):
    files = {"never_match": "n/{ingestion_date}/*.csv"}
    story = Story(opened, CHAIN | {"linking": "components", "overrides": files})

    story.run(path(4), never=[("S_Contacts", "c0", "S_Contacts", "c3")])

    ids = story.ids()
    assert ids["Contacts c0"] != ids["Contacts c3"]
    assert len(story.keyrings()) == 2


def test_a_secret_keys_the_ids(opened, monkeypatch):
    monkeypatch.setenv("CUSTOMER_SECRET", "pepper")
    settings = {"secret_env": "CUSTOMER_SECRET"}
    story = Story(opened, {"tables": [{"table": "people"}], "customer_id": settings})

    story.run({"people": table("Id Name", ("1", "Ann"))})

    expected = hmac.new(b"pepper", b"S|People|1", hashlib.sha256).hexdigest()[:32]
    assert story.ids() == {"People 1": expected}


def test_a_missing_secret_is_named(opened, monkeypatch):
    monkeypatch.delenv("CUSTOMER_SECRET", raising=False)
    settings = {"secret_env": "CUSTOMER_SECRET"}
    story = Story(opened, {"tables": [{"table": "people"}], "customer_id": settings})

    with pytest.raises(MissingSecret, match="CUSTOMER_SECRET is not set"):
        story.run({"people": table("Id Name", ("1", "Ann"))})


def test_three_customers_merge_part_and_merge_again(opened):
    story = pair(opened, columns={"Mail": ["contacts.Mail"]})
    contact = table("Id Mail", ("1", "a"))
    apart = table("Nr Mail", ("7", "x"), ("8", "y"))
    together = table("Nr Mail", ("7", "a"), ("8", "a"))
    story.unify["tables"] = [{"table": "contacts"}, {**PAIR[1], "automatic": "never"}]
    story.run({"contacts": contact, "members": apart})
    born = story.ids()

    story.run({"contacts": contact, "members": together})
    merged = story.ids()
    story.run({"contacts": contact, "members": apart})
    parted = story.ids()
    story.run({"contacts": contact, "members": together})

    absorbed = sorted([born["Members 7"], born["Members 8"]])
    previous = story.rows("select PreviousCustomerId from customer.customer")
    assert merged == dict.fromkeys(born, born["Contacts 1"])
    assert parted == born
    assert story.ids() == merged
    assert previous == [(";".join(absorbed),)]


def test_an_absorbed_id_resolves_to_the_customer_that_has_its_keys(opened):
    story = pair(opened, columns={"Mail": ["contacts.Mail"]})
    contact = table("Id Mail", ("1", "a"))
    story.run({"contacts": contact, "members": table("Nr Mail", ("7", "x"))})
    born = story.ids()

    story.run({"contacts": contact, "members": table("Nr Mail", ("7", "a"))})

    query = "select customer_id, merged_into from customer.profile_registry where state = 'merged'"
    assert story.rows(query) == [(born["Members 7"], born["Contacts 1"])]


def configured(opened, *columns):
    return pair(opened, columns={"Mail": ["contacts.Mail"]}, customer_id={"columns": columns})


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def test_configured_ids_are_made_of_the_first_table_that_has_a_value(opened):
    story = configured(opened, "Mail", "Name")

    story.run(
        {
            "contacts": table("Id Mail Name", ("1", "a", None), ("2", None, None)),
            "members": table("Nr Mail Name", ("7", "a", "Ann"), ("8", "b", None)),
        }
    )

    assert story.ids() == {
        "Contacts 1": md5("Contacts|a|Members|Ann"),
        "Members 7": md5("Contacts|a|Members|Ann"),
        "Members 8": md5("Members|b"),
        "Contacts 2": md5("S|Contacts|2"),  # no value: a system id
    }


def test_of_two_records_with_the_same_inputs_the_second_has_a_number(opened):
    story = configured(opened, "Name")
    story.unify["tables"] = [{"table": "contacts", "automatic": "never"}, PAIR[1]]
    contacts = table("Id Mail Name", ("2", "b", "Ann"), ("1", "a", "Ann"))

    story.run({"contacts": contacts, "members": table("Nr Mail")})

    assert story.ids() == {"Contacts 1": md5("Contacts|Ann"), "Contacts 2": md5("Contacts|Ann#2")}


def test_a_changed_input_changes_the_id_and_the_old_one_resolves(opened):
    story = configured(opened, "Name")
    old, new = md5("Contacts|Ann"), md5("Contacts|Anna")
    story.run({"contacts": table("Id Mail Name", ("1", "a", "Ann")), "members": table("Nr Mail")})

    for _ in range(2):  # the second run changes nothing
        story.run(
            {"contacts": table("Id Mail Name", ("1", "a", "Anna")), "members": table("Nr Mail")}
        )

    registry = "select customer_id, state, merged_into from customer.profile_registry order by 2"
    previous = "select CustomerId, PreviousCustomerId from customer.customer"
    assert story.rows(previous) == [(new, old)]
    assert story.rows(registry) == [(new, "live", None), (old, "merged", new)]
    assert [event for _, event, *_ in story.history()] == ["id_changed"]
