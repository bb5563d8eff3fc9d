"""The columns of the four customer tables."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from identity_pipeline.worlds.chance import fits, stream, weighted
from identity_pipeline.worlds.people import EPOCH
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import Slips
from identity_pipeline.worlds.slips import blanked
from identity_pipeline.worlds.tables import (
    CONTACTS,
    LOYALTY,
    POS,
    SUPPORT,
    CustomerTable,
    Records,
    first_records,
)
from identity_pipeline.worlds.traps import with_guest_address, with_placeholder_phones
from identity_pipeline.worlds.writing import Clerk, Society

TIERS = ("Bronze", "Silver", "Gold")
TIER_SHARES = np.array([0.6, 0.3, 0.1])
TOPICS = ("Newsletter", "Delivery", "Return", "Invoice", "Warranty")
TOPIC_SHARES = np.array([0.45, 0.2, 0.15, 0.1, 0.1])
# Records of the first delivery were made in so many days before it.
HISTORY_DAYS = 3 * 365

Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class Desk:
    """What one table's columns are made of."""

    world: World
    records: Records
    clerk: Clerk
    loyalty: Records

    def made_on(self) -> pa.Array:
        """The day each record was made: before the first delivery, or the day of its own."""
        day = self.records.day
        first = (self.world.first_day - EPOCH).days
        before = self.clerk.rng.integers(1, HISTORY_DAYS, len(day))
        made = np.where(day == 0, first - before, first + day)
        return pa.array(made.astype(np.int32), pa.int32()).cast(pa.date32())

    def without(self, column: str, values: pa.Array) -> pa.Array:
        """The values, some missing."""
        return self.clerk.without(self.records.table.name, column, values)

    def addresses(self) -> Columns:
        """The four columns of an address, missing together."""
        lacks = self.clerk.lacks(self.records.table.name, "Address")
        return {name: blanked(v, lacks) for name, v in self.clerk.addresses().items()}

    def full_names(self) -> pa.StringArray:
        """Full names, some missing."""
        return self.without("FullName", self.clerk.full_names(*self.clerk.names()))


def columns_of(
    world: World, records: Records, society: Society, loyalty: Records, slips: Slips
) -> pa.Table:
    """A table's records as they stand before any later change, one row a record, by key."""
    table = records.table
    rng = stream(world.seed, table.name)
    clerk = Clerk(rng, society, slips, records.person)
    columns = WRITERS[table](Desk(world, records, clerk, loyalty))
    columns = with_guest_address(world, table, columns)
    columns = with_placeholder_phones(world, table, columns)
    return pa.table({table.key: records.keys} | columns)


def _contacts(desk: Desk) -> Columns:
    given, last = desk.clerk.names()
    lacks = desk.clerk.lacks(CONTACTS.name, "FullName")
    return {
        "FirstName": blanked(given, lacks),
        "LastName": blanked(last, lacks),
        "FullName": blanked(desk.clerk.full_names(given, last), lacks),
        "Email": desk.without("Email", desk.clerk.emails()),
        "Phone": desk.without("Phone", desk.clerk.phones()),
        **desk.addresses(),
        "DateOfBirth": desk.without("DateOfBirth", desk.clerk.births()),
        "CreatedOn": desk.made_on(),
    }


def _loyalty(desk: Desk) -> Columns:
    tier = weighted(desk.clerk.rng, TIER_SHARES, len(desk.records))
    return {
        "FullName": desk.full_names(),
        "Email": desk.without("Email", desk.clerk.emails()),
        "Phone": desk.without("Phone", desk.clerk.phones()),
        **desk.addresses(),
        "DateOfBirth": desk.without("DateOfBirth", desk.clerk.births()),
        "Tier": pa.array(TIERS).take(pa.array(tier)),
        "JoinedOn": desk.made_on(),
    }


def _pos(desk: Desk) -> Columns:
    return {
        "FullName": desk.full_names(),
        "Phone": desk.without("Phone", desk.clerk.phones()),
        "LoyaltyId": desk.without("LoyaltyId", _cards(desk)),
        "PostalCode": desk.without("PostalCode", desk.clerk.addresses()["PostalCode"]),
        "FirstSeenOn": desk.made_on(),
    }


def _cards(desk: Desk) -> pa.StringArray:
    """The member card shown at the till: one's own, or one from home; most have none."""
    people, person = desk.clerk.society.people, desk.records.person
    borrows = fits(desk.clerk.rng, desk.clerk.slips.borrowed_card, len(person))
    holder = np.where(borrows, people.somebody_else_at_home(person), person)
    card = first_records(desk.loyalty, len(people))[holder]
    return desk.loyalty.keys.take(pa.array(card, mask=card < 0))


def _support(desk: Desk) -> Columns:
    topic = weighted(desk.clerk.rng, TOPIC_SHARES, len(desk.records))
    return {
        "FullName": desk.full_names(),
        "Email": desk.without("Email", desk.clerk.emails()),
        "Phone": desk.without("Phone", desk.clerk.phones()),
        "Topic": pa.array(TOPICS).take(pa.array(topic)),
        "CreatedOn": desk.made_on(),
    }


WRITERS: dict[CustomerTable, Callable[[Desk], Columns]] = {
    CONTACTS: _contacts,
    LOYALTY: _loyalty,
    POS: _pos,
    SUPPORT: _support,
}
