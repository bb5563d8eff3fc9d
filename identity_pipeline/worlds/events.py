"""What people do on the web, event by event, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Flags, Numbers, fits, stream, weighted, zipf
from identity_pipeline.worlds.plan import FileKind, World
from identity_pipeline.worlds.rates import Browsing
from identity_pipeline.worlds.slips import blanked
from identity_pipeline.worlds.tables import keys
from identity_pipeline.worlds.visits import ADDRESS, CARD, NOTHING, Accounts, SharedSignIns, Visits
from identity_pipeline.worlds.words import lines, plain, words

DAY_SECONDS = 86_400
# Times are drawn as whole numbers up to here; what is drawn and its place fit into 64 bits.
MOMENTS = 1 << 31
NAMES = ("Product view", "Add to cart", "Checkout", "Sign-in")
VIEW, ADD, CHECKOUT, SIGN_IN = range(4)
# An order is about so many cents, and spreads like a lognormal with this deviation.
ORDER_CENTS, ORDER_SPREAD = 5500, 0.6
# After a sign-in on a shared device its people look at one product.
LOOKS_AFTER_SECONDS = 60


@dataclass(frozen=True)
class Events:
    """Events in the order of time; arrays with one place an event.

    Attributes:
        device, person: which, whose.
        second: since midnight of the first date that has events.
        name: a place in `NAMES`.
        account: what identifies the person in it: NOTHING, CARD or ADDRESS.
        visitors: each device's visitor id.
        owner: each device's main person; -1 where it is everybody's.
    """

    device: Numbers
    person: Numbers
    second: Numbers
    name: Numbers
    account: Numbers
    visitors: pa.StringArray
    owner: Numbers

    def __len__(self) -> int:
        return len(self.device)


def event_dates(world: World) -> range:
    """The dates that have events, as places: all but the first, where there are several."""
    return range(min(1, world.days - 1), world.days)


def events_of(world: World, browsing: Browsing, visits: Visits, shared: SharedSignIns) -> Events:
    """Draw the events of visits, add those on shared devices, and put them into order."""
    parts = (_of_visits(world, browsing, visits), *_on_shared(world, shared, len(visits.owner)))
    device, person, moment, name, account = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    second = _seconds(world, moment)
    # Places make the numbers different, so that any way of sorting gives one order.
    order = np.sort(second * len(second) + np.arange(len(second))) % max(len(second), 1)
    devices = len(visits.owner) + shared.devices
    numbers = stream(world.seed, "devices", 1).permutation(devices) + 1
    visitors = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 9, "0")
    return Events(
        device[order],
        person[order],
        second[order],
        name[order],
        account[order],
        pc.binary_join_element_wise("V", visitors, ""),
        np.concatenate([visits.owner, np.full(shared.devices, -1)]),
    )


# Device, person, moment, name and account of some events.
_Part = tuple[Numbers, Numbers, Numbers, Numbers, Numbers]


def _of_visits(world: World, browsing: Browsing, visits: Visits) -> _Part:
    """Each visit's events: anonymous, then a sign-in, then some that carry its id."""
    rng = stream(world.seed, "events")
    scale = world.people * world.events_per_person / max(float(visits.weight.sum()), 1.0)
    count = rng.poisson(visits.weight * scale)
    visit = np.repeat(np.arange(len(count)), count)
    moment = rng.integers(0, MOMENTS, len(visit))
    moment = np.sort(visit * MOMENTS + moment) % MOMENTS
    place = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    signs_in = (rng.random(len(count)) * browsing.signed_in_until * count).astype(np.int64)
    after = place - signs_in[visit]
    account = visits.account[visit]
    name = weighted(rng, np.array(list(browsing.names.values())), len(visit))
    name = np.where((account != NOTHING) & (after == 0), SIGN_IN, name)
    carries = (after == 0) | (fits(rng, browsing.carries, len(visit)) & (after > 0))
    account = np.where(carries, account, NOTHING)
    return visits.device[visit], visits.person[visit], moment, name, account


def _on_shared(world: World, shared: SharedSignIns, devices: int) -> tuple[_Part, _Part]:
    """A sign-in and a look at a product of everybody on a kiosk or the tablet."""
    count = len(shared.device)
    device = devices + shared.device
    second = MOMENTS // (DAY_SECONDS * len(event_dates(world)))
    at = stream(world.seed, "events", 1).integers(0, MOMENTS, count)
    later = np.minimum(at + LOOKS_AFTER_SECONDS * second, MOMENTS - 1)
    signs, looks = np.full(count, SIGN_IN), np.full(count, VIEW)
    return (
        (device, shared.person, at, signs, shared.account),
        (device, shared.person, later, looks, np.full(count, NOTHING)),
    )


def _seconds(world: World, moment: Numbers) -> Numbers:
    """Spread moments over the dates; the last may have a share of its own."""
    dates = len(event_dates(world))
    if world.last_day is None:
        return moment * (dates * DAY_SECONDS) // MOMENTS
    ends = np.linspace(0, (1 - world.last_day) * MOMENTS, dates)
    spread = np.interp(moment, [*ends, MOMENTS], np.arange(dates + 1) * DAY_SECONDS)
    return spread.astype(np.int64).clip(0, dates * DAY_SECONDS - 1)


def event_deliveries(
    world: World, events: Events, accounts: Accounts
) -> Iterator[tuple[int, pa.Table]]:
    """Each ingestion date that has events, and its events as they land."""
    for place, day in enumerate(event_dates(world)):
        begin, end = np.searchsorted(
            events.second, [place * DAY_SECONDS, (place + 1) * DAY_SECONDS]
        )
        yield day, _rows(world, events, accounts, slice(int(begin), int(end)))


def _rows(world: World, events: Events, accounts: Accounts, part: slice) -> pa.Table:
    rng = stream(world.seed, "events", 2 + part.start)
    person, name, account = events.person[part], events.name[part], events.account[part]
    count = len(person)
    card, address = accounts.card[person], accounts.address[person]
    product = zipf(rng, len(lines("products")), count)
    about_product = (name == VIEW) | (name == ADD)
    cents = np.exp(rng.normal(np.log(ORDER_CENTS), ORDER_SPREAD, count)).astype(np.int64)
    midnight = np.datetime64(world.date(event_dates(world)[0]), "s")
    times = midnight + events.second[part].astype("timedelta64[s]")
    columns = {
        "EventID": keys("E", count, 10, first=part.start + 1),
        "EventTimeStamp": pa.array(times),
        "UserID": events.visitors.take(pa.array(events.device[part])),
        "LoyaltyID": accounts.cards.take(pa.array(card, mask=account != CARD)),
        "Email": accounts.addresses.take(pa.array(address, mask=account != ADDRESS)),
        "EventName": _coded(name, pa.array(NAMES)),
        "Page": _pages(name, product),
        "Product": _coded(product, words("products"), ~about_product),
        "Amount": blanked(decimals(cents), name != CHECKOUT),
    }
    table = pa.table(columns)
    if world.kind is FileKind.CSV:
        return table.cast(pa.schema([(f.name, _plain(f.type)) for f in table.schema]))
    return table


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind


def _coded(place: Numbers, texts: pa.StringArray, lacks: Flags | None = None) -> pa.Array:
    """Texts by their place: each text is stored once."""
    return pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32), mask=lacks), texts)


def _pages(name: Numbers, product: Numbers) -> pa.Array:
    """The page of each event: a product's own, or the one of its name."""
    goods = [plain(word).lower().replace(" ", "-") for word, _ in lines("products")]
    of_names = dict(lines("pages"))
    pages = [f"/products/{good}" for good in goods]
    pages += [of_names.get(event, "") for event in NAMES]
    return _coded(np.where(name == VIEW, product, len(goods) + name), pa.array(pages))


def decimals(cents: Numbers) -> pa.Array:
    """Cents as decimals with two places, exactly."""
    halves = np.stack([cents, cents >> 63], axis=1)  # little-endian 128 bits: low, then the sign
    buffers = [None, pa.py_buffer(np.ascontiguousarray(halves).tobytes())]
    return pa.Array.from_buffers(pa.decimal128(12, 2), len(cents), buffers)
