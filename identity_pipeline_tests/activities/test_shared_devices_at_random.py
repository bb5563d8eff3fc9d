"""Shared devices in random worlds: the engine agrees with a few lines of Python."""

import datetime
import random
from collections import defaultdict
from itertools import pairwise

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.activities.laptop import DEVICE, MEMBERS, Family, Shop, at
from identity_pipeline_tests.unify.story import Table, table

NAMES = dict(MEMBERS.rows)
SHOPS = {
    "last_known": Shop(),
    "newest": Shop("newest"),
    "limited": Shop("limit_and_priority"),
    "session": Shop({"policy": "session_switch", "session_gap": "1 hour"}),
}
HOUR = datetime.timedelta(hours=1)


def world(seed):
    """Visitors' events: times collide; some sign in, as members or as nobody known."""
    rng = random.Random(seed)
    rows = []
    for number in range(240):
        user = f"u{rng.randrange(24)}"
        member = rng.choice([None, None, None, *NAMES, "999"])
        # Some visitors are of one member only.
        member = member if member in (None, "707") or int(user[1:]) % 3 else None
        clock = at("00:00") + datetime.timedelta(minutes=20 * rng.randrange(60))
        rows.append((f"e{number}", clock, user, member, None, None))
    return rows


def expected(rows, shop):
    """Event -> its owner, by the policy's words; rows in the order of the file."""
    visitors = defaultdict(list)
    for key, clock, user, member, *_ in rows:
        visitors[user].append((clock, key, member))
    found = {}
    for visits in visitors.values():
        found |= owners(visits, shop)
    return found


def owners(visits, shop):
    filled = [member for _, _, member in visits if member]
    in_order = sorted(visits)
    named = [(clock, member) for clock, _, member in in_order if member in NAMES]
    people = {member for _, member in named}
    # The winner's own value before others', then the smaller key.
    priority = sorted(people, key=lambda member: (member != filled[0], member))
    if len(people) < 2:
        owner = NAMES[priority[0]] if people else DEVICE
        return {key: owner for _, key, _ in visits}
    holder = {
        "last_known": priority[0],
        "newest": min(people, key=lambda m: (-last(named, m).timestamp(), priority.index(m))),
        "limited": priority[0] if len(people) == 2 else None,
        "session": None,
    }[shop]
    own = NAMES[holder] if holder else DEVICE
    parts = {"last_known": [in_order], "session": sessions(in_order)}.get(shop, [])
    found = {key: own for _, key, _ in visits}
    for part in parts:
        signs = [member for *_, member in part if member in NAMES]
        owner = signs[0] if signs else None
        for _, key, member in part:
            owner = member if member in NAMES else owner
            found[key] = NAMES[owner] if owner else own
    return found | {key: NAMES[member] for _, key, member in visits if member in NAMES}


def last(named, member):
    return max(clock for clock, other in named if other == member)


def sessions(in_order):
    """The events between pauses of more than an hour."""
    parts = [[in_order[0]]]
    for one, two in pairwise(in_order):
        if two[0] - one[0] > HOUR:
            parts.append([])
        parts[-1].append(two)
    return parts


@pytest.fixture(scope="module")
def day_by_day():
    """A world delivered in two parts, the second with all rows in another order."""
    rows = world(seed=5)
    again = random.Random(6).sample(rows, len(rows))
    columns = table("Event At:timestamp User Member Session Mail").columns
    with open_engine(None) as opened:
        story = Family(opened, shops=SHOPS)
        for part in (rows[:120], again):
            story.run({"members": MEMBERS} | dict.fromkeys(SHOPS, Table(columns, part)))
        yield again, story


@pytest.mark.parametrize("shop", SHOPS)
def test_every_event_is_whose_the_policy_says(day_by_day, shop):
    rows, story = day_by_day

    assert story.owners(shop) == expected(rows, shop)


def test_the_world_has_devices_of_all_sorts(day_by_day):
    rows, _ = day_by_day
    people = defaultdict(set)
    for _, _, user, member, *_ in rows:
        people[user] |= {member} & set(NAMES)

    assert {len(members) for members in people.values()} == {0, 1, 2, 3}
