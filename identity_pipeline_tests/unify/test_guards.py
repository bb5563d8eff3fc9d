"""Guards: values that link nothing, maxima of a customer, customers held for review."""

import itertools
import random

import pytest

from identity_pipeline_tests.unify.story import Story, table

MAIL = {"name": "Mail", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}
CARD = {"name": "Card", "conditions": [{"left": "contacts.Card", "right": "Card"}]}
SAME_MAIL = [{"name": "Same mail", "conditions": [{"column": "Mail"}]}]
GUARDED = 'select identifier_type, value, reason, keys, "limit", kept from unify.guarded_values'


def two_tables(opened, guards, *rules, linking="assignment", deduplicate=()):
    """Contacts and members, matched by the mail unless rules say otherwise."""
    steps = [
        {"table": "contacts", "automatic": "never", "deduplicate": list(deduplicate)},
        {"table": "members", "automatic": "never", "match": list(rules or (MAIL,))},
    ]
    return Story(opened, {"tables": steps, "guards": guards, "linking": linking})


def people(*rows, columns="Id Mail"):
    return table(columns, *rows)


PLACEHOLDERS = [
    # the value, whether guards are on, whether it links
    ("unknown", True, False),
    ("Guest@shop.example", True, False),
    ("000-000-0000", True, False),
    ("unknown", False, True),
    ("ann@x.example", True, True),
    ("0", True, True),  # a number like another
]


@pytest.mark.parametrize(("value", "on", "links"), PLACEHOLDERS)
def test_a_placeholder_links_nothing(opened, value, on, links):
    story = two_tables(opened, {"placeholders": on})

    story.run({"contacts": people(("1", value)), "members": people(("7", value))})

    assert (story.keyrings() == {"Contacts 1, Members 7"}) is links


def test_a_placeholder_of_ones_own_links_nothing_of_its_identifier_type(opened):
    guards = {"placeholder_values": {"Mail": ["SHOP@x.example"]}}
    lower = {**MAIL["conditions"][0], "normalize": ["lower"]}
    story = two_tables(opened, guards, {"name": "Mail", "conditions": [lower]})

    contacts = people(("1", "shop@x.example"), ("2", "ann@x.example"))
    story.run(
        {"contacts": contacts, "members": people(("7", "Shop@x.example"), ("8", "ANN@x.example"))}
    )

    assert story.keyrings() == {"Contacts 1", "Members 7", "Contacts 2, Members 8"}


def test_rows_that_are_equal_in_a_placeholder_are_not_one_record(opened):
    story = Story(
        opened, {"tables": [{"table": "contacts"}, {"table": "members", "match": [MAIL]}]}
    )

    story.run(
        {
            "contacts": people(("1", "n/a"), ("2", "n/a"), ("3", "m"), ("4", "m")),
            "members": people(),
        }
    )

    assert story.keyrings() == {"Contacts 1", "Contacts 2", "Contacts 3, Contacts 4"}


def test_placeholders_are_reported_with_the_keys_that_carry_them(opened):
    story = two_tables(opened, {})

    story.run({"contacts": people(("1", "null"), ("2", "m")), "members": people(("7", "null"))})

    assert story.rows(GUARDED) == [("Mail", "null", "placeholder", 2, None, 0)]


LIMIT = {"records_per_value": {"Mail": 3}}
FULL = people(("1", "m"), ("2", "n")), people(("7", "m"), ("8", "m"), ("9", "n"))


def test_a_value_that_more_keys_carry_than_its_limit_links_nothing(opened):
    story = two_tables(opened, LIMIT)

    contacts, members = people(("1", "m"), ("2", "m")), people(("7", "m"), ("8", "m"))
    story.run({"contacts": contacts, "members": members})

    assert story.keyrings() == {"Contacts 1", "Contacts 2", "Members 7", "Members 8"}
    assert story.rows(GUARDED) == [("Mail", "m", "too many records", 4, 3, 0)]


def test_a_value_at_its_limit_links(opened):
    story = two_tables(opened, LIMIT)

    story.run({"contacts": FULL[0], "members": FULL[1]})

    assert story.keyrings() == {"Contacts 1, Members 7, Members 8", "Contacts 2, Members 9"}
    assert story.rows(GUARDED) == []


def test_a_value_that_crosses_its_limit_later_keeps_old_customers_and_links_no_newcomer(opened):
    story = two_tables(opened, LIMIT)
    contacts, members = FULL
    story.run({"contacts": contacts, "members": members})
    before = story.ids()

    more = people(*members.rows, ("10", "m"), ("11", "m"))
    story.run({"contacts": contacts, "members": more})
    story.run({"contacts": contacts, "members": more})

    after = story.ids()
    assert {key: after[key] for key in before} == before
    assert {"Members 10", "Members 11"} <= story.keyrings()
    assert story.rows(GUARDED) == [("Mail", "m", "too many records", 5, 3, 3)]


def test_keys_that_deduplication_linked_keep_their_value_too(opened):
    story = two_tables(opened, LIMIT, deduplicate=SAME_MAIL)
    old = people(("1", "m"), ("2", "m"))
    story.run({"contacts": old, "members": people()})

    story.run({"contacts": people(*old.rows, ("3", "m"), ("4", "m")), "members": people()})

    assert story.keyrings() == {"Contacts 1, Contacts 2", "Contacts 3", "Contacts 4"}


def test_a_value_is_set_aside_since_the_day_that_first_did(opened):
    story = two_tables(opened, LIMIT)
    contacts, members = people(("1", "m"), ("2", "m")), people(("7", "m"), ("8", "m"))
    story.run({"contacts": contacts, "members": members})

    story.run({"contacts": contacts, "members": people(*members.rows, ("9", "unknown"))})

    since = "select value, since::text from unify.guarded_values order by value"
    assert story.rows(since) == [("m", "2024-01-02"), ("unknown", "2024-01-03")]


ONE_CARD = {"values_per_customer": {"Card": 1}}
CARDS = "Id Mail Card"


def test_of_rows_with_two_cards_the_better_link_makes_a_record(opened):
    story = two_tables(opened, ONE_CARD, deduplicate=SAME_MAIL)
    rows = [("1", "m", None), ("2", "m", "a"), ("3", "m", "b"), ("4", "m", "B "), ("5", "m", "a")]

    story.run({"contacts": people(*rows, columns=CARDS), "members": people(columns=CARDS)})

    refused = "select distinct refused from unify.contacts_duplicates where refused is not null"
    assert story.keyrings() == {
        "Contacts 1, Contacts 2, Contacts 5",
        "Contacts 3, Contacts 4",
    }
    assert story.rows(refused) == [("one Card a customer",)]


AMBIGUITIES = (
    "select key, reason, chosen_key, other_key from unify.members_ambiguities order by all"
)


def test_a_match_that_would_bring_a_second_card_is_refused(opened):
    story = two_tables(opened, ONE_CARD)
    members = people(("7", "m", "b"), ("8", "m", "a"), ("9", "m", None), columns=CARDS)

    story.run({"contacts": people(("1", "m", "a"), columns=CARDS), "members": members})

    assert story.keyrings() == {"Contacts 1, Members 8, Members 9", "Members 7"}
    assert story.rows(AMBIGUITIES) == [("7", "one Card a customer", None, "1")]


def test_of_two_matches_that_bring_a_card_each_the_better_one_stays(opened):
    story = two_tables(opened, ONE_CARD, CARD, MAIL)
    contacts = people(("1", "m", "a"), ("2", "n", None), columns=CARDS)
    members = people(("7", "n", "b"), ("8", "n", "c"), columns=CARDS)

    story.run({"contacts": contacts, "members": members})

    assert story.keyrings() == {"Contacts 1", "Contacts 2, Members 7", "Members 8"}


def test_what_was_refused_goes_to_its_next_candidate(opened):
    story = two_tables(opened, ONE_CARD, MAIL)
    contacts = people(("1", "m", "a"), ("2", "m", None), columns=CARDS)

    members = people(("7", "m", "b"), columns=CARDS)
    story.run({"contacts": contacts, "members": members})

    assert story.keyrings() == {"Contacts 1", "Contacts 2, Members 7"}
    assert ("7", "one Card a customer", "2", "1") in story.rows(AMBIGUITIES)


def test_always_match_does_not_overrule_a_maximum(opened):
    story = two_tables(opened, ONE_CARD)
    story.unify["overrides"] = {"always_match": "always/{ingestion_date}/*.csv"}
    contacts = people(("1", "m", "a"), columns=CARDS)

    story.run(
        {"contacts": contacts, "members": people(("7", "x", "b"), columns=CARDS)},
        always=[("S_Contacts", "1", "S_Members", "7")],
    )

    assert story.keyrings() == {"Contacts 1", "Members 7"}
    assert story.rows(AMBIGUITIES) == [("7", "one Card a customer", None, "1")]


def test_never_match_and_a_maximum_hold_together(opened):
    story = two_tables(opened, ONE_CARD)
    story.unify["overrides"] = {"never_match": "never/{ingestion_date}/*.csv"}
    contacts = people(("1", "m", "a"), ("2", "m", None), columns=CARDS)
    members = people(("7", "m", "b"), ("8", "m", None), columns=CARDS)

    story.run(
        {"contacts": contacts, "members": members},
        never=[("S_Members", "7", "S_Members", "8")],
    )

    keyrings = story.keyrings()
    assert not any("Members 7, Members 8" in keys for keys in keyrings)
    assert "Contacts 1, Members 7" not in keyrings


def visits(opened, linking):
    """Members by card, and visitors whose rows carry the cards of those who signed in."""
    rules = [
        {"name": column, "conditions": [{"left": f"members.{column}", "right": column}]}
        for column in ("Card", "Mail")
    ]
    steps = [
        {"table": "members", "automatic": "never"},
        {
            "table": "web",
            "automatic": "never",
            "deduplicate": [{"name": "Visitor", "conditions": [{"column": "Visitor"}]}],
            "match": rules,
        },
    ]
    return Story(opened, {"tables": steps, "guards": ONE_CARD, "linking": linking})


MEMBERS = table("Nr Card Mail", ("1", "a", "k"), ("2", "b", "l"), ("3", "c", "m"), ("4", None, "n"))
TABLET = [
    *(("t", None, None), ("t", "a", None), ("t", "b", None), ("t", "c", None), ("t", None, "n")),
    ("v", "b", None),
]


@pytest.mark.parametrize("linking", ["assignment", "components"])
def test_a_device_of_several_people_is_one_record_and_joins_nobody_to_another(opened, linking):
    story = visits(opened, linking)

    story.run({"members": MEMBERS, "web": table("Visitor Card Mail", *TABLET)})

    together = {"Members 1, Web t", "Members 2, Web v", "Members 3", "Members 4"}
    assert story.keyrings() == together


def test_components_are_cut_where_a_customer_would_have_two_cards(opened):
    story = two_tables(opened, ONE_CARD, linking="components")
    contacts = people(("1", "m", "a"), ("2", "m", "b"), columns=CARDS)

    story.run({"contacts": contacts, "members": people(("7", "m", None), columns=CARDS)})

    assert story.keyrings() == {"Contacts 1, Members 7", "Contacts 2"}


@pytest.mark.parametrize("linking", ["assignment", "components"])
def test_a_maximum_makes_the_same_customers_in_any_order_of_rows(opened, linking):
    draw = random.Random(7)
    mails, cards = ["m", "n", "o", None], ["a", "b", "c", None]
    contacts = [(str(n), draw.choice(mails), draw.choice(cards)) for n in range(12)]
    members = [(str(n), draw.choice(mails), draw.choice(cards)) for n in range(20, 40)]
    found = set()
    for _ in range(3):
        draw.shuffle(contacts)
        draw.shuffle(members)
        story = two_tables(opened, ONE_CARD, linking=linking, deduplicate=SAME_MAIL)
        tables = {
            "contacts": people(*contacts, columns=CARDS),
            "members": people(*members, columns=CARDS),
        }
        story.run(tables)
        found.add(frozenset(story.keyrings()))
        card_of = {f"Contacts {key}": card for key, _, card in contacts}
        card_of |= {f"Members {key}": card for key, _, card in members}

    sizes = [
        len({card_of[key] for key in keys.split(", ") if card_of[key]})
        for keys in itertools.chain(*found)
    ]
    assert (len(found), max(sizes)) == (1, 1)


HELD = 'select identifier, record_identifier, keys, "limit" from unify.held_for_review order by all'
SMALL = {"keys_per_customer": 3}


def test_a_record_past_the_size_of_a_customer_is_held_as_the_last_run_left_it(opened):
    story = two_tables(opened, SMALL)
    contacts, members = people(("1", "m")), people(("7", "m"))
    story.run({"contacts": contacts, "members": members})
    before = story.ids()

    more = people(*members.rows, ("8", "m"), ("9", "m"))
    story.run({"contacts": contacts, "members": more})

    assert story.keyrings() == {"Contacts 1, Members 7", "Members 8", "Members 9"}
    assert {key: story.ids()[key] for key in before} == before
    assert story.rows(HELD) == [
        (f"S|{key}", "S|Contacts|1", 4, 3)
        for key in ("Contacts|1", "Members|7", "Members|8", "Members|9")
    ]


def test_in_a_first_run_every_group_of_a_record_that_is_held_is_its_own(opened):
    story = two_tables(opened, SMALL)
    rows = [("7", "m"), ("8", "m"), ("9", "m"), ("10", "n")]

    story.run({"contacts": people(("1", "m"), ("2", "n")), "members": people(*rows)})

    assert story.keyrings() == {
        "Contacts 1",
        "Members 7",
        "Members 8",
        "Members 9",
        "Contacts 2, Members 10",
    }


def test_a_record_no_larger_than_the_limit_is_released(opened):
    story = two_tables(opened, SMALL)
    contacts, members = people(("1", "m")), people(("7", "m"))
    story.run({"contacts": contacts, "members": members})
    story.run({"contacts": contacts, "members": people(*members.rows, ("8", "m"), ("9", "m"))})

    story.run({"contacts": contacts, "members": people(*members.rows, ("8", "m"))})

    assert story.keyrings() == {"Contacts 1, Members 7, Members 8"}
    assert story.rows(HELD) == []


def test_include_all_applies_to_what_is_held(opened):
    story = two_tables(opened, SMALL)
    story.unify["tables"][1]["include_all"] = False
    rows = [("7", "m"), ("8", "m"), ("9", "m")]

    story.run({"contacts": people(("1", "m")), "members": people(*rows)})

    assert story.keyrings() == {"Contacts 1"}
