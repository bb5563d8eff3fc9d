"""Never match as a hard constraint: who must stay apart stays apart, also through a third."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Edge = tuple[int, int]


class _Forest:
    """Groups that grow by joining, each with the nodes it must never meet."""

    def __init__(self, apart: Iterable[Edge]) -> None:
        self._parent: dict[int, int] = {}
        self._foes: dict[int, set[int]] = defaultdict(set)
        for one, other in apart:
            self._foes[one].add(other)
            self._foes[other].add(one)

    def root(self, node: int) -> int:
        """The node that stands for a node's group."""
        path = []
        while (parent := self._parent.setdefault(node, node)) != node:
            path.append(node)
            node = parent
        for step in path:
            self._parent[step] = node
        return node

    def join(self, one: int, other: int) -> None:
        """Make two groups one, unless that brings foes together."""
        one, other = self.root(one), self.root(other)
        if one == other:
            return
        small, large = sorted((one, other), key=lambda root: len(self._foes[root]))
        if any(self.root(foe) == large for foe in self._foes[small]):
            return
        self._parent[small] = large
        self._foes[large] |= self._foes.pop(small)


def group_apart(edges: Sequence[Edge], apart: Iterable[Edge]) -> dict[int, int]:
    """Group nodes along edges, best edge first, refusing any that would join a forbidden pair.

    Args:
        edges: pairs of nodes, the best first; their order decides who stays with whom.
        apart: pairs of nodes that must never be in one group.

    Returns:
        Every node's group, named by the group's smallest node.
    """
    forest = _Forest(apart)
    for edge in edges:
        forest.join(*edge)
    smallest: dict[int, int] = {}
    nodes = sorted({node for edge in edges for node in edge})
    for node in nodes:
        smallest.setdefault(forest.root(node), node)
    return {node: smallest[forest.root(node)] for node in nodes}


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
    foes: dict[int, set[int]] = defaultdict(set)
    for one, other in apart:
        foes[one].add(other)
        foes[other].add(one)
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
