"""A small shop that changes at random: deliveries of new and old dates, rules, insights."""

import copy
import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

NAME = "changing"
DAYS = [datetime.date(2024, 5, day) for day in range(1, 20)]
HELD_BACK_BY_NOTHING = {"rejected": "100%", "shrink_to": "0%"}

CONTACTS = {
    "name": "contacts",
    "data_source": "Shop",
    "table": "Contacts",
    "landing": "landing/contacts/{ingestion_date}/*.csv",
    "deletes": "landing/gone_contacts/{ingestion_date}/*.csv",
    "refresh": "incremental",
    "primary_key": "Id",
    "columns": dict.fromkeys(("Id", "Name", "Email", "Phone"), "text"),
    "profile": {"primary_key": "Id", "columns": ["Id", "Name", "Email", "Phone"]},
    "limits": HELD_BACK_BY_NOTHING,
}
VISITS = {
    "name": "visits",
    "data_source": "Web",
    "table": "Visits",
    "landing": "landing/visits/{ingestion_date}/*.csv",
    "deletes": "landing/gone_visits/{ingestion_date}/*.csv",
    "refresh": "incremental",
    "primary_key": "Visit",
    "columns": {
        **dict.fromkeys(("Visit", "Visitor", "Mail", "Phone", "What"), "text"),
        "At": "timestamp",
    },
    "profile": {"primary_key": "Visitor", "columns": ["Visitor", "Mail", "Phone"]},
    "limits": HELD_BACK_BY_NOTHING,
}
ORDERS = {
    "name": "orders",
    "data_source": "Shop",
    "table": "Orders",
    "landing": "landing/orders/{ingestion_date}/*.csv",
    "primary_key": "OrderId",
    "columns": {
        **dict.fromkeys(("OrderId", "Contact", "Note"), "text"),
        "Total": {"type": "decimal", "scale": 2},
        "At": "timestamp",
    },
    "limits": HELD_BACK_BY_NOTHING,
}
UNIFY = {
    "tables": [
        {
            "table": "contacts",
            "deduplicate": [{"name": "SameMail", "conditions": [{"column": "Email"}]}],
        },
        {
            "table": "visits",
            "include_all": True,
            "deduplicate": [{"name": "SameVisitor", "conditions": [{"column": "Visitor"}]}],
            "match": [
                {"name": "Mail", "conditions": [{"left": "contacts.Email", "right": "Mail"}]},
            ],
        },
    ],
    "overrides": {
        "never_match": "landing/never/{ingestion_date}/*.csv",
        "bypass": {"dead": "landing/dead/{ingestion_date}/*.csv"},
    },
    "columns": {
        "Name": ["contacts.Name"],
        "Email": ["contacts.Email", "visits.Mail"],
        "Phone": ["contacts.Phone"],
    },
    "known_if": {"any_of": ["Email"], "or_from": ["contacts"]},
}
BY_PHONE = {"name": "Phone", "conditions": [{"left": "contacts.Phone", "right": "Phone"}]}
ACTIVITIES = [
    {
        "table": "visits",
        "type": "Other",
        "key": "Visit",
        "time": "At",
        "event": "What",
        "customer": "Visitor",
    },
    {
        "table": "orders",
        "type": "SalesOrder",
        "name": "Order",
        "key": "OrderId",
        "time": "At",
        "detail": "Note",
        "customer": {"column": "Contact", "table": "contacts"},
        "attributes": {"OrderId": "OrderId", "Amount": "Total"},
    },
]
MEASURES = [
    {
        "name": "looks",
        "kind": "customer_attribute",
        "count": "activity",
        "where": {"Title": "look"},
        "null_as": 0,
    },
    {"name": "spent", "kind": "customer_attribute", "sum": "activity.Amount"},
]
SEGMENTS = [
    {"name": "lookers", "rule": {"looks": {"gt": 0}}},
    {
        "name": "seen_while_unknown",
        "rule": {"activity": {"where": {"was_unknown_at_event": True}}},
    },
]


@dataclass
class World:
    """An environment below a folder, what it says, and what chance does to it.

    Attributes:
        folder: the environment.
        chance: decides everything.
        said: a YAML file's name -> what it says.
        last: the number of the last date delivered, of DAYS.
        is_new: whether that date is of the change that is being made.
        changes: what changed so far, in words: a failing test shows it.
    """

    folder: Path
    chance: random.Random
    said: dict[str, Any] = field(default_factory=dict)
    last: int = 0
    is_new: bool = False
    changes: list[str] = field(default_factory=list)

    @property
    def unify(self) -> dict[str, Any]:
        return self.said["unify.yaml"]

    def write(self) -> None:
        """Write the YAML files."""
        for name, content in self.said.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def land(self, table: str, day: datetime.date, *lines: str, name: str = "file") -> None:
        """Deliver a file in place of the one of its table, date and name."""
        file = self.folder / "landing" / table / day.isoformat() / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join([*lines, ""]), encoding="utf-8")

    def landed(self) -> list[Path]:
        """Every delivered file."""
        return sorted((self.folder / "landing").rglob("*.csv"))

    def next_day(self) -> datetime.date:
        """The date after those delivered before this change."""
        if not self.is_new:
            self.last, self.is_new = self.last + 1, True
        return DAYS[self.last]

    def old_day(self) -> datetime.date:
        """A date of those delivered."""
        return self.chance.choice(DAYS[: self.last + 1])

    def at(self) -> str:
        """A moment of any date so far: events are often late; some have no time, or a wrong one."""
        if self.chance.random() < 0.05:
            return self.chance.choice(["", "yesterday", "2024-07-01 08:00:00"])
        day, hour = self.old_day(), self.chance.randrange(24)
        return f"{day} {hour:02}:{self.chance.choice((0, 30)):02}:00"


def first_world(folder: Path) -> World:
    """The world as every history begins: one date."""
    world = World(folder / NAME, random.Random("first"))
    world.said = copy.deepcopy(
        {
            "sources/contacts.yaml": CONTACTS,
            "sources/visits.yaml": VISITS,
            "sources/orders.yaml": ORDERS,
            "unify.yaml": UNIFY,
            "activities.yaml": {"activities": ACTIVITIES},
            "measures.yaml": {"measures": MEASURES},
            "segments.yaml": {"segments": SEGMENTS},
        }
    )
    day = DAYS[0]
    people(world, day)
    visits(world, day)
    orders(world, day)
    world.land("dead", day, "Value", "dead@x.example")
    world.land("never", day, "Table1,Table1Key,Table2,Table2Key")
    world.write()
    return world


def mail(chance: random.Random, missing: float) -> str:
    if chance.random() < missing:
        return ""
    return chance.choice(["a", "b", "c", "C", "d", "dead"]) + "@x.example"


def phone(chance: random.Random, missing: float) -> str:
    return "" if chance.random() < missing else f"55{chance.randrange(4)}"


def people(world: World, day: datetime.date) -> None:
    """Contacts come and change."""
    chance = world.chance
    rows = [
        f"C{number},{chance.choice(('Ann', 'Bob', 'Cid'))},{mail(chance, 0.2)},{phone(chance, 0.4)}"
        for number in chance.sample(range(8), chance.randrange(1, 5))
    ]
    world.land("contacts", day, "Id,Name,Email,Phone", *rows)


def visits(world: World, day: datetime.date) -> None:
    """Events: new ones, ones that replace others, sign-ins that say who a visitor is."""
    chance = world.chance
    rows = [
        f"{chance.randrange(24)},{world.at()},v{chance.randrange(6)},"
        f"{mail(chance, 0.7)},{phone(chance, 0.9)},{chance.choice(('look', 'buy'))}"
        for _ in range(chance.randrange(1, 9))
    ]
    world.land("visits", day, "Visit,At,Visitor,Mail,Phone,What", *rows)


def orders(world: World, day: datetime.date) -> None:
    """All orders there are now: the source is a full one; some are there twice."""
    chance = world.chance
    rows = [
        f"{chance.randrange(6)},C{chance.randrange(9)},{chance.randrange(50)}.50,{world.at()},note"
        for _ in range(chance.randrange(7))
    ]
    world.land("orders", day, "OrderId,Contact,Total,At,Note", *rows)


def deletes(world: World, day: datetime.date) -> None:
    """Events and contacts go."""
    chance = world.chance
    gone = [str(one) for one in chance.sample(range(24), chance.randrange(1, 6))]
    world.land("gone_visits", day, "Visit", *gone)
    if chance.random() < 0.5:
        world.land("gone_contacts", day, "Id", f"C{chance.randrange(8)}")


def never(world: World, day: datetime.date) -> None:
    """Pairs that are not one customer; a delivery replaces the last."""
    chance = world.chance
    pairs = [
        f"Shop_Contacts,C{chance.randrange(8)},Web_Visits,v{chance.randrange(6)}"
        for _ in range(chance.randrange(3))
    ]
    world.land("never", day, "Table1,Table1Key,Table2,Table2Key", *pairs)


def dead(world: World, day: datetime.date) -> None:
    """The values that link nothing; a delivery replaces the last."""
    chance = world.chance
    found = {one for one in (mail(chance, 0.0), mail(chance, 0.3)) if one}
    world.land("dead", day, "Value", *sorted(found))


DELIVERIES = (people, visits, visits, orders, deletes, never, dead)


def a_new_date(world: World) -> None:
    """Some of everything arrives."""
    day = world.next_day()
    visits(world, day)
    for deliver in world.chance.sample(DELIVERIES, 2):
        deliver(world, day)


def an_old_date(world: World) -> None:
    """A file of an old date is delivered, or replaced by another."""
    world.chance.choice(DELIVERIES)(world, world.old_day())


def a_file_less(world: World) -> None:
    """A delivered file is taken away; the first date keeps one, or it would not be a date."""
    files = [file for file in world.landed() if file.parent.name != str(DAYS[0])]
    if files:
        world.chance.choice(files).unlink()


def twice(world: World) -> None:
    """A file arrives again with a new date, also an old one with its old rows."""
    events = [file for file in world.landed() if file.parent.parent.name in ("visits", "contacts")]
    file = world.chance.choice(events)
    target = file.parent.parent / str(world.next_day()) / "again.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.read_bytes())


def sign_in(world: World) -> None:
    """A late event says who an anonymous visitor is."""
    chance = world.chance
    day = world.next_day()
    row = f"{chance.randrange(24, 30)},{world.at()},v{chance.randrange(6)},{mail(chance, 0)},,look"
    world.land("visits", day, "Visit,At,Visitor,Mail,Phone,What", row, name="sign_in")


def _flip(place: dict[str, Any], key: str, value: Any) -> None:
    """Say something where it is not said, else take it back."""
    if place.get(key) == value:
        del place[key]
    else:
        place[key] = value


def rule_off_or_on(world: World) -> None:
    step = world.chance.choice(world.unify["tables"])
    rule = world.chance.choice([*step["deduplicate"], *step.get("match", [])])
    _flip(rule, "active", False)


def rule_changed(world: World) -> None:
    """Conditions normalize otherwise: case, or values of the list that link nothing."""
    contacts, visited = world.unify["tables"]
    rule = world.chance.choice([*contacts["deduplicate"], *visited["match"]])
    _flip(rule["conditions"][0], "normalize", world.chance.choice([["lower"], ["lower", "dead"]]))


def rule_added_or_removed(world: World) -> None:
    rules = world.unify["tables"][1]["match"]
    if BY_PHONE["name"] in [rule["name"] for rule in rules]:
        rules[:] = [rule for rule in rules if rule["name"] != BY_PHONE["name"]]
    else:
        rules.insert(world.chance.randrange(2), copy.deepcopy(BY_PHONE))


def include_all(world: World) -> None:
    step = world.unify["tables"][1]
    step["include_all"] = not step["include_all"]


def guard(world: World) -> None:
    limits = world.unify.setdefault("guards", {})
    kind, value = world.chance.choice(
        [
            ("records_per_value", {"Email": 2}),
            ("records_per_value", {"Email": 4}),
            ("values_per_customer", {"Email": 1}),
            ("keys_per_customer", 3),
            ("placeholder_values", {"Email": ["a@x.example"]}),
        ]
    )
    _flip(limits, kind, value)


def known_if(world: World) -> None:
    _flip(world.unify["known_if"], "or_from", ["contacts"])


def shared_devices(world: World) -> None:
    policy = world.chance.choice(["last_known_at_event", "newest", "own_customer"])
    _flip(world.unify, "shared_devices", {"visits": policy})


def unified_column(world: World) -> None:
    world.unify["columns"]["Email"].reverse()


def activity(world: World) -> None:
    visited, ordered = world.said["activities.yaml"]["activities"]
    key, value = world.chance.choice(
        [("web_address", "Mail"), ("name", "Visit"), ("attributes", {"Word": "What"})]
    )
    _flip(world.chance.choice([visited, visited, ordered]), "show", False)
    _flip(visited, key, value)


def measure(world: World) -> None:
    looks = world.said["measures.yaml"]["measures"][0]
    looks["where"] = {"Title": world.chance.choice(["look", "buy"])}
    _flip(looks, "window", "2 days")


def segment(world: World) -> None:
    looked = world.said["segments.yaml"]["segments"][0]
    looked["rule"] = world.chance.choice(
        [{"looks": {"gt": 1}}, {"spent": {"is_null": False}}, {"IdentityStatus": "unknown"}]
    )


def row_filter(world: World) -> None:
    _flip(world.said["sources/visits.yaml"], "row_filter", {"column": "What", "eq": "look"})


# What may be delivered, and what may be said otherwise; what is there twice happens more often.
ARRIVALS = (a_new_date, sign_in, twice, an_old_date, an_old_date, a_file_less)
SAYINGS = (
    *(rule_off_or_on, rule_changed, rule_added_or_removed, include_all, guard, guard),
    *(known_if, shared_devices, unified_column, activity, measure, segment, row_filter),
)


def deliveries_change(world: World) -> None:
    """Three deliveries come, are replaced or go."""
    _change(world, [world.chance.choice(ARRIVALS) for _ in range(3)])


def anything_changes(world: World) -> None:
    """Up to two deliveries change, and up to two things that the environment says."""
    chance = world.chance
    count = chance.randrange(3)
    arrivals = [chance.choice(ARRIVALS) for _ in range(count)]
    said = [chance.choice(SAYINGS) for _ in range(chance.randrange(0 if count else 1, 3))]
    _change(world, [*arrivals, *said])


def _change(world: World, changes: list[Callable[[World], None]]) -> None:
    world.is_new = False
    for one in changes:
        one(world)
    world.write()
    world.changes.append(" and ".join(one.__name__ for one in changes))
