"""A whole world, written as an environment: configuration, deliveries, truth."""

from pathlib import Path

from identity_pipeline.worlds import truth
from identity_pipeline.worlds.changes import deliveries
from identity_pipeline.worlds.contacts import homes_of, mailboxes_of, phones_of
from identity_pipeline.worlds.events import event_deliveries, events_of
from identity_pipeline.worlds.files import (
    check_folder,
    write_configuration,
    write_delivery,
    write_table,
)
from identity_pipeline.worlds.people import people_of
from identity_pipeline.worlds.plan import Tell, World
from identity_pipeline.worlds.rates import Browsing, Life, slips
from identity_pipeline.worlds.records import columns_of
from identity_pipeline.worlds.tables import CONTACTS, LOYALTY, TABLES, Records, records_of
from identity_pipeline.worlds.visits import Accounts, accounts_of, shared_sign_ins, visits_of
from identity_pipeline.worlds.writing import Society

WEB_FOLDER = "web/events"


def generate(world: World, out: Path, tell: Tell) -> str:
    """Write a world into a new folder; equal worlds are equal bytes, with equal libraries.

    Args:
        world: what to make.
        out: a folder that is empty or not there yet; its name is the environment's.
        tell: told what is being made.

    Returns:
        A sentence that says what was written.

    Raises:
        WorldError: the folder cannot take it; nothing was written.
    """
    check_folder(out)
    write_configuration(world, out)
    tell("people")
    society = society_of(world)
    records = tuple(records_of(world, table) for table in TABLES)
    accounts = _write_customers(world, out, society, records, tell)
    tell("visits")
    shared = shared_sign_ins(world, society.people, accounts, records)
    visits = visits_of(world, Browsing(), society.people, accounts)
    events = events_of(world, Browsing(), visits, shared)
    for day, rows in event_deliveries(world, events, accounts):
        tell(f"events of {world.date(day)}")
        write_delivery(world, out, WEB_FOLDER, day, rows)
    tell("truth")
    ending = world.kind.value
    write_table(truth.truth_of(world.people, records, events), out / f"{truth.TRUTH}.{ending}")
    write_table(truth.truth_of_events(world.people, events), out / f"{truth.EVENTS}.{ending}")
    total = sum(map(len, records))
    return f"{world.people:,} people, {total:,} customer records, {len(events):,} web events"


def society_of(world: World) -> Society:
    """The people of a world and how they are reached."""
    life = Life()
    people = people_of(world, life)
    return Society(
        life,
        people,
        mailboxes_of(world, life, people),
        phones_of(world, life, people),
        homes_of(world, life, people),
    )


def _write_customers(
    world: World, out: Path, society: Society, records: tuple[Records, ...], tell: Tell
) -> Accounts:
    """Write the customer tables; what people sign in with is in them."""
    by_table = {each.table: each for each in records}
    slips_of_world = slips(world.noise)
    accounts: Accounts | None = None
    for each in records:
        tell(each.table.name)
        rows = columns_of(world, each, society, by_table[LOYALTY], slips_of_world)
        for day, delivered in deliveries(world, each, rows, society, slips_of_world):
            write_delivery(world, out, each.table.folder, day, delivered)
        if each.table is CONTACTS:
            accounts = accounts_of(society.people, each, rows, by_table[LOYALTY])
    assert accounts is not None, "the contacts are among the tables"
    return accounts
