"""The people: their names, birthdays and households. What is true, before anybody writes it."""

import datetime
from dataclasses import dataclass

import numpy as np

from identity_pipeline.worlds.chance import Flags, Numbers, fits, numbered, stream, weighted, zipf
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import Life
from identity_pipeline.worlds.words import given_names, lines, near_names

EPOCH = datetime.date(1970, 1, 1)
OLDEST = (datetime.date(1938, 1, 1) - EPOCH).days
YOUNGEST = (datetime.date(2006, 1, 1) - EPOCH).days
# A namesake is a parent or a child: born at least so many days earlier or later.
GENERATION_DAYS = 18 * 365


@dataclass(frozen=True)
class People:
    """One place in each array per person; people of a household stand side by side.

    Attributes:
        given, last: places in the lists of given and last names.
        born: days since 1970-01-01.
        household: its number, from 0.
        place: a person's place in the household, from 0.
        size: how many people the household has.
    """

    given: Numbers
    last: Numbers
    born: Numbers
    household: Numbers
    place: Numbers
    size: Numbers

    def __len__(self) -> int:
        return len(self.given)

    @property
    def households(self) -> int:
        """How many households there are."""
        return int(self.household[-1]) + 1

    @property
    def has_company(self) -> Flags:
        """Who does not live alone."""
        return self.size > 1

    def somebody_else_at_home(self, person: Numbers) -> Numbers:
        """The next person of each one's household; who lives alone stays alone."""
        after = self.place[person] + 1
        return person - self.place[person] + after % self.size[person]


def people_of(world: World, life: Life) -> People:
    """Make the people of a world; only its size and its seed matter."""
    household, place, size = _households(world, life)
    rng = stream(world.seed, "people")
    count = world.people
    given = zipf(rng, given_names().names, count)
    last_names = len(lines("last_names"))
    last = zipf(rng, last_names, count)
    own = fits(rng, life.own_last_name, count)
    heads = np.flatnonzero(place == 0)
    last = np.where(own, last, last[heads][household])
    born = rng.integers(OLDEST, YOUNGEST, count)
    # Whoever stands second and third in the household are the ones who may look alike.
    twins = fits(rng, life.twins, count)
    younger = np.flatnonzero(twins & (place == 2))
    given[younger] = near_names()[given[younger - 1]]
    born[younger], last[younger] = born[younger - 1], last[younger - 1]
    namesakes = fits(rng, life.namesakes, count)
    child = np.flatnonzero(namesakes & (place == 1))
    given[child], last[child] = given[child - 1], last[child - 1]
    parents = born[child - 1]
    is_late = parents + GENERATION_DAYS >= YOUNGEST
    born[child] = np.where(is_late, parents - GENERATION_DAYS, parents + GENERATION_DAYS)
    return People(given, last, born, household, place, size)


def _households(world: World, life: Life) -> tuple[Numbers, Numbers, Numbers]:
    """The household of each person, the place in it, and its size; the last one may be cut off."""
    rng = stream(world.seed, "households")
    sizes = weighted(rng, np.array(life.household_sizes), world.people) + 1
    household = np.repeat(np.arange(len(sizes)), sizes)[: world.people]
    return household, numbered(household), np.bincount(household)[household]
