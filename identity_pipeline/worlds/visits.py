"""Who uses which device, and who signs in on it: what events are drawn from."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Flags, Numbers, fits, stream, weighted
from identity_pipeline.worlds.people import People
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import Browsing
from identity_pipeline.worlds.tables import Records, first_records
from identity_pipeline.worlds.traps import GUEST_ADDRESS

NOTHING, CARD, ADDRESS = range(3)


@dataclass(frozen=True)
class Accounts:
    """What people can sign in with: their first member card, the address of their first contact.

    Attributes:
        cards, addresses: the texts, by record.
        card, address: each person's record; -1 for those without.
    """

    cards: pa.StringArray
    addresses: pa.StringArray
    card: Numbers
    address: Numbers

    def usual(self, rng: np.random.Generator, person: Numbers, by_card: float) -> Numbers:
        """What each signs in with: CARD, ADDRESS, or NOTHING for those without an account."""
        has_card, has_address = self.card[person] >= 0, self.address[person] >= 0
        prefers_card = fits(rng, by_card, len(person)) | ~has_address
        return np.where(has_card & prefers_card, CARD, np.where(has_address, ADDRESS, NOTHING))


def accounts_of(people: People, contacts: Records, rows: pa.Table, loyalty: Records) -> Accounts:
    """The accounts of the people; nobody has one under the guest address."""
    emails = rows["Email"].combine_chunks()
    address = first_records(contacts, len(people))
    usable = pc.not_equal(emails, GUEST_ADDRESS).fill_null(False).to_numpy(zero_copy_only=False)
    address[address >= 0] = np.where(usable, np.arange(len(emails)), -1)[address[address >= 0]]
    return Accounts(loyalty.keys, emails, first_records(loyalty, len(people)), address)


@dataclass(frozen=True)
class Visits:
    """One place in each array per device and person who uses it; owners first.

    Attributes:
        device: its number, from 0.
        person: who uses it.
        weight: how many events to expect, before scaling.
        account: what they sign in with on it; NOTHING: never.
        owner: per device, the person who has it.
    """

    device: Numbers
    person: Numbers
    weight: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    account: Numbers
    owner: Numbers


def visits_of(world: World, browsing: Browsing, people: People, accounts: Accounts) -> Visits:
    """Give those who browse their devices, and let some use another's at home."""
    rng = stream(world.seed, "devices")
    browses = np.flatnonzero(fits(rng, browsing.browses, len(people)))
    devices = weighted(rng, np.array(browsing.devices), len(browses)) + 1
    lively = rng.gamma(browsing.liveliness, size=len(browses))
    owner = np.repeat(browses, devices)
    begins = np.repeat(np.cumsum(devices) - devices, devices)
    use = np.array(browsing.device_weights)
    share = use[np.arange(len(owner)) - begins] / np.cumsum(use)[np.repeat(devices, devices) - 1]
    weight = np.repeat(lively, devices) * share
    is_shared = fits(rng, browsing.shared_device, len(owner)) & people.has_company[owner]
    shared = np.flatnonzero(is_shared)
    person = np.concatenate([owner, people.somebody_else_at_home(owner[shared])])
    device = np.concatenate([np.arange(len(owner)), shared])
    weight = np.concatenate([weight, weight[shared] * browsing.second_share])
    account = _account(stream(world.seed, "visits"), browsing, accounts, person)
    return Visits(device, person, weight, account, owner)


def _account(
    rng: np.random.Generator, browsing: Browsing, accounts: Accounts, person: Numbers
) -> Numbers:
    signs_in: Flags = fits(rng, browsing.signs_in, len(accounts.card))[person]
    signs_in &= fits(rng, browsing.signs_in_here, len(person))
    return np.where(signs_in, accounts.usual(rng, person, browsing.by_card), NOTHING)


@dataclass(frozen=True)
class SharedSignIns:
    """People who sign in on devices that nobody owns; numbered after all others.

    Attributes:
        devices: how many such devices there are: kiosks first, the tablet last.
        device, person, account: one place a sign-in.
    """

    devices: int
    device: Numbers
    person: Numbers
    account: Numbers


def shared_sign_ins(
    world: World, people: People, accounts: Accounts, records: tuple[Records, ...]
) -> SharedSignIns:
    """The traps of visitor ids: kiosks of so many people each, a tablet of many people.

    Who has no account cannot sign in, and is left out; a kiosk has others in their place while
    there are any.
    """
    traps = world.traps
    able = np.flatnonzero((accounts.card >= 0) | (accounts.address >= 0))
    device, person = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for kiosk in range(traps.kiosks):
        rng = stream(world.seed, "kiosks", kiosk)
        visitors = rng.permutation(able)[: traps.kiosk_people]
        device.append(np.full(len(visitors), kiosk))
        person.append(visitors)
    if traps.tablet:
        rng = stream(world.seed, "tablet")
        owners = np.concatenate([each.person for each in records])
        chosen = np.unique(owners[fits(rng, traps.tablet, len(owners))])
        visitors = np.intersect1d(chosen, able)
        device.append(np.full(len(visitors), traps.kiosks))
        person.append(visitors)
    devices, persons = np.concatenate(device), np.concatenate(person)
    account = accounts.usual(stream(world.seed, "tablet", 1), persons, 0.5)
    return SharedSignIns(traps.kiosks + bool(traps.tablet), devices, persons, account)
