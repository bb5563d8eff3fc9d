"""Traps: off by default, and at their rates where asked for."""

import pytest

from identity_pipeline.worlds.errors import WorldError
from identity_pipeline.worlds.plan import Traps, World
from identity_pipeline.worlds.traps import GUEST_ADDRESS, PLACEHOLDER_PHONES

EMAILS = [("ecommerce", "contacts"), ("loyalty", "members"), ("support", "contacts")]
PHONES = [*EMAILS, ("pos", "customers")]


@pytest.mark.parametrize(("source", "table"), EMAILS)
def test_the_guest_address_is_on_its_share_of_records(trapped, source, table):
    rows = trapped.rows(source, table, 0)

    assert (rows.Email == GUEST_ADDRESS).mean() == pytest.approx(0.04, rel=0.15)


@pytest.mark.parametrize(("source", "table"), PHONES)
def test_three_placeholder_phones_are_on_their_share_of_records(trapped, source, table):
    rows = trapped.rows(source, table, 0)
    held = rows.Phone[rows.Phone.isin(PLACEHOLDER_PHONES)]

    assert len(held) / len(rows) == pytest.approx(0.05, rel=0.15)
    assert set(held) == set(PLACEHOLDER_PHONES)


def test_kiosks_have_as_many_people_as_asked_for_and_are_nobodys(trapped):
    people, owners = shared_visitors(trapped)

    assert sorted(people)[:3] == [40, 40, 40]
    assert owners.isna().all()


def test_the_people_of_a_share_of_records_sign_in_on_one_tablet(trapped):
    people, _ = shared_visitors(trapped)
    records = trapped.read("truth").query("DataSource != 'Web'")

    # Some have no account to sign in with; a few have two of the chosen records.
    assert 0.02 < people.max() / len(records) < 0.03


def shared_visitors(made_world):
    """How many people each visitor id without a person of its own has, and its Person."""
    truth = made_world.read("truth")
    shared = truth[(truth.DataSource == "Web") & truth.Person.isna()]
    events = made_world.rows("web", "events").merge(made_world.read("truth_events"), on="EventID")
    people = events[events.UserID.isin(shared.Key)].groupby("UserID").Person.nunique()
    return people, shared.Person


def test_no_trap_is_there_unless_asked_for(large):
    contacts, truth = large.rows("ecommerce", "contacts"), large.read("truth")

    traps = contacts.Email.eq(GUEST_ADDRESS) | contacts.Phone.isin(PLACEHOLDER_PHONES)
    assert (traps.sum(), truth.Person.isna().sum()) == (0, 0)


WRONG = [
    (["kiosk=1x2"], "Did you mean 'kiosks'?"),
    (["kiosks=2"], "as 5x40"),
    (["tablet=2"], "as 2%"),
    (["guest_address=101%"], "0% to 100%"),
    (["tablet=1%", "tablet=2%"], "named twice"),
]


@pytest.mark.parametrize(("words", "hint"), WRONG)
def test_a_trap_that_cannot_be_read_says_how_to_write_it(words, hint):
    with pytest.raises(WorldError, match=r"^--trap") as caught:
        Traps.read(words)

    assert hint in str(caught.value)


RANGES = [
    ({"people": 0}, "--people 0: must be from 1"),
    ({"people": 5, "seed": -1}, "--seed -1"),
    ({"people": 5, "days": 0}, "--days 0: must be from 1 to 366"),
    ({"people": 5, "days": 2, "last_day": 0.01}, "--last-day needs --days 3"),
    ({"people": 5, "traps": Traps(kiosks=1, kiosk_people=6)}, "there are 5 people only"),
]


@pytest.mark.parametrize(("wanted", "message"), RANGES)
def test_a_number_out_of_range_is_refused(wanted, message):
    with pytest.raises(WorldError) as caught:
        World(**wanted)

    assert message in str(caught.value)
