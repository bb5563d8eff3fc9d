"""A visitor id that carried two known identities: whose its key is, and whose each event."""

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.activities.laptop import (
    BY_MAIL,
    BY_MEMBER,
    DEVICE,
    MEMBERS,
    Family,
    Shop,
    event,
    events,
)
from identity_pipeline_tests.unify.story import table

LAPTOP = events(
    event("look", "07:00", None),  # before anybody signed in
    event("ada", "09:00", "707"),
    event("after ada", "09:10", None),
    event("dev", "09:20", "709"),
    event("after dev", "09:25", None),
    event("later", "12:00", None),  # another session, in which nobody signs in
)
POLICIES = {
    "last_known": None,
    "newest": "newest",
    "refuse": "refuse",
    "own": "own_customer",
    "limit 2": "limit_and_priority",
    "limit 1": {"policy": "limit_and_priority", "limit": 1},
    "session": "session_switch",
}
# With Include all off too, where nobody may have the key, and the default.
MODES = [(name, True) for name in POLICIES]
MODES += [(name, False) for name in ("last_known", "refuse", "own", "session")]
NOBODY = (None, DEVICE)  # with Include all off, and with it on
ADA, DEV, LAPTOPS = ("Ada", "Ada"), ("Dev", "Dev"), (DEVICE, DEVICE)
OWNERS = [
    # whose, by last_known, newest, refuse, own, limit 2, limit 1, session
    ("key", ADA, DEV, NOBODY, LAPTOPS, ADA, NOBODY, NOBODY),
    ("look", ADA, DEV, NOBODY, LAPTOPS, ADA, NOBODY, NOBODY),
    ("ada", ADA, ADA, ADA, ADA, ADA, ADA, ADA),
    ("after ada", ADA, DEV, NOBODY, LAPTOPS, ADA, NOBODY, ADA),
    ("dev", DEV, DEV, DEV, DEV, DEV, DEV, DEV),
    ("after dev", DEV, DEV, NOBODY, LAPTOPS, ADA, NOBODY, DEV),
    ("later", DEV, DEV, NOBODY, LAPTOPS, ADA, NOBODY, NOBODY),
]
BY_POLICY = {
    (what, p): owner for what, *row in OWNERS for p, owner in zip(POLICIES, row, strict=True)
}


@pytest.fixture
def opened():
    with open_engine(None) as engine:
        yield engine


@pytest.fixture(scope="module")
def played():
    """What became of the laptop's events, by policy and Include all."""
    found = {}
    for policy, include_all in MODES:
        with open_engine(None) as opened:
            story = Family(opened, shops={"web": Shop(POLICIES[policy], include_all)})
            story.run({"members": MEMBERS, "web": LAPTOP})
            owners = story.owners() | {"key": story.key_owner()}
            told = (owners, story.unknown(), story.ambiguities(), story.keyrings())
            found[policy, include_all] = told
    return found


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: f"{mode[0]}, {mode[1]}")
@pytest.mark.parametrize("what", [what for what, *_ in OWNERS])
def test_the_policy_says_whose_the_key_and_each_event_is(played, mode, what):
    owners, *_ = played[mode]

    assert owners[what] == BY_POLICY[what, mode[0]][mode[1]]


AMBIGUITIES = [
    # policy, Include all, reason, key chosen, key of the best other
    ("last_known", True, "last_known_at_event", "707", "709"),
    ("last_known", False, "last_known_at_event", "707", "709"),
    ("newest", True, "newest", "709", "707"),
    ("refuse", True, "refuse", None, "707"),
    ("refuse", False, "refuse", None, "707"),
    ("own", False, "own_customer", None, "707"),
    ("limit 2", True, "limit_and_priority", "707", "709"),
    ("limit 1", True, "limit_and_priority", None, "707"),
    ("session", True, "session_switch", None, "707"),
]


@pytest.mark.parametrize(("policy", "include_all", "reason", "chosen", "other"), AMBIGUITIES)
def test_each_conflict_is_one_ambiguity(played, policy, include_all, reason, chosen, other):
    _, _, ambiguities, _ = played[policy, include_all]

    assert ambiguities == [(f"shared device: {reason}", 2, chosen, other)]


def test_known_customers_are_never_fused_through_a_device(played):
    customers = {keys for *_, keyrings in played.values() for keys in keyrings}

    assert not any("707" in keys and "709" in keys for keys in customers)


UNKNOWN = [
    # policy, the events of which nobody could have told then whose they were
    ("last_known", {"look"}),
    ("newest", {"look", "after ada"}),  # Dev was not named before 09:20
    ("refuse", {"look", "after ada", "after dev", "later"}),
    ("own", {"look", "after ada", "after dev", "later"}),
    ("limit 2", {"look"}),
    ("session", {"look", "later"}),
]


@pytest.mark.parametrize(("policy", "unknown"), UNKNOWN)
def test_an_event_is_of_somebody_unknown_until_its_owner_was_named(played, policy, unknown):
    _, found, _, _ = played[policy, True]

    assert found == unknown


ALONE = events(
    event("look", "07:00", None), event("ada", "09:00", "707"), event("x", "19:00", None)
)


@pytest.mark.parametrize("policy", ["last_known", "own", "session"])
def test_without_a_conflict_every_policy_leaves_the_device_with_its_one_member(opened, policy):
    story = Family(opened, shops={"web": Shop(POLICIES[policy])})

    story.run({"members": MEMBERS, "web": ALONE})

    assert story.owners() == {"look": "Ada", "ada": "Ada", "x": "Ada"}
    assert (story.unknown(), story.ambiguities()) == ({"look"}, [])


FILES = [
    # file, its line, whose all events then are, what is ambiguous
    ("never", ("S_Members", "709", "S_Web", "V"), "Ada", [("never match", 1, "707", "709")]),
    ("always", ("S_Members", "711", "S_Web", "V"), "Eve", []),
]


@pytest.mark.parametrize(("file", "line", "owner", "ambiguities"), FILES)
def test_custom_matches_may_say_whose_a_device_is(opened, file, line, owner, ambiguities):
    story = Family(opened, shops={"web": Shop("refuse")})
    story.unify["overrides"] = {f"{file}_match": f"{file}/{{ingestion_date}}/*.csv"}

    story.run({"members": MEMBERS, "web": LAPTOP}, **{file: [line]})

    assert set(story.owners().values()) == {owner}
    assert story.ambiguities() == ambiguities


CONTACTS = table("Id Name Mail", ("C1", "Dora", "dora@x.example"), ("C2", "Ada", "ada@x.example"))
DORA = "dora@x.example"
SEVERAL_RULES = events(
    *(event("a1", "09:00", "707", user="A"), event("a2", "10:00", None, user="A", mail=DORA)),
    event("a3", "10:05", None, user="A"),
    *(event("b1", "09:00", "707", user="B", mail=DORA), event("b2", "10:00", None, user="B")),
    # A key is text: 10 comes before 9.
    *(event("9", "09:00", "709", user="C"), event("10", "09:00", "707", user="C")),
    *(event("11", "09:00", None, user="C"), event("91", "09:00", None, user="C")),
)
NEWEST = events(event("dev", "19:00", "709"), event("ada", "09:00", "707"))
SESSIONS = events(
    event("before", "08:00", None, session="one"),
    event("ada", "08:01", "707", session="one"),
    event("other", "08:02", None, session="two"),
    event("dev", "08:03", "709", session="three"),
    event("none", "08:04", None),
    event("long after", "23:00", None, session="one"),
)
ORDERS = table(
    "Order At:timestamp Visitor",
    ("O1", LAPTOP.rows[2][1], "V"),
    ("O2", LAPTOP.rows[5][1], "V"),
)


@pytest.fixture(scope="module")
def shops():
    """Three shops with laptops of all sorts, and a table of orders by their visitors."""
    policies = {
        "web": Shop(match=(BY_MEMBER, BY_MAIL)),
        "newest": Shop("newest"),
        "sessions": Shop({"policy": "session_switch", "session": "Session"}),
        "plain": Shop(),
    }
    link = {"column": "Visitor", "table": "plain"}
    orders = {"table": "orders", "type": "Other", "key": "Order", "time": "At", "customer": link}
    with open_engine(None) as opened:
        story = Family(opened, shops=policies, activities=[orders])
        landed = {"web": SEVERAL_RULES, "newest": NEWEST, "sessions": SESSIONS, "plain": LAPTOP}
        story.run({"members": MEMBERS, "contacts": CONTACTS, "orders": ORDERS, **landed})
        yield story


def test_a_row_that_only_a_later_rule_reads_names_somebody_too(shops):
    assert shops.owners_of("A") == {"a1": "Ada", "a2": "Dora", "a3": "Dora"}


def test_a_row_names_whom_its_first_rule_finds(shops):
    assert shops.owners_of("B") == {"b1": "Ada", "b2": "Ada"}


def test_events_of_one_time_follow_each_other_by_key(shops):
    assert shops.owners_of("C") == {"10": "Ada", "11": "Ada", "9": "Dev", "91": "Dev"}


def test_the_member_named_last_is_the_newest_whatever_comes_first_in_the_file(shops):
    assert shops.key_owner("newest") == "Dev"


def test_a_column_may_tell_sessions_apart(shops):
    assert shops.owners("sessions") == {
        "before": "Ada",
        "ada": "Ada",
        "other": DEVICE,
        "dev": "Dev",
        "none": DEVICE,
        "long after": "Ada",
    }


def test_what_another_table_says_of_a_device_follows_the_time_too(shops):
    found = shops.owners("plain")

    assert (found["O1"], found["O2"]) == ("Ada", "Dev")
