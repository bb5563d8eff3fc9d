"""Small cases, each where a plausible reading of the rules goes wrong."""

import hashlib

import pytest

from identity_pipeline_tests.unify.story import Story, table

NEVER = {"overrides": {"never_match": "never/{ingestion_date}/*.csv"}}


def one_table(opened, name, **step):
    return Story(opened, {"tables": [{"table": name, **step}]})


def rule(name, *conditions, **more):
    return {"name": name, "conditions": list(conditions), **more}


def same(column, **more):
    return {"column": column, **more}


def equal(left, right, **more):
    return {"left": left, "right": right, **more}


def two_tables(opened, *rules, unify=None, **step):
    lower = {"table": "members", "match": list(rules), **step}
    return Story(opened, {"tables": [{"table": "contacts"}, lower], **(unify or {})})


def test_rows_linked_by_different_rules_chain_into_one_record(opened):
    story = one_table(
        opened,
        "people",
        deduplicate=[
            rule("Name+Phone", same("Name"), same("Phone")),
            rule("Name+Email", same("Name"), same("Email")),
        ],
    )
    people = table(
        "Id Name Phone Email",
        ("1", "Person 1", "555", None),
        ("2", "Person 1", "555", "p@x.example"),
        ("3", "Person 1", None, "p@x.example"),
        ("4", "Person 2", "555", "p@x.example"),
    )

    story.run({"people": people})

    assert story.keyrings() == {"People 1, People 2, People 3", "People 4"}


PHONES = [
    # one, other, are equal
    ("+01 425.555.1212", "1 (425) 555-1212", True),
    ("+01 425.555.1212", "(425) 555-1212", False),  # the country code counts
]


@pytest.mark.parametrize(("one", "other", "are_equal"), PHONES)
def test_the_country_code_of_a_phone_counts(opened, one, other, are_equal):
    story = one_table(
        opened, "people", deduplicate=[rule("Phone", same("Phone", normalize=["phone"]))]
    )

    story.run({"people": table("Id Phone", ("1", one), ("2", other))})

    assert len(story.keyrings()) == (1 if are_equal else 2)


TWENTY = "abcdefghijklmnopqrst"
SCORES = [
    # one, other, precision, match
    ("robert2020@hotmail.com", "robrt2020@hotmail.cm", 90, True),  # 20/22 = 0.909
    ("robert2020@hotmail.com", "robrt2020@hotmail.cm", 91, False),
    (TWENTY, "wxyz" + TWENTY[4:], 80, True),  # exactly 0.80: inclusive
    (TWENTY, "vwxyz" + TWENTY[5:], 80, False),
]


@pytest.mark.parametrize(("one", "other", "precision", "match"), SCORES)
def test_a_threshold_is_inclusive_and_over_the_longer_string(opened, one, other, precision, match):
    rules = [rule("Fuzzy", same("City"), same("Email", precision=precision))]
    story = one_table(opened, "people", deduplicate=rules)

    story.run({"people": table("Id City Email", ("1", "Rome", one), ("2", "Rome", other))})

    assert len(story.keyrings()) == (1 if match else 2)


BY_EMAIL = rule("Email", equal("contacts.Email", "Email"))
TWO_CONTACTS = table("Id Email", ("C1", "a@x.example"), ("C2", "a@x.example"))


def test_a_record_that_fits_two_higher_ones_joins_one_and_is_ambiguous(opened):
    story = two_tables(opened, BY_EMAIL)
    story.unify["tables"][0]["automatic"] = "never"

    story.run({"contacts": TWO_CONTACTS, "members": table("Nr Email", ("M1", "a@x.example"))})

    columns = "key, reason, candidates, chosen_key, other_key"
    assert story.keyrings() == {"Contacts C1, Members M1", "Contacts C2"}
    assert story.rows(f"select {columns} from unify.members_ambiguities") == [
        ("M1", "several candidates", 2, "C1", "C2")
    ]


def test_two_lower_records_on_one_higher_are_one_customer(opened):
    story = two_tables(opened, BY_EMAIL, automatic="never")
    members = table("Nr Email", ("M1", "a@x.example"), ("M2", "a@x.example"))

    story.run({"contacts": table("Id Email", ("C1", "a@x.example")), "members": members})

    alternates = "select S_Members_Nr, S_Members_Nr_Alternate from customer.customer"
    assert story.keyrings() == {"Contacts C1, Members M1, Members M2"}
    assert story.rows(alternates) == [("M2", "M1;M2")]


MEMBERS = table("Nr Name", ("707", "Ada"), ("709", "Dev"))
VISITOR_RULES = {
    "tables": [
        {"table": "members", "automatic": "never"},
        {
            "table": "web",
            "deduplicate": [rule("SameVisitor", same("User"))],
            "match": [rule("W1", equal("members.Nr", "Member"))],
        },
    ]
}


def test_a_shared_device_joins_the_winners_member_and_fuses_nobody(opened):
    story = Story(opened, VISITOR_RULES)

    story.run({"members": MEMBERS, "web": table("User Member", ("V", "707"), ("V", "709"))})

    assert story.keyrings() == {"Members 707, Web V", "Members 709"}
    assert story.rows("select chosen_key, other_key from unify.web_ambiguities") == [("707", "709")]


def test_two_visitors_of_one_member_are_one_customer(opened):
    story = Story(opened, VISITOR_RULES)

    story.run({"members": MEMBERS, "web": table("User Member", ("V1", "707"), ("V2", "707"))})

    alternates = "select S_Web_User_Alternate from customer.customer where S_Members_Nr = '707'"
    assert story.rows(alternates) == [("V1;V2",)]


@pytest.mark.parametrize(("other", "customers"), [("Bea", 2), ("Ann", 1), (None, 1)])
def test_an_exception_keeps_twins_apart_unless_a_name_is_missing(opened, other, customers):
    twins = rule(
        "Family",
        same("Last"),
        same("Born"),
        exceptions=[same("First", operator="different")],
    )
    story = one_table(opened, "people", deduplicate=[twins])
    rows = [("1", "Lee", "2001", "Ann"), ("2", "Lee", "2001", other)]

    story.run({"people": table("Id Last Born First", *rows)})

    assert len(story.keyrings()) == customers


def test_a_bypassed_value_matches_nothing(opened):
    story = one_table(
        opened,
        "people",
        deduplicate=[rule("Phone", same("Phone", normalize=["phone", "dummies"]))],
    )
    story.unify["overrides"] = {"bypass": {"dummies": "d/{ingestion_date}/*.csv"}}
    people = table("Id Phone", ("1", "555-1212"), ("2", "5551212"), ("3", "1"), ("4", "1"))

    story.run({"people": people}, bypass_dummies=[("555.1212",)])

    assert story.keyrings() == {"People 1", "People 2", "People 3, People 4"}


def test_aliases_count_as_equal_also_over_several_pairs(opened):
    story = one_table(
        opened,
        "firms",
        deduplicate=[rule("Name", same("Name", normalize=["lower", "same_firm"]))],
    )
    story.unify["overrides"] = {"alias": {"same_firm": "a/{ingestion_date}/*.csv"}}
    firms = table("Id Name", ("1", "MSFT"), ("2", "microsoft"), ("3", "Microsoft Corp"))

    pairs = [("Microsoft", "MSFT"), ("Microsoft Corp", "Microsoft")]
    story.run({"firms": firms}, alias_same_firm=pairs)

    assert story.keyrings() == {"Firms 1, Firms 2, Firms 3"}


def test_never_match_holds_through_a_third_record_of_the_table(opened):
    fuzzy = rule("Name", same("City"), same("Name", precision=60))
    story = one_table(opened, "people", deduplicate=[fuzzy])
    story.unify |= NEVER
    people = table("Id City Name", ("A", "X", "anna"), ("B", "X", "annas"), ("C", "X", "annasx"))

    story.run({"people": people}, never=[("S_People", "A", "S_People", "B")])

    assert story.keyrings() == {"People A", "People B, People C"}


def test_never_match_between_two_lower_records_leaves_the_better_match(opened):
    fuzzy = rule(
        "Mail", equal("contacts.City", "City"), equal("contacts.Name", "Name", precision=60)
    )
    story = two_tables(opened, fuzzy, unify=NEVER)
    members = table("Nr City Name", ("A", "X", "annx"), ("B", "X", "anna"))

    story.run(
        {"contacts": table("Id City Name", ("C", "X", "anna")), "members": members},
        never=[("S_Members", "A", "S_Members", "B")],
    )

    assert story.keyrings() == {"Contacts C, Members B", "Members A"}
    assert story.rows("select key, reason from unify.members_ambiguities") == [("A", "never match")]


def test_never_match_beats_always_match_and_says_so(opened):
    files = {"never_match": "n/{ingestion_date}/*.csv", "always_match": "a/{ingestion_date}/*.csv"}
    story = two_tables(opened, BY_EMAIL, unify={"overrides": files})
    pair = ("S_Contacts", "C1", "S_Members", "M1")

    story.run(
        {"contacts": table("Id Email", ("C1", "a")), "members": table("Nr Email", ("M1", "b"))},
        never=[pair],
        always=[(*pair[2:], *pair[:2])],
    )

    assert story.keyrings() == {"Contacts C1", "Members M1"}
    assert story.rows("select line, problem from unify.custom_match_problems") == [
        (2, "the pair is under never match too; never match wins")
    ]


def test_always_match_joins_what_no_rule_does(opened):
    files = {"always_match": "a/{ingestion_date}/*.csv"}
    story = two_tables(opened, BY_EMAIL, unify={"overrides": files})

    story.run(
        {"contacts": table("Id Email", ("C1", "a")), "members": table("Nr Email", ("M1", "b"))},
        always=[("S_Contacts", "C1", "S_Members", "M1"), ("S_Contact", "C1", "S_Members", "M1")],
    )

    assert story.keyrings() == {"Contacts C1, Members M1"}
    assert story.rows("select line, problem from unify.custom_match_problems") == [
        (3, "no table is called S_Contact")
    ]


ADDRESS = ("Addr1", "Addr2", "City")
LOYALTY = table("Id Mail Addr1 Addr2 City", ("L1", "m", "200 Cedar Springs Rd", None, "Dallas"))
ONLINE = table("Nr Mail Addr1 Addr2 City", ("O1", "m", "1 Elm St", "Suite 950", "Austin"))


@pytest.mark.parametrize(("is_grouped", "second_line"), [(True, None), (False, "Suite 950")])
def test_a_group_of_columns_takes_missing_values_too(opened, is_grouped, second_line):
    sources = {"loyalty": list(ADDRESS), "online": list(ADDRESS)}
    single = {name: [f"loyalty.{name}", f"online.{name}"] for name in ADDRESS}
    by_mail = rule("Mail", equal("loyalty.Mail", "Mail"))
    columns = {"Mail": ["loyalty.Mail"]} | ({} if is_grouped else single)
    story = Story(
        opened,
        {
            "tables": [{"table": "loyalty"}, {"table": "online", "match": [by_mail]}],
            "columns": columns,
            "groups": [{"columns": list(ADDRESS), "from": sources}] if is_grouped else [],
        },
    )

    story.run({"loyalty": LOYALTY, "online": ONLINE})

    assert story.rows("select Addr1, Addr2, City from customer.customer") == [
        ("200 Cedar Springs Rd", second_line, "Dallas")
    ]


def test_a_split_off_part_does_not_get_an_id_that_is_in_use(opened):
    story = Story(opened, VISITOR_RULES | NEVER)
    visitor = hashlib.md5(b"S|Web|V").hexdigest()
    story.run({"members": table("Nr Name"), "web": table("User Member", ("V", "708"))})
    story.run(
        {"members": table("Nr Name", ("708", "Eve")), "web": table("User Member", ("V", "708"))}
    )

    story.run(
        {"members": table("Nr Name", ("708", "Eve")), "web": table("User Member", ("V", "708"))},
        never=[("S_Members", "708", "S_Web", "V")],
    )

    previous = "select PreviousCustomerId from customer.customer where S_Web_User = 'V'"
    assert story.ids() == {
        "Members 708": visitor,
        "Web V": hashlib.md5(b"S|Web|V#2").hexdigest(),
    }
    assert story.rows(previous) == [(visitor,)]


def test_a_key_deleted_at_its_source_leaves_and_returns_with_its_id(opened):
    story = one_table(opened, "members")
    both, one = MEMBERS, table("Nr Name", ("707", "Ada"))
    story.run({"members": both})
    before = story.ids()

    story.run({"members": one})
    between = story.ids()
    story.run({"members": both})

    assert between == {"Members 707": before["Members 707"]}
    assert story.ids() == before
    assert [event for _, event, *_ in story.history()] == ["removed", "returned"]
