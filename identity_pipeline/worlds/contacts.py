"""How people are reached: mail addresses, phones, homes; as numbers first, as texts on demand."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Flags, Numbers, fits, numbered, stream, weighted, zipf
from identity_pipeline.worlds.people import People
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import Life
from identity_pipeline.worlds.words import lines, slug, words

# How the part before the @ is built; each way has a mark of its own, so that no two collide.
DOTTED, UNDERSCORED, HYPHENED, INITIAL, FAMILY, OFFICE = range(6)
WAYS = np.array([0.45, 0.20, 0.10, 0.25])
# The first of a short list is the most usual by far: ranks are moved down by one only.
SHORT_LIST = 1
OFFICE_ROLES = ("office", "info", "sales", "team", "hello", "contact")

# The lines 555-0100 to 555-0199 of every area code are kept for fiction. A world with more phones
# than these goes on in area codes with a 9 in the middle: kept for expansion, given to nobody.
FICTIONAL_LINES = 100
AREA_CODES = 800
EXCHANGE_LINES = 10_000
EXPANSION_CODES = np.array([a for a in range(200, 1000) if a // 10 % 10 == 9])
FIRST_EXCHANGE, FICTIONAL_EXCHANGE = 200, 555


@dataclass(frozen=True)
class Mailboxes:
    """Mail addresses, numbered.

    Attributes:
        local: the part before the @, of each mailbox.
        domain: a place in `domains`, of each mailbox.
        domains: after the @; all end in .example.
        current, old: each person's mailbox now, and the one before (the same where unchanged).
    """

    local: pa.StringArray
    domain: Numbers
    domains: pa.StringArray
    current: Numbers
    old: Numbers


@dataclass(frozen=True)
class Phones:
    """Phone numbers, numbered; `number` spreads a household's over the whole range.

    `mobile`, `landline`, `old`, `newest`: one a person; the landline is the household's.
    """

    mobile: Numbers
    landline: Numbers
    old: Numbers
    newest: Numbers


@dataclass(frozen=True)
class Homes:
    """Where households live: three homes each, the one before, the present, the next.

    Arrays have a row a time and a column a household. `moved`: who lived elsewhere before.
    """

    house: Numbers
    street: Numbers
    kind: Numbers
    city: Numbers
    postal: Numbers
    moved: Flags


BEFORE, NOW, NEXT = range(3)


def mailboxes_of(world: World, life: Life, people: People) -> Mailboxes:
    """Give everybody a mailbox; some had another before, some share one at home or at work."""
    rng = stream(world.seed, "mailboxes")
    count = len(people)
    changed = np.flatnonzero(fits(rng, life.changed_email, count))
    owner = np.concatenate([np.arange(count), changed])
    way = weighted(rng, WAYS, len(owner))
    private, companies = words("mail_domains"), words("companies")
    domain = zipf(rng, len(private), len(owner), SHORT_LIST)
    current, old = np.arange(count), np.arange(count)
    old[changed] = count + np.arange(len(changed))
    shares = fits(rng, life.household_mailbox, people.households)
    at_home = np.flatnonzero(
        shares[people.household]
        & people.has_company
        & fits(rng, life.uses_household_mailbox, count)
    )
    at_work = np.flatnonzero(fits(rng, life.office_mailbox, count))
    offices = max(1, len(at_work) // life.office_people)
    heads = np.flatnonzero(people.place == 0)
    current[at_home] = len(owner) + people.household[at_home]
    current[at_work] = len(owner) + len(heads) + rng.integers(0, offices, len(at_work))
    owner = np.concatenate([owner, heads, np.zeros(offices, dtype=np.int64)])
    way = np.concatenate([way, np.full(len(heads), FAMILY), np.full(offices, OFFICE)])
    domain = np.concatenate(
        [
            domain,
            zipf(rng, len(private), len(heads), SHORT_LIST),
            len(private) + rng.integers(0, len(companies), offices),
        ]
    )
    domains = pa.concat_arrays([private, companies])
    local = _locals(people.given[owner], people.last[owner], way, domain)
    return Mailboxes(local, domain, domains, current, old)


def _locals(given: Numbers, last: Numbers, way: Numbers, domain: Numbers) -> pa.StringArray:
    """The parts before the @: who comes second to one gets a 2 behind it."""
    first, second = given_slugs(), last_slugs()
    letters = pc.utf8_slice_codeunits(first, 0, 1)
    initials = letters.dictionary_encode()
    forename = np.where(way == INITIAL, initials.indices.to_numpy()[given], given)
    is_shared = way >= FAMILY
    forename = np.where(is_shared, 0, forename)
    surname = np.where(way == OFFICE, domain % len(OFFICE_ROLES), last)
    key = ((domain * 8 + way) * len(first) + forename) * len(second) + surname
    rank = numbered(key)
    number = pc.if_else(pa.array(rank == 0), "", pa.array(rank + 1).cast(pa.string()))
    mark = pa.array([".", "_", "-", ".", "", ""]).take(pa.array(way))
    mark = pc.if_else(pa.array(way == FAMILY), pa.scalar("-family"), mark)
    names, lasts = first.take(pa.array(given)), second.take(pa.array(last))
    front = pc.if_else(pa.array(way == INITIAL), letters.take(pa.array(given)), names)
    front = pc.if_else(pa.array((way == HYPHENED) | (way == FAMILY)), lasts, front)
    back = pc.if_else(pa.array(way == HYPHENED), names, lasts)
    roles = pa.array(OFFICE_ROLES).take(pa.array(domain % len(OFFICE_ROLES)))
    front = pc.if_else(pa.array(way == OFFICE), roles, front)
    back = pc.if_else(pa.array(is_shared), pa.scalar(""), back)
    return pc.binary_join_element_wise(front, mark, back, number, "")


def given_slugs() -> pa.StringArray:
    """Given names as they stand in mail addresses."""
    return pa.array([slug(name) for name, _ in lines("given_names")], pa.string())


def last_slugs() -> pa.StringArray:
    """Last names as they stand in mail addresses."""
    return pa.array([slug(name) for name, _ in lines("last_names")], pa.string())


def phones_of(world: World, life: Life, people: People) -> Phones:
    """Give everybody a mobile phone and every household a landline, all different."""
    rng = stream(world.seed, "phones")
    count = len(people)
    number = rng.permutation(3 * count + people.households)
    mobile, newest = number[:count], number[2 * count : 3 * count]
    changed = fits(rng, life.changed_phone, count)
    old = np.where(changed, number[count : 2 * count], mobile)
    return Phones(mobile, number[3 * count :][people.household], old, newest)


def homes_of(world: World, life: Life, people: People) -> Homes:
    """Give every household its homes."""
    rng = stream(world.seed, "addresses")
    count = people.households
    shape = (NEXT + 1, count)
    streets, kinds, cities = (len(lines(n)) for n in ("streets", "street_kinds", "cities"))
    homes = NEXT * count + count
    return Homes(
        rng.integers(1, 2000, shape),
        zipf(rng, streets, homes).reshape(shape),
        zipf(rng, kinds, homes, SHORT_LIST).reshape(shape),
        zipf(rng, cities, homes).reshape(shape),
        rng.integers(0, 100, shape),
        fits(rng, life.moved, count),
    )


def phone_texts(number: Numbers, style: Numbers, has_country: Flags) -> pa.StringArray:
    """Numbers as people write them; `style` is a place in four ways to set them apart."""
    is_first = number < AREA_CODES * FICTIONAL_LINES
    further = number - AREA_CODES * FICTIONAL_LINES
    block = further // EXCHANGE_LINES
    expansion = EXPANSION_CODES[block % len(EXPANSION_CODES)]
    area = np.where(is_first, FIRST_EXCHANGE + number // FICTIONAL_LINES, expansion)
    exchange = np.where(
        is_first, FICTIONAL_EXCHANGE, FIRST_EXCHANGE + block // len(EXPANSION_CODES)
    )
    line = np.where(is_first, 100 + number % FICTIONAL_LINES, further % EXCHANGE_LINES)
    digits = pa.array([f"{each:04}" for each in range(EXCHANGE_LINES)])
    three = pa.array([f"{each}" for each in range(1000)])
    chosen = pa.array(style)
    return pc.binary_join_element_wise(
        pa.array(["", "+1 "]).take(pa.array(has_country.astype(np.int64))),
        pa.array(["(", "", "", ""]).take(chosen),
        three.take(pa.array(area)),
        pa.array([") ", "-", ".", ""]).take(chosen),
        three.take(pa.array(exchange)),
        pa.array(["-", "-", ".", ""]).take(chosen),
        digits.take(pa.array(line)),
        "",
    )
