"""Matching: which rule, which row and which record; what never match forbids."""

import pytest

from identity_pipeline_tests.unify.story import Story, table

NEVER = {"overrides": {"never_match": "never/{ingestion_date}/*.csv"}}


def rule(name, *pairs, **more):
    """A rule of pairs like `contacts.Mail=Mail`."""
    sides = [pair.split("=") for pair in pairs]
    return {"name": name, "conditions": [{"left": one, "right": two} for one, two in sides], **more}


def chain(opened, *steps, **unify):
    """Tables in match order, each with its own settings; nothing is deduplicated unasked."""
    return Story(opened, {"tables": [{"automatic": "never", **step} for step in steps], **unify})


MAIL, PHONE = rule("Mail", "contacts.Mail=Mail"), rule("Phone", "contacts.Phone=Phone")
CONTACTS = table("Id Mail Phone", ("1", "a", "555"), ("2", "b", "666"))


def test_the_first_rule_that_finds_something_ends_the_search(opened):
    story = chain(opened, {"table": "contacts"}, {"table": "members", "match": [MAIL, PHONE]})

    members = table("Nr Mail Phone", ("7", "a", "666"), ("8", "x", "666"))
    story.run({"contacts": CONTACTS, "members": members})

    rules = story.rows("select key, rule from unify.members_matches order by key")
    assert story.keyrings() == {"Contacts 1, Members 7", "Contacts 2, Members 8"}
    assert rules == [("7", "Mail"), ("8", "Phone")]
    assert story.rows("from unify.members_ambiguities") == []


def test_a_switched_off_rule_finds_nothing(opened):
    off = MAIL | {"active": False}
    story = chain(opened, {"table": "contacts"}, {"table": "members", "match": [off, PHONE]})

    story.run({"contacts": CONTACTS, "members": table("Nr Mail Phone", ("7", "a", "666"))})

    assert story.keyrings() == {"Contacts 1", "Contacts 2, Members 7"}


BY_NAME = [{"name": "Name", "conditions": [{"column": "Name"}]}]


def test_an_alternate_matches_and_the_winner_leads(opened):
    members = {"table": "members", "match": [MAIL]}
    story = chain(opened, {"table": "contacts", "deduplicate": BY_NAME}, members)
    contacts = table("Id Name Mail Extra", ("1", "Ann", "old", None), ("2", "Ann", "new", "x"))

    story.run({"contacts": contacts, "members": table("Nr Mail", ("7", "old"))})

    evidence = "select left_key, left_is_winner from unify.members_matches"
    leads = "select S_Contacts_Id, S_Contacts_Id_Alternate, S_Members_Nr from customer.customer"
    assert story.rows(evidence) == [("1", False)]
    assert story.rows(leads) == [("2", "1;2", "7")]


def test_of_equal_candidates_a_winners_own_value_beats_an_alternates(opened):
    members = {"table": "members", "match": [MAIL]}
    story = chain(opened, {"table": "contacts", "deduplicate": BY_NAME}, members)
    rows = [("1", "Ann", "m", None), ("2", "Ann", "n", "x"), ("3", "Bea", "m", None)]

    story.run(
        {"contacts": table("Id Name Mail Extra", *rows), "members": table("Nr Mail", ("7", "m"))}
    )

    assert story.keyrings() == {"Contacts 1, Contacts 2", "Contacts 3, Members 7"}


@pytest.mark.parametrize(("kind", "chosen"), [("integer", "9"), ("text", "10")])
def test_of_equal_candidates_the_smaller_key_is_joined(opened, kind, chosen):
    story = chain(opened, {"table": "contacts"}, {"table": "members", "match": [MAIL]})
    keys = (9, 10) if kind == "integer" else ("9", "10")
    contacts = table(f"Id:{kind} Mail", *((key, "m") for key in keys))

    story.run({"contacts": contacts, "members": table("Nr Mail", ("7", "m"))})

    assert f"Contacts {chosen}, Members 7" in story.keyrings()


BOTH = rule("Both", "contacts.Phone=Phone", "members.City=City")
WEB_CITIES = [("X", {"Contacts 1, Members 7, Web w"}), ("Y", {"Contacts 1, Members 7", "Web w"})]


@pytest.mark.parametrize(("city", "customers"), WEB_CITIES)
def test_conditions_may_name_several_tables_of_one_record(opened, city, customers):
    tables = [{"table": "contacts"}, {"table": "members", "match": [MAIL]}]
    story = chain(opened, *tables, {"table": "web", "match": [BOTH]})

    story.run(
        {
            "contacts": table("Id Mail Phone", ("1", "a", "555")),
            "members": table("Nr Mail City", ("7", "a", "X")),
            "web": table("User Phone City", ("w", "555", city)),
        }
    )

    assert story.keyrings() == customers


EXCEPTIONS = [("X", 1), ("Y", 2), (None, 1)]  # a missing value does not fire an exception


@pytest.mark.parametrize(("city", "customers"), EXCEPTIONS)
def test_an_exception_refuses_a_match_unless_a_value_is_missing(opened, city, customers):
    moved = {"left": "contacts.City", "right": "City", "operator": "different"}
    guarded = MAIL | {"exceptions": [moved]}
    story = chain(opened, {"table": "contacts"}, {"table": "members", "match": [guarded]})
    contacts = table("Id Mail City", ("1", "a", "X"))

    story.run({"contacts": contacts, "members": table("Nr Mail City", ("7", "a", city))})

    assert len(story.keyrings()) == customers


def test_never_match_refuses_a_pair_and_the_next_rule_is_tried(opened):
    members = {"table": "members", "match": [MAIL, PHONE]}
    story = chain(opened, {"table": "contacts"}, members, **NEVER)

    story.run(
        {"contacts": CONTACTS, "members": table("Nr Mail Phone", ("7", "a", "666"))},
        never=[("S_Members", "7", "S_Contacts", "1")],
    )

    assert story.keyrings() == {"Contacts 1", "Contacts 2, Members 7"}


def test_never_match_holds_through_a_record_of_a_third_table(opened):
    web = {"table": "web", "match": [rule("Member", "members.Nr=Member")]}
    tables = [{"table": "contacts"}, {"table": "members", "match": [MAIL]}, web]
    story = chain(opened, *tables, **NEVER)

    story.run(
        {
            "contacts": table("Id Mail", ("1", "a")),
            "members": table("Nr Mail", ("7", "a")),
            "web": table("User Member", ("w", "7")),
        },
        never=[("S_Contacts", "1", "S_Web", "w")],
    )

    assert story.keyrings() == {"Contacts 1, Members 7", "Web w"}


def test_always_match_comes_before_every_rule(opened):
    files = {"always_match": "a/{ingestion_date}/*.csv"}
    members = {"table": "members", "match": [MAIL]}
    story = chain(opened, {"table": "contacts"}, members, overrides=files)

    story.run(
        {"contacts": CONTACTS, "members": table("Nr Mail", ("7", "a"))},
        always=[("S_Members", "7", "S_Contacts", "2")],
    )

    assert story.keyrings() == {"Contacts 1", "Contacts 2, Members 7"}


def test_a_record_without_a_match_joins_nobody_where_include_all_is_off(opened):
    members = {"table": "members", "match": [MAIL], "include_all": False}
    story = chain(opened, {"table": "contacts"}, members)

    story.run({"contacts": CONTACTS, "members": table("Nr Mail", ("7", "a"), ("8", None))})

    assert story.keyrings() == {"Contacts 1, Members 7", "Contacts 2"}


def test_where_a_key_joins_several_groups_or_none_its_first_row_leads(opened):
    step = {"table": "people", "deduplicate": BY_NAME}
    story = chain(opened, step)
    rows = [("A", "x", None), ("A", "y", "z"), ("B", "x", "z"), ("C", "y", "z")]

    story.run({"people": table("Id Name Extra", *rows, ("D", None, None), ("D", None, "z"))})

    winners = "select _ordinal, _alternates from unify.people_winners order by 1"
    assert story.rows(winners) == [(2, "A;B;C"), (6, None)]


def test_components_make_one_customer_of_a_path_through_three_tables(opened):
    by_contact = [rule("One", "contacts.Id=One"), rule("Other", "contacts.Id=Other")]
    by_link = [rule("Link", "links.Nr=Link")]
    tables = [{"table": "contacts"}, {"table": "links", "match": by_contact}]
    story = chain(opened, *tables, {"table": "web", "match": by_link}, linking="components")
    length = 700

    story.run(
        {
            "contacts": table("Id", *((f"c{n}",) for n in range(length))),
            "links": table(
                "Nr One Other", *((f"l{n}", f"c{n}", f"c{n + 1}") for n in range(length - 1))
            ),
            "web": table("User Link", *((f"w{n}", f"l{n}") for n in range(length - 1))),
        }
    )

    assert len(story.keyrings()) == 1
