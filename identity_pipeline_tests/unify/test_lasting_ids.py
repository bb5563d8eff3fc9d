"""Ids over runs: who survives a merge, and what a run without change leaves alone."""

import pytest

from identity_pipeline_tests.unify.story import Story, table

BY_MAIL = {"name": "Mail", "conditions": [{"left": "visits.Mail", "right": "Mail"}]}
VISITS_FIRST = {
    "tables": [
        {"table": "visits", "automatic": "never"},
        {"table": "members", "automatic": "never", "match": [BY_MAIL]},
    ],
    "known_if": {"any_of": [], "or_from": ["members"]},
}
VISIT = table("User Mail", ("v", "a"))
APART, TOGETHER = table("Nr Mail", ("7", "x")), table("Nr Mail", ("7", "a"))
REGISTRY = ("profile_registry", "key_registry", "former_ids", "customer_id_history")


def test_the_known_customer_absorbs_the_unknown_one_of_a_higher_table(opened):
    story = Story(opened, VISITS_FIRST)
    story.run({"visits": VISIT, "members": APART})
    born = story.ids()

    story.run({"visits": VISIT, "members": TOGETHER})

    query = "select CustomerId, PreviousCustomerId from customer.customer"
    assert story.rows(query) == [(born["Members 7"], born["Visits v"])]


def test_a_merge_names_the_rule_and_the_keys_that_caused_it(opened):
    story = Story(opened, VISITS_FIRST)
    story.run({"visits": VISIT, "members": APART})

    story.run({"visits": VISIT, "members": TOGETHER})

    merges = [line for line in story.history() if line[1] == "merged_into"]
    assert merges == [(2, "merged_into", "Mail", "S|Visits|v ~ S|Members|7")]


@pytest.mark.parametrize("members", [APART, TOGETHER])
def test_a_run_without_change_changes_nothing_that_is_remembered(opened, members):
    story = Story(opened, VISITS_FIRST)
    tables = {"visits": VISIT, "members": members}
    story.run({"visits": VISIT, "members": APART})
    story.run(tables)
    before = {name: story.rows(f"from customer.{name} order by all") for name in REGISTRY}

    story.run(tables)

    after = {name: story.rows(f"from customer.{name} order by all") for name in REGISTRY}
    assert after == before


def test_a_profile_of_which_one_key_remains_keeps_its_id(opened):
    story = Story(opened, VISITS_FIRST)
    story.run({"visits": VISIT, "members": TOGETHER})
    born = story.ids()

    story.run({"visits": table("User Mail"), "members": TOGETHER})

    assert story.ids() == {"Members 7": born["Members 7"]}
    assert [(event, rule) for _, event, rule, _ in story.history()] == [
        ("key_removed", "gone from the source")
    ]


def test_a_key_that_two_rules_bring_is_told_with_the_first_one(opened):
    rules = [
        {"name": "Z", "conditions": [{"column": "Mail"}]},
        {"name": "A", "conditions": [{"column": "Phone"}]},
    ]
    story = Story(opened, {"tables": [{"table": "contacts", "deduplicate": rules}]})
    people = [(f"c{n}", f"mail{n}", f"phone{n}") for n in range(60)]
    story.run({"contacts": table("Id Mail Phone", *people)})

    again = [(f"d{n}", mail, phone) for n, (_, mail, phone) in enumerate(people)]
    story.run({"contacts": table("Id Mail Phone", *people, *again)})

    told = [(event, rule) for _, event, rule, _ in story.history()]
    assert told == [("key_added", "Z")] * len(people)


OVER_THREE = {
    "tables": [
        {"table": "contacts", "automatic": "never"},
        {
            "table": "members",
            "automatic": "never",
            "match": [{"name": "M", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}],
        },
        {
            "table": "visits",
            "automatic": "never",
            "match": [{"name": "V", "conditions": [{"left": "members.Nr", "right": "Member"}]}],
        },
    ],
    "known_if": {"any_of": [], "or_from": ["contacts", "members"]},
    "overrides": {"never_match": "n/{ingestion_date}/*.csv"},
}
FLATMATES = [("S_Contacts", "c", "S_Members", "m")]


@pytest.mark.parametrize("is_restored", [False, True], ids=["split off", "restored"])
def test_a_customer_that_parted_keeps_its_id_when_a_visitor_came_and_went(opened, is_restored):
    def tables(mail: str, member: str | None):
        return {
            "contacts": table("Id Mail", ("c", "a")),
            "members": table("Nr Mail", ("m", mail)),
            "visits": table("User Member", ("v", member)),
        }

    story = Story(opened, OVER_THREE)
    if is_restored:  # the member was a customer before the merge that never match takes back
        story.run(tables("x", None))
    story.run(tables("a", None))
    story.run(tables("a", None), never=FLATMATES)
    parted = story.ids()["Members m"]
    story.run(tables("a", "m"), never=FLATMATES)
    story.run(tables("a", None), never=FLATMATES)

    assert story.ids()["Members m"] == parted
