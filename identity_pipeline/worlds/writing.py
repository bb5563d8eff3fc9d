"""Writing records down: what a clerk or the customer types, slips included."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity_pipeline.worlds.chance import Flags, Numbers, fits, weighted
from identity_pipeline.worlds.contacts import (
    BEFORE,
    FICTIONAL_LINES,
    NEXT,
    NOW,
    Homes,
    Mailboxes,
    Phones,
    given_slugs,
    last_slugs,
    phone_texts,
)
from identity_pipeline.worlds.people import People
from identity_pipeline.worlds.rates import Life, Slips
from identity_pipeline.worlds.slips import blanked, either, with_typos
from identity_pipeline.worlds.words import given_names, last_names, lines, words

# (412) 555-0134, 412-555-0134, 412.555.0134, 4125550134
PHONE_STYLES = np.array([0.4, 0.3, 0.1, 0.2])
SHORT_STREET = 0.5
POSTAL_CODES = 100


@dataclass(frozen=True)
class Society:
    """The people and how they are reached."""

    life: Life
    people: People
    mailboxes: Mailboxes
    phones: Phones
    homes: Homes


@dataclass(frozen=True)
class Clerk:
    """Writes columns of one table: each record's person, and chance."""

    rng: np.random.Generator
    society: Society
    slips: Slips
    person: Numbers

    def __len__(self) -> int:
        return len(self.person)

    def names(self) -> tuple[pa.StringArray, pa.StringArray]:
        """Given and last names, as written."""
        rng, people, count = self.rng, self.society.people, len(self)
        forms = given_names()
        given, last = people.given[self.person], people.last[self.person]
        nicknames = forms.count[given]
        chosen = forms.first[given] + (rng.random(count) * nicknames).astype(np.int64)
        uses = fits(rng, self.slips.nickname, count) & (nicknames > 0)
        is_plain = fits(rng, self.slips.no_accents, count)
        given = np.where(uses, chosen, given) + is_plain * forms.forms
        last = last + is_plain * (len(last_names()) // 2)
        first_texts = forms.spelled.take(pa.array(given))
        last_texts = last_names().take(pa.array(last))
        return (
            with_typos(rng, first_texts, self.slips.given_typo),
            with_typos(rng, last_texts, self.slips.last_typo),
        )

    def full_names(self, given: pa.StringArray, last: pa.StringArray) -> pa.StringArray:
        """Both names in one, some in capitals, some turned."""
        turned = fits(self.rng, self.slips.turned, len(self))
        front, back = either(turned, last, given), either(turned, given, last)
        full = pc.binary_join_element_wise(front, back, " ")
        return either(fits(self.rng, self.slips.capitals, len(self)), pc.utf8_upper(full), full)

    def emails(self) -> pa.StringArray:
        """Mail addresses, some of them the one before."""
        boxes = self.society.mailboxes
        is_old = fits(self.rng, self.slips.old_email, len(self))
        box = np.where(is_old, boxes.old[self.person], boxes.current[self.person])
        local = with_typos(self.rng, boxes.local.take(pa.array(box)), self.slips.email_typo)
        domains = boxes.domains.take(pa.array(boxes.domain[box]))
        return pc.binary_join_element_wise(local, domains, "@")

    def phones(self) -> pa.StringArray:
        """Phone numbers, some of them the one before or the household's."""
        rng, phones, count = self.rng, self.society.phones, len(self)
        is_old = fits(rng, self.slips.old_phone, count)
        number = np.where(is_old, phones.old[self.person], phones.mobile[self.person])
        at_home = fits(rng, self.society.life.landline, count)
        at_home &= self.society.people.has_company[self.person]
        number = np.where(at_home, phones.landline[self.person], number)
        mistyped = rng.integers(0, FICTIONAL_LINES, count)
        is_mistyped = fits(rng, self.slips.phone_typo, count)
        number = np.where(is_mistyped, number - number % FICTIONAL_LINES + mistyped, number)
        return self._as_written(number)

    def _as_written(self, number: Numbers) -> pa.StringArray:
        style = weighted(self.rng, PHONE_STYLES, len(number))
        return phone_texts(number, style, fits(self.rng, self.slips.country_code, len(number)))

    def addresses(self) -> dict[str, pa.StringArray]:
        """Address, City, State and PostalCode; some of where people lived before."""
        homes = self.society.homes
        is_old = fits(self.rng, self.slips.old_address, len(self))
        is_old &= homes.moved[self.society.people.household[self.person]]
        return self._homes(np.where(is_old, BEFORE, NOW))

    def _homes(self, time: Numbers) -> dict[str, pa.StringArray]:
        homes, household = self.society.homes, self.society.people.household[self.person]
        at = (time, household)
        short = fits(self.rng, SHORT_STREET, len(self))
        kind = pa.array(homes.kind[at])
        kinds = lines("street_kinds")
        street = pc.binary_join_element_wise(
            pa.array(homes.house[at]).cast(pa.string()),
            words("streets").take(pa.array(homes.street[at])),
            either(
                short,
                pa.array([brief for _, brief in kinds]).take(kind),
                pa.array([whole for whole, _ in kinds]).take(kind),
            ),
            " ",
        )
        city = pa.array(homes.city[at])
        places = [rest.split() for _, rest in lines("cities")]
        codes = pa.array([f"{prefix}{n:02}" for _, prefix in places for n in range(POSTAL_CODES)])
        return {
            "Address": street,
            "City": words("cities").take(city),
            "State": pa.array([state for state, _ in places]).take(city),
            "PostalCode": codes.take(pa.array(homes.city[at] * POSTAL_CODES + homes.postal[at])),
        }

    def births(self) -> pa.Array:
        """Birthdays; nobody mistakes them, but many do not give them."""
        days = self.society.people.born[self.person].astype(np.int32)
        return pa.array(days, pa.int32()).cast(pa.date32())

    def new_emails(self) -> pa.StringArray:
        """The address that people change to later; it ends in their number."""
        people, boxes = self.society.people, self.society.mailboxes
        given = given_slugs().take(pa.array(people.given[self.person]))
        last = last_slugs().take(pa.array(people.last[self.person]))
        number = pa.array(self.person + 1).cast(pa.string())
        local = pc.binary_join_element_wise(given, last, number, ".")
        # The first mailboxes are the people's own: with a domain that is no employer's.
        domains = boxes.domains.take(pa.array(boxes.domain[self.person]))
        return pc.binary_join_element_wise(local, domains, "@")

    def new_phones(self) -> pa.StringArray:
        """The phone that people change to later."""
        return self._as_written(self.society.phones.newest[self.person])

    def new_addresses(self) -> dict[str, pa.StringArray]:
        """Where people move to later."""
        return self._homes(np.full(len(self), NEXT))

    def without(self, table: str, column: str, values: pa.Array) -> pa.Array:
        """The values, some missing as often as the table's column has none."""
        return blanked(values, self.lacks(table, column))

    def lacks(self, table: str, column: str) -> Flags:
        """Which records have no value in a column."""
        return fits(self.rng, self.slips.missing[table].get(column, 0.0), len(self))
