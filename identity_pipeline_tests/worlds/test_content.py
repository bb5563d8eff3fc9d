"""What a world holds: keys, truth, rates."""

import re

import numpy as np
import pandas as pd
import pytest

from identity_pipeline.worlds.contacts import last_slugs
from identity_pipeline.worlds.generate import society_of
from identity_pipeline.worlds.tables import TABLES
from identity_pipeline.worlds.words import given_names, lines, slug
from identity_pipeline_tests.worlds.conftest import PEOPLE, made

TABLE_PARTS = [(table, *table.folder.split("/")) for table in TABLES]
NAMES_OF_TABLES = [table.name for table in TABLES]
PHONE = re.compile(r"(?:\+1 )?\(?(\d{3})[-.) ]*(\d{3})[-.]?(\d{4})")


def first_versions(made_world, source, table):
    rows = made_world.rows(source, table)
    return rows.drop_duplicates(rows.columns[0], keep="first")


@pytest.mark.parametrize(("table", "source", "name"), TABLE_PARTS, ids=NAMES_OF_TABLES)
def test_no_delivery_names_a_key_twice(large, table, source, name):
    days = range(large.world.days)

    twice = [large.rows(source, name, day)[table.key].duplicated().sum() for day in days]

    assert twice == [0] * large.world.days


def test_every_event_has_a_key_of_its_own(large):
    assert not large.rows("web", "events").EventID.duplicated().any()


def test_the_truth_names_every_record_and_every_visitor_once(large):
    truth = large.read("truth")

    named = sorted(zip(truth.DataSource, truth.Table, truth.Key, strict=True))

    keys = {("Web", "Events"): large.rows("web", "events").UserID}
    for table, source, name in TABLE_PARTS:
        keys[(table.data_source, table.table)] = large.rows(source, name)[table.key]
    expected = [(*of, key) for of, column in keys.items() for key in column.unique()]
    assert named == sorted(expected)


def test_the_truth_of_events_names_every_event_once(large):
    events, truth = large.rows("web", "events"), large.read("truth_events")

    assert sorted(events.EventID) == list(truth.EventID)


def test_a_person_who_signs_in_by_card_is_the_holder_of_the_card(large):
    truth = large.read("truth").query("DataSource == 'Loyalty'").set_index("Key").Person
    events = large.rows("web", "events").merge(large.read("truth_events"), on="EventID")
    by_card = events[events.LoyaltyID.notna()]

    assert (truth[by_card.LoyaltyID].to_numpy() == by_card.Person.to_numpy()).all()


def test_only_checkouts_have_an_amount(large):
    events = large.rows("web", "events")

    assert set(events[events.Amount.notna()].EventName) == {"Checkout"}
    assert events[events.EventName == "Checkout"].Amount.notna().all()


def test_events_land_on_the_day_they_happened(large):
    days = [large.rows("web", "events", day).EventTimeStamp.dt.date for day in range(1, 4)]

    assert [set(day) for day in days] == [{large.world.date(day)} for day in range(1, 4)]


@pytest.mark.parametrize(("table", "source", "name"), TABLE_PARTS, ids=NAMES_OF_TABLES)
def test_every_phone_is_kept_for_fiction(large, table, source, name):
    parts = large.rows(source, name).Phone.dropna().str.extract(PHONE)

    is_fictional = (parts[1] == "555") & parts[2].str.startswith("01")
    is_unassigned = parts[0].str[1] == "9"
    assert (is_fictional | is_unassigned).all()


def test_every_mail_address_is_below_example(large):
    emails = large.rows("ecommerce", "contacts").Email.dropna()

    assert emails.str.fullmatch(r"[a-z0-9._-]+@[a-z-]+\.example").all()


def test_two_people_have_one_mailbox_only_where_they_share_it(large):
    society = society_of(large.world)
    boxes = society.mailboxes
    own = boxes.current == np.arange(PEOPLE)
    texts = (
        pd.Series(boxes.local.to_pylist())
        + "@"
        + pd.Series(boxes.domains.take(boxes.domain).to_pylist())
    )

    assert own.mean() > 0.9
    assert not texts.duplicated().any()


def test_names_differ_as_mail_addresses_too():
    given = [slug(name) for name, _ in lines("given_names")]

    assert (len(set(given)), len(set(last_slugs().to_pylist()))) == (
        len(lines("given_names")),
        len(lines("last_names")),
    )


RATES = [
    # what, the documented rate, how it is counted
    ("people in contacts", 0.70, lambda w: w.owners("eCommerce").nunique() / PEOPLE),
    ("people in loyalty", 0.55, lambda w: w.owners("Loyalty").nunique() / PEOPLE),
    ("people at the counter", 0.60, lambda w: w.owners("PoS").nunique() / PEOPLE),
    ("people in support", 0.40, lambda w: w.owners("Support").nunique() / PEOPLE),
    ("contacts twice", 0.12, lambda w: w.owners("eCommerce").duplicated().sum() / 14_000),
    ("contacts without phone", 0.15, lambda w: w.contacts.Phone.isna().mean()),
    ("contacts without address", 0.15, lambda w: w.contacts.Address.isna().mean()),
    ("contacts without birthday", 0.40, lambda w: w.contacts.DateOfBirth.isna().mean()),
    ("names in capitals", 0.05, lambda w: w.contacts.FullName.dropna().str.isupper().mean()),
    ("nicknames", 0.20, lambda w: w.nicknames()),
    ("phones with +1", 0.04, lambda w: w.contacts.Phone.dropna().str.startswith("+1").mean()),
    ("changed on a later day", 0.005, lambda w: w.changed(2) / len(w.contacts)),
    ("new on a later day", 0.005, lambda w: w.new(2) / len(w.contacts)),
    ("events a person", 10, lambda w: len(w.events) / PEOPLE),
    ("product views", 0.74, lambda w: w.others().eq("Product view").mean()),
    ("checkouts", 0.08, lambda w: w.others().eq("Checkout").mean()),
    ("records a person", 2.486, lambda w: len(w.truth.query("DataSource != 'Web'")) / PEOPLE),
]


class Counted:
    def __init__(self, made_world):
        self.made = made_world
        self.truth = made_world.read("truth")
        self.contacts = first_versions(made_world, "ecommerce", "contacts")
        self.events = made_world.rows("web", "events")

    def owners(self, source):
        return self.truth[self.truth.DataSource == source].Person

    def others(self):
        return self.events.EventName[self.events.EventName != "Sign-in"]

    def new(self, day):
        return (
            self.made.rows("ecommerce", "contacts", day).CreatedOn == self.made.world.date(day)
        ).sum()

    def changed(self, day):
        return len(self.made.rows("ecommerce", "contacts", day)) - self.new(day)

    def nicknames(self):
        """Among contacts of people whose name has nicknames."""
        people, names = society_of(self.made.world).people, given_names()
        spelled = np.array(names.spelled.to_pylist())
        rows = self.contacts.merge(
            self.truth.query("DataSource == 'eCommerce'"), left_on="ContactId", right_on="Key"
        ).dropna(subset=["FirstName"])
        given = people.given[rows.Person.str[-8:].astype(int) - 1]
        rows = rows[(names.count[given] > 0)]
        given = given[names.count[given] > 0]
        uses = [
            name in spelled[names.first[g] : names.first[g] + names.count[g]]
            for name, g in zip(rows.FirstName, given, strict=True)
        ]
        return np.mean(uses)


@pytest.fixture(scope="module")
def counted(large):
    return Counted(large)


@pytest.mark.parametrize(("what", "rate", "count"), RATES, ids=[rate[0] for rate in RATES])
def test_rates_are_as_documented(counted, what, rate, count):
    assert count(counted) == pytest.approx(rate, rel=0.2 if rate < 0.01 else 0.08)


def test_some_visitors_become_known_and_some_never_do(counted):
    known = counted.events.groupby("UserID").apply(
        lambda rows: rows.LoyaltyID.notna().any() or rows.Email.notna().any()
    )

    assert 0.3 < known.mean() < 0.7


def test_a_visitor_is_anonymous_before_the_sign_in(counted, large):
    single = large.read("truth_events").merge(counted.events, on="EventID")
    single = single[single.groupby("UserID").Person.transform("nunique") == 1]
    signed = single[single.EventName == "Sign-in"].set_index("UserID").EventID
    before = single[single.EventID < single.UserID.map(signed)]

    assert before.LoyaltyID.isna().all()
    assert before.Email.isna().all()


def test_some_devices_are_used_by_two_people_of_a_household(counted, large):
    events = counted.events.merge(large.read("truth_events"), on="EventID")
    household = society_of(large.world).people.household
    home = household[events.Person.str[-8:].astype(int) - 1]
    of_device = events.assign(home=home).groupby("UserID")

    assert 0.03 < (of_device.Person.nunique() == 2).mean() < 0.10
    assert (of_device.home.nunique() == 1).all()


def test_a_changed_record_was_delivered_before(large):
    earlier = set(large.rows("loyalty", "members", 0).LoyaltyId)
    later = large.rows("loyalty", "members", 1)
    changed = later[later.JoinedOn < large.world.date(1)]

    assert set(changed.LoyaltyId) <= earlier


def test_the_last_day_may_have_a_share_of_its_own(tmp_path):
    world = made(tmp_path / "w", people=2000, days=3, last_day=0.01)

    counts = [len(world.rows("web", "events", day)) for day in (1, 2)]

    assert counts[1] / sum(counts) == pytest.approx(0.01, rel=0.3)


def test_one_day_holds_everything(tmp_path):
    world = made(tmp_path / "w", people=200, days=1)

    dates = {path.parent.name for path in (world.out / "landing").rglob("*.csv")}

    assert dates == {"2024-06-03"}
    assert len(world.rows("web", "events")) > 1000
