"""Who must stay apart stays apart, also through a third: never match, and a maximum of values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from identity_pipeline.terms.guards import most_values

Edge = tuple[int, int]
# Identifier type -> values.
Values = Mapping[str, frozenset[str]]

NEVER_MATCH = "never match"


def union(one: Values, other: Values) -> dict[str, frozenset[str]]:
    """The values of two records together, by identifier type."""
    return {
        kind: one.get(kind, frozenset()) | other.get(kind, frozenset()) for kind in {*one, *other}
    }


def crowding(values: Values, most: Mapping[str, int]) -> str | None:
    """The identifier type of which there are too many values, the first by name; None if none."""
    over = (kind for kind in sorted(values) if kind in most and len(values[kind]) > most[kind])
    return next(over, None)


def foes_of(pairs: Iterable[Edge]) -> dict[int, set[int]]:
    """Whom each node must not meet, by pairs of nodes; a node without a foe has none."""
    foes: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        foes[one].add(other)
        foes[other].add(one)
    return foes


@dataclass(frozen=True)
class Shared:
    """A node of a key that alone has more values than one customer may have.

    Such a key - a device that many people sign in on - joins nobody to somebody else: it takes
    part by its best link alone.

    Attributes:
        owner: the key's smallest node; links within one key are not counted.
        reason: why its other links are refused.
    """

    owner: int
    reason: str


@dataclass(frozen=True)
class Apart:
    """What must not meet in one group.

    Attributes:
        foes: pairs of nodes under never match.
        values: node -> the values that it brings.
        most: identifier type -> how many distinct values one group may have.
        shared: the nodes of keys that alone have more.
    """

    foes: Sequence[Edge] = ()
    values: Mapping[int, Values] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    shared: Mapping[int, Shared] = field(default_factory=dict)


class _Forest:
    """Groups that grow by joining, each with the nodes it must never meet and its values."""

    def __init__(self, apart: Apart) -> None:
        self._parent: dict[int, int] = {}
        self._foes = foes_of(apart.foes)
        self._values: dict[int, Values] = dict(apart.values)
        self._most = apart.most
        self._shared = apart.shared
        self._joined: set[int] = set()

    def root(self, node: int) -> int:
        """The node that stands for a node's group."""
        path = []
        while (parent := self._parent.setdefault(node, node)) != node:
            path.append(node)
            node = parent
        for step in path:
            self._parent[step] = node
        return node

    def obstacle(self, one: int, other: int) -> str | None:
        """Why a link cannot make the groups of two nodes one; None where it can, or they are."""
        used = [key for key in self._keys(one, other) if key.owner in self._joined]
        one, other = self.root(one), self.root(other)
        if one == other:
            return None
        if used:
            return used[0].reason
        small, large = sorted((one, other), key=lambda root: len(self._foes[root]))
        if any(self.root(foe) == large for foe in self._foes[small]):
            return NEVER_MATCH
        kind = crowding(union(self._of(one), self._of(other)), self._most)
        return most_values(kind, self._most[kind]) if kind else None

    def join(self, one: int, other: int) -> None:
        """Make two groups one along a link, unless something is in the way."""
        if self.root(one) == self.root(other) or self.obstacle(one, other):
            return
        self._joined.update(key.owner for key in self._keys(one, other))
        one, other = self.root(one), self.root(other)
        small, large = sorted((one, other), key=lambda root: len(self._foes[root]))
        self._parent[small] = large
        self._foes[large] |= self._foes.pop(small)
        if small in self._values:
            self._values[large] = union(self._of(large), self._values.pop(small))

    def _keys(self, one: int, other: int) -> list[Shared]:
        """The shared keys that a link takes part by; none within one key."""
        keys = [self._shared[node] for node in (one, other) if node in self._shared]
        both = len(keys) > 1 and keys[0].owner == keys[1].owner
        return [] if both else keys

    def _of(self, root: int) -> Values:
        return self._values.get(root, {})


@dataclass(frozen=True)
class Grouped:
    """Nodes in groups.

    Attributes:
        labels: every node's group, named by the group's smallest node.
        refused: the edges that are in no group, with the reason.
    """

    labels: dict[int, int]
    refused: list[tuple[int, int, str]]


def group_apart(edges: Sequence[Edge], apart: Apart) -> Grouped:
    """Group nodes along edges, best edge first, refusing any that would join what must not meet.

    A group only grows, so what refused an edge still does when all are grouped.

    Args:
        edges: pairs of nodes, the best first; their order decides who stays with whom.
        apart: pairs of nodes that must never be in one group, and maxima of values.
    """
    forest = _Forest(apart)
    for edge in edges:
        forest.join(*edge)
    smallest: dict[int, int] = {}
    nodes = sorted({node for edge in edges for node in edge})
    for node in nodes:
        smallest.setdefault(forest.root(node), node)
    refused = [(*edge, why) for edge in edges if (why := forest.obstacle(*edge))]
    return Grouped({node: smallest[forest.root(node)] for node in nodes}, refused)


@dataclass(frozen=True, order=True)
class Candidate:
    """A record that a group could be attached to.

    Attributes:
        place: how good the candidate is among the group's own: 1 is the best.
        quality: how good it is among all candidates: smaller is better.
        key: the group's key, which decides between equal qualities.
        group: the dedup group to attach.
        record: the consolidated record it would join.
    """

    group: int
    place: int
    quality: tuple[int, float, int]
    key: str
    record: int


def place_apart(candidates: Iterable[Candidate], apart: Iterable[Edge]) -> dict[int, Candidate]:
    """Attach groups of one table, the best match first, never two foes to one record.

    A group whose record is taken by a foe goes to its next candidate, or stays alone.

    Args:
        candidates: all candidates of every group that has a foe.
        apart: pairs of groups that must not be in one record.

    Returns:
        The chosen candidate by group; a group without a choice is left out.
    """
    foes = foes_of(apart)
    offers: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates):
        offers[candidate.group].append(candidate)
    chosen: dict[int, Candidate] = {}
    for group in sorted(offers, key=lambda group: (offers[group][0].quality, offers[group][0].key)):
        taken = {chosen[foe].record for foe in foes[group] if foe in chosen}
        free = next((offer for offer in offers[group] if offer.record not in taken), None)
        if free:
            chosen[group] = free
    return chosen
