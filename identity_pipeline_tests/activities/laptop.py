"""A laptop that a family shares: one visitor id, and whose its key and its events are.

Several web shops may see it, each a table with a policy of its own.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from identity_pipeline.activities.store import store_unified_activity
from identity_pipeline.terms.activities import Activity
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.sources import Profile
from identity_pipeline_tests.unify.story import Rows, Story, Table, table

MEMBERS = table("Nr Name", ("707", "Ada"), ("709", "Dev"), ("711", "Eve"))
DEVICE = "the laptop"


def at(clock: str) -> datetime.datetime:
    """A time of the day on which it all happens."""
    return datetime.datetime.fromisoformat(f"2024-01-02T{clock}")


def event(key: str, clock: str, member: str | None, **more: str) -> tuple[object, ...]:
    """An event: its key, when, who signs in, and, where it matters: user, session, mail."""
    user = more.get("user", "V")
    return (key, at(clock), user, member, more.get("session"), more.get("mail"))


def events(*rows: tuple[object, ...]) -> Table:
    """A table of events."""
    return table("Event At:timestamp User Member Session Mail", *rows)


BY_MEMBER = {"name": "W1", "conditions": [{"left": "members.Nr", "right": "Member"}]}
BY_MAIL = {"name": "W2", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}


@dataclass(frozen=True)
class Shop:
    """A web shop: its policy, its Include all, and its rules; a sign-in names a member."""

    policy: object = None
    include_all: bool = True
    match: Sequence[Mapping[str, object]] = (BY_MEMBER,)


@dataclass
class Family(Story):
    """A story of web shops; `unify` is made of them.

    Attributes:
        shops: table -> the shop.
        contacts: whether there is a table `contacts` above the shops.
        activities: further tables of activities.
    """

    unify: dict[str, object] = field(default_factory=dict)
    shops: Mapping[str, Shop] = field(default_factory=lambda: {"web": Shop()})
    activities: Sequence[Mapping[str, object]] = ()

    def run(self, tables: Mapping[str, Table], **files: Sequence[tuple[object, ...]]) -> None:
        self.unify = self._unification(tables) | self.unify
        super().run(tables, **files)
        with self.opened.transaction() as engine:
            store_unified_activity(engine, self._environment(tables))

    def owners(self, shop: str = "web") -> dict[str, object]:
        """Event -> the member it belongs to, the laptop, or None for nobody."""
        return {str(key): owner for key, owner, _ in self._timeline(shop)}

    def owners_of(self, user: str, shop: str = "web") -> dict[str, object]:
        """The same of one visitor."""
        return {str(key): owner for key, owner, _ in self._timeline(shop, user)}

    def unknown(self, shop: str = "web") -> set[str]:
        """The events of which nobody could have told then whose they were."""
        return {str(key) for key, _, unknown in self._timeline(shop) if unknown}

    def key_owner(self, shop: str = "web", user: str = "V") -> object:
        """Who has the visitor id: a member, the laptop, or None for nobody."""
        query = f"""
            select coalesce(c.Name, '{DEVICE}')
            from customer.alternate_key join customer.customer c using (CustomerId)
            where Identifier = 'S|{shop.capitalize()}|{user}'
        """
        found = self.rows(query)
        return found[0][0] if found else None

    def ambiguities(self, shop: str = "web") -> Rows:
        """Reason, candidates, the key chosen and the best other one, of each ambiguity."""
        return self.rows(
            "select reason, candidates, chosen_key, other_key"
            f" from unify.{shop}_ambiguities order by all"
        )

    def _timeline(self, shop: str, user: str = "%") -> Rows:
        return self.rows(f"""
            select SourceActivityId, if(CustomerId is null, null, coalesce(c.Name, '{DEVICE}')),
                was_unknown_at_event
            from insight.unified_activity left join customer.customer c using (CustomerId)
            where profile_identifier like 'S|{shop.capitalize()}|{user}'
        """)

    def _unification(self, tables: Mapping[str, Table]) -> dict[str, object]:
        same_user = {"name": "SameVisitor", "conditions": [{"column": "User"}]}
        lower = [
            {
                "table": name,
                "include_all": shop.include_all,
                "deduplicate": [same_user],
                "match": list(shop.match),
            }
            for name, shop in self.shops.items()
        ]
        above = [{"table": n, "automatic": "never"} for n in ("members", "contacts") if n in tables]
        return {
            "tables": [*above, *lower],
            "columns": {"Name": [f"{one['table']}.Name" for one in above]},
            "known_if": {"any_of": [], "or_from": [one["table"] for one in above]},
            "shared_devices": {n: s.policy for n, s in self.shops.items() if s.policy},
        }

    def _environment(self, tables: Mapping[str, Table]) -> Environment:
        made = super()._environment(tables)
        profile = Profile(primary_key="User", columns=("User", "Member", "Mail"))
        shops = {
            name: made.sources[name].model_copy(update={"profile": profile}) for name in self.shops
        }
        declared = [
            {"table": name, "type": "Other", "key": "Event", "time": "At", "customer": "User"}
            for name in self.shops
        ]
        activities = [Activity.model_validate(one) for one in (*declared, *self.activities)]
        return made.model_copy(
            update={"sources": made.sources | shops, "activities": tuple(activities)}
        )
