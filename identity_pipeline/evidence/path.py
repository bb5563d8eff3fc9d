"""The path of edges between two keys of one record."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from identity_pipeline.evidence.records import Published
from identity_pipeline.terms.evidence_contracts import MATCH_EDGES

COLUMNS = tuple(name for name in MATCH_EDGES.columns if name not in ("CustomerId", "record"))


@dataclass(frozen=True)
class Edge:
    """A link between two keys, from `one` to `other`; see the columns of MatchEdges.

    Attributes:
        columns, values, scores: one a condition; columns and values of `one`, then of `other`.
        is_winner: whether the row of `one`, and that of `other`, is its record's winner.
    """

    one: str
    other: str
    kind: str
    rule: str
    columns: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]
    score: float
    is_winner: tuple[bool, bool]
    shared_by: int
    first_seen: datetime.date
    is_bridge: bool

    def reversed(self) -> "Edge":
        """The same link, told from its other end."""
        return replace(
            self,
            one=self.other,
            other=self.one,
            columns=tuple((two, one) for one, two in self.columns),
            values=tuple((two, one) for one, two in self.values),
            is_winner=(self.is_winner[1], self.is_winner[0]),
        )


def edges_of(published: Published, record: int) -> list[Edge]:
    """Every edge between two keys of a record, in a stable order."""
    edges = published.table(MATCH_EDGES.name)
    own = edges.filter((edges.record == record) & (edges.left_identifier != edges.right_identifier))
    ordered = own.select(*COLUMNS).order_by("left_identifier", "right_identifier", "kind", "rule")
    return [_edge(row) for row in published.engine.rows(ordered)]


def _edge(row: Sequence[object]) -> Edge:
    found = dict(zip(COLUMNS, row, strict=True))
    return Edge(
        one=str(found["left_identifier"]),
        other=str(found["right_identifier"]),
        kind=str(found["kind"]),
        rule=str(found["rule"]),
        columns=_pairs(found["left_columns"], found["right_columns"]),
        values=_pairs(found["left_values"], found["right_values"]),
        scores=tuple(float(str(score)) for score in _list(found["scores"])),
        score=float(str(found["score"])),
        is_winner=(bool(found["left_is_winner"]), bool(found["right_is_winner"])),
        shared_by=int(str(found["shared_by"])),
        first_seen=datetime.date.fromisoformat(str(found["first_seen"])),
        is_bridge=bool(found["is_bridge"]),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _pairs(left: object, right: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(two)) for one, two in zip(_list(left), _list(right), strict=True))


def shortest_path(edges: Iterable[Edge], start: str, end: str) -> tuple[Edge, ...]:
    """The fewest edges from one key to another; empty where there is no way.

    Keys that share the values of a rule are linked to the smallest of them only, but any two of
    them agree: a way between two of them is one edge. Of several shortest ways it is always the
    same one: each key is reached from the smallest key that can reach it.
    """
    hubs = _hubs(edges)
    of_key: dict[str, list[int]] = defaultdict(list)
    for number, hub in enumerate(hubs):
        for key in hub:
            of_key[key].append(number)
    before: dict[str, tuple[str, int]] = {}
    ring, passed = [start], set[int]()
    while ring and end not in before and start != end:
        reached: list[str] = []
        for key in ring:
            for number in of_key[key]:
                if number in passed:
                    continue
                passed.add(number)
                for other in hubs[number]:
                    if other not in before and other != start:
                        before[other] = (key, number)
                        reached.append(other)
        ring = sorted(reached)
    path: list[Edge] = []
    key = end
    while key in before:
        above, number = before[key]
        path.append(_between(hubs[number], above, key))
        key = above
    return tuple(reversed(path))


# A hub: keys that a rule links for the same values, each with its edge from the smallest one.
Hub = dict[str, Edge]


def _hubs(edges: Iterable[Edge]) -> list[Hub]:
    """Every edge as a hub of two keys; edges that share their values as one hub."""
    hubs: dict[tuple[object, ...], Hub] = {}
    for edge in edges:
        apart = edge.values if edge.shared_by > 2 else edge.other
        hub = hubs.setdefault((edge.one, edge.kind, edge.rule, apart), {edge.one: edge})
        hub[edge.other] = edge
    return list(hubs.values())


def _between(hub: Hub, one: str, other: str) -> Edge:
    """The edge between two keys of a hub."""
    edge = hub[other]
    if edge.one == one:
        return edge
    back = hub[one].reversed()
    if back.other == other:
        return back
    return replace(
        edge,
        one=one,
        is_winner=(back.is_winner[0], edge.is_winner[1]),
        first_seen=max(back.first_seen, edge.first_seen),
        is_bridge=False,
    )
