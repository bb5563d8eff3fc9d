"""How often what happens; shares, unless a name says otherwise. `docs/worlds.md` lists them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

from identity_pipeline.worlds.plan import Noise

# What a level of noise multiplies every share of `Slips` with.
NOISE = {Noise.LOW: 0.4, Noise.DEFAULT: 1.0, Noise.HIGH: 2.0}
# No noise fills or empties a column altogether.
MOST = 0.9


@dataclass(frozen=True)
class Life:
    """What people do; no level of noise changes it.

    Attributes:
        household_sizes: the shares of households of one, two, ... people.
        own_last_name: of those who join a household, who keep a last name of their own.
        namesakes: of households of two and more, those with two of one full name.
        twins: of households of three and more, those with twins: one birthday, names alike.
        household_mailbox, uses_household_mailbox: of households of two and more, those that share
            an address; of their people, those who use it.
        office_mailbox: of people, those who use a mailbox of their office.
        office_people: how many people share one on average.
        changed_email, changed_phone: of people, those who had another one before.
        moved: of households, those who lived elsewhere before.
        landline: of records in households of two and more, those that give the shared phone.
    """

    household_sizes: tuple[float, ...] = (0.28, 0.34, 0.16, 0.14, 0.08)
    own_last_name: float = 0.15
    namesakes: float = 0.01
    twins: float = 0.03
    household_mailbox: float = 0.10
    uses_household_mailbox: float = 0.60
    office_mailbox: float = 0.02
    office_people: int = 6
    changed_email: float = 0.12
    changed_phone: float = 0.10
    moved: float = 0.10
    landline: float = 0.15


@dataclass(frozen=True)
class Slips:
    """What goes wrong in a record; a level of noise multiplies all of it.

    Attributes:
        nickname: of records of people whose given name has nicknames, those that use one.
        given_typo, last_typo: of names, those with one edit.
        no_accents: of names with accents, those written without.
        capitals, turned: of full names, those in capital letters, those with the last name first.
        email_typo: of addresses, those with one edit before the @.
        phone_typo: of phones, those with other last two digits.
        country_code: of phones, those written with +1.
        old_email, old_phone, old_address: of records of people who changed it, those that hold
            what was before.
        borrowed_card: of member cards shown at the till, those of somebody else at home.
        missing: table -> column -> of records, those without a value.
    """

    nickname: float = 0.20
    given_typo: float = 0.02
    last_typo: float = 0.03
    no_accents: float = 0.30
    capitals: float = 0.05
    turned: float = 0.02
    email_typo: float = 0.02
    phone_typo: float = 0.02
    country_code: float = 0.04
    old_email: float = 0.40
    old_phone: float = 0.40
    old_address: float = 0.40
    borrowed_card: float = 0.02
    missing: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: MappingProxyType(MISSING)
    )


MISSING: dict[str, dict[str, float]] = {
    "ecommerce_contacts": {
        "FullName": 0.01,
        "Email": 0.02,
        "Phone": 0.15,
        "Address": 0.15,
        "DateOfBirth": 0.40,
    },
    "loyalty_members": {
        "FullName": 0.01,
        "Email": 0.15,
        "Phone": 0.20,
        "Address": 0.20,
        "DateOfBirth": 0.15,
    },
    "pos_customers": {"FullName": 0.15, "Phone": 0.20, "LoyaltyId": 0.40, "PostalCode": 0.30},
    "support_contacts": {"FullName": 0.08, "Email": 0.04, "Phone": 0.50},
}


def slips(noise: Noise) -> Slips:
    """The slips of a level of noise."""
    factor, usual = NOISE[noise], Slips()
    changed = {
        part.name: min(MOST, getattr(usual, part.name) * factor)
        for part in fields(usual)
        if part.name != "missing"
    }
    missing = {
        table: {column: min(MOST, share * factor) for column, share in columns.items()}
        for table, columns in usual.missing.items()
    }
    return replace(usual, **changed, missing=MappingProxyType(missing))


@dataclass(frozen=True)
class Browsing:
    """What people do on the web.

    Attributes:
        browses: of people, those who do at all.
        devices: the shares of those with one, two, three devices.
        device_weights: how much the first, second, third device is used.
        shared_device, second_share: of devices in households of two and more, those that somebody
            else uses too, and how much as often as the owner.
        signs_in: of people with an account, those who ever do; on each device, `signs_in_here`.
        by_card: of those who could do either, who sign in by card rather than by address.
        signed_in_until: the sign-in is uniform over this first part of a device's events.
        carries: of a device's events after the sign-in, those that carry the id.
        liveliness: the shape of the gamma distribution of people's events; small is uneven.
        names: event -> of events other than sign-ins, those that are it.
    """

    browses: float = 0.75
    devices: tuple[float, ...] = (0.60, 0.30, 0.10)
    device_weights: tuple[float, ...] = (1.0, 0.5, 0.25)
    shared_device: float = 0.10
    second_share: float = 0.50
    signs_in: float = 0.70
    signs_in_here: float = 0.80
    by_card: float = 0.70
    signed_in_until: float = 0.70
    carries: float = 0.50
    liveliness: float = 1.5
    names: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"Product view": 0.74, "Add to cart": 0.18, "Checkout": 0.08}
        )
    )


# Of the records delivered before, those that change on each later date; as many are new.
CHANGED_A_DAY = 0.005
NEW_A_DAY = 0.005
