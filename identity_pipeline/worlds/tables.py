"""The four customer tables: who is in which, how often, and under which keys."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Numbers, fits, stream
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import NEW_A_DAY


@dataclass(frozen=True)
class CustomerTable:
    """A customer table.

    Attributes:
        name: what the environment calls it; its part of chance too.
        data_source, table: the product's two names.
        folder: where its files land, below `landing`.
        key: the column of its primary key.
        letter: what its keys begin with.
        present: the share of people who are in it.
        twice: the share of these who are in it a second time.
    """

    name: str
    data_source: str
    table: str
    folder: str
    key: str
    letter: str
    present: float
    twice: float


CONTACTS = CustomerTable(
    "ecommerce_contacts",
    "eCommerce",
    "Contacts",
    "ecommerce/contacts",
    "ContactId",
    "C",
    0.70,
    0.12,
)
LOYALTY = CustomerTable(
    "loyalty_members", "Loyalty", "Members", "loyalty/members", "LoyaltyId", "L", 0.55, 0.04
)
POS = CustomerTable("pos_customers", "PoS", "Customers", "pos/customers", "PosId", "P", 0.60, 0.15)
SUPPORT = CustomerTable(
    "support_contacts", "Support", "Contacts", "support/contacts", "SupportId", "S", 0.40, 0.10
)
TABLES = (CONTACTS, LOYALTY, POS, SUPPORT)


@dataclass(frozen=True)
class Records:
    """The records of one table, in the order of their keys.

    Attributes:
        table: which.
        person: whose each is.
        day: the ingestion date that brings each first, from 0; ascending.
    """

    table: CustomerTable
    person: Numbers
    day: Numbers

    def __len__(self) -> int:
        return len(self.person)

    @property
    def keys(self) -> pa.StringArray:
        """Each record's primary key."""
        return keys(self.table.letter, len(self), 8)


def keys(letter: str, count: int, digits: int, first: int = 1) -> pa.StringArray:
    """Consecutive keys: a letter and a number of so many digits."""
    numbers = pa.array(np.arange(first, first + count)).cast(pa.string())
    return pc.binary_join_element_wise(letter, pc.utf8_lpad(numbers, digits, "0"), "")


def records_of(world: World, table: CustomerTable) -> Records:
    """Who is in a table, in an order that says nothing of who stands beside whom at home."""
    rng = stream(world.seed, "presence", ord(table.letter))
    owners = np.flatnonzero(fits(rng, table.present, world.people))
    twice = owners[fits(rng, table.twice, len(owners))]
    person = rng.permutation(np.concatenate([owners, twice]))
    later = rng.random(len(person)) // NEW_A_DAY + 1
    day = np.where(later < world.days, later, 0).astype(np.int64)
    order = np.argsort(day, kind="stable")
    return Records(table, person[order], day[order])


def first_records(records: Records, people: int) -> Numbers:
    """Each person's first record; -1 for those without."""
    first = np.full(people, -1, dtype=np.int64)
    first[records.person[::-1]] = np.arange(len(records))[::-1]
    return first
