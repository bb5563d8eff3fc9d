"""Unification in plain Python, slow and obvious: what the engine must agree with.

Written from the rules' description alone. Records are dictionaries; the first column is the key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

Record = Mapping[str, str | None]


@dataclass
class Group:
    """A deduplicated record: all its rows, the winner first."""

    table: str
    rank: int
    rows: list[Record]

    @property
    def key(self) -> str:
        return str(next(iter(self.rows[0].values())))


@dataclass
class Customer:
    """A consolidated record."""

    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True)
class Condition:
    """`left` is (table, column), or None within one table."""

    right: str
    left: tuple[str, str] | None = None
    precision: int = 100
    normalize: Callable[[str], str] = str


def score(one: str | None, other: str | None, condition: Condition) -> float | None:
    """The score of two values, None where they do not agree."""
    if one is None or other is None:
        return None
    one, other = condition.normalize(one), condition.normalize(other)
    longer = max(len(one), len(other))
    edits = Levenshtein.distance(one, other)
    if 100 * edits > (100 - condition.precision) * longer:
        return None
    return (longer - edits) / longer


def deduplicate(
    table: str, rank: int, rows: Sequence[Record], rules: Sequence[Sequence[Condition]]
) -> list[Group]:
    """Groups by transitive closure over all rules; most filled leads, then the larger key."""
    groups = [[row] for row in rows]
    merged = True
    while merged:
        merged = False
        for place, one in enumerate(groups):
            for other in groups[place + 1 :]:
                if any(_linked(a, b, rules) for a in one for b in other):
                    one.extend(other)
                    groups.remove(other)
                    merged = True
                    break
            if merged:
                break
    return [Group(table, rank, sorted(group, key=_merge_preference)) for group in groups]


def _merge_preference(row: Record) -> tuple[object, ...]:
    filled = sum(value is not None for value in row.values())
    key = str(next(iter(row.values())))
    return (-filled, [-ord(letter) for letter in key] + [1])


def _linked(one: Record, other: Record, rules: Sequence[Sequence[Condition]]) -> bool:
    return any(
        all(score(one[c.right], other[c.right], c) is not None for c in rule) for rule in rules
    )


def match(
    customers: list[Customer], groups: Sequence[Group], rules: Sequence[Sequence[Condition]]
) -> None:
    """Attach each group to one customer by the first rule that finds any, or start a new one."""
    attached: list[tuple[Customer, Group]] = []
    for group in groups:
        for rule in rules:
            offers = [
                (*offer, place)
                for place, customer in enumerate(customers)
                for offer in _offers(customer, group, rule)
            ]
            if offers:
                attached.append((customers[min(offers)[-1]], group))
                break
        else:
            attached.append((Customer(), group))
    for customer, group in attached:
        customer.groups.append(group)
        if customer not in customers:
            customers.append(customer)


def _offers(
    customer: Customer, group: Group, rule: Sequence[Condition]
) -> list[tuple[float, int, int, str]]:
    """How good each pair of rows is: score, alternates used, rank and key of the target."""
    assert all(c.left is not None for c in rule)
    tables = {c.left[0] for c in rule if c.left}
    assert len(tables) == 1, "the oracle knows rules about one higher table"
    found = []
    for target in (g for g in customer.groups if g.table in tables):
        for left_place, left in enumerate(target.rows):
            for right_place, right in enumerate(group.rows):
                scores = [score(left[c.left[1]], right[c.right], c) for c in rule if c.left]
                if None not in scores:
                    alternates = (left_place > 0) + (right_place > 0)
                    worst = min(s for s in scores if s is not None)
                    found.append((-worst, alternates, target.rank, target.key))
    return found
