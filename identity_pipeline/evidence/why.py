"""Why two records are one customer, or are not: from the published file, without a run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from identity_pipeline.engine.base import Engine
from identity_pipeline.evidence.guarded import Held, Maximum, held, maxima
from identity_pipeline.evidence.nearest import best_pair
from identity_pipeline.evidence.obstacles import NeverMatch, Taken, never_matches, taken
from identity_pipeline.evidence.path import Edge, edges_of, shortest_path
from identity_pipeline.evidence.questions import Holder, Question, questions
from identity_pipeline.evidence.records import Published, Record, find, records_named
from identity_pipeline.evidence.reviews import Review, review_of
from identity_pipeline.evidence.verdicts import Compared
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.terms.environment import Environment

ONE_KEY, JOINED, APART = "one key", "joined", "apart"


@dataclass(frozen=True)
class RuleOutcome:
    """What a rule says of the two records: of the pair of their rows that comes nearest to it.

    Attributes:
        kind: duplicate or match.
        table: the source whose rule it is.
        left, right: identifiers of the two rows; right is of the rule's table.
        fits: whether all conditions hold and no exception fires.
        conditions, exceptions: in the rule's order.
        taken: where it fits, or is probabilistic: what the right record joined instead; None where
            nothing did.
        review: of a probabilistic rule, what it says of the pair; None of others.
    """

    kind: str
    table: str
    rule: str
    left: str
    right: str
    fits: bool
    score: float | None
    alternates: int
    conditions: tuple[Compared, ...]
    exceptions: tuple[Compared, ...]
    taken: Taken | None
    review: Review | None = None


@dataclass(frozen=True)
class Explanation:
    """Why two records are one customer, or not.

    Attributes:
        one, other: the records asked for.
        relation: one key, joined, or apart.
        path: the edges that join them; empty where they are apart.
        rules: what each rule says that could have joined them; empty where they are joined.
        never: pairs under never match that keep them apart.
        maxima: values of which they would have too many together.
        held: the record held for review that both would be in; None for none.
        keys: every key that path, rules and never name, by identifier.
    """

    one: Record
    other: Record
    relation: str
    path: tuple[Edge, ...]
    rules: tuple[RuleOutcome, ...]
    never: tuple[NeverMatch, ...]
    keys: Mapping[str, Record]
    maxima: tuple[Maximum, ...] = ()
    held: Held | None = None


def why(engine: Engine, environment: Environment, one: str, other: str) -> Explanation:
    """Explain why two records are one customer, or why they are not.

    Args:
        engine: has the published file open.
        environment: the rules that made it.
        one, other: `DataSource:Table:Key`, a key that only one table has, or a CustomerId or its
            first digits.

    Raises:
        UnknownRecord: no record is called so, or several are.
        NotPublished: an earlier version made the published file.
    """
    published = Published(engine, environment)
    first, second = find(published, one), find(published, other)
    if first.identifier == second.identifier:
        return Explanation(first, second, ONE_KEY, (), (), (), {})
    if first.record == second.record:
        edges = edges_of(published, first.record)
        path = shortest_path(edges, first.identifier, second.identifier)
        keys = records_named(published, [edge.other for edge in path])
        return Explanation(first, second, JOINED, path, (), (), keys)
    outcomes = _outcomes(published, first, second)
    never = never_matches(published, first.record, second.record)
    keys = records_named(published, sorted(set(_named(outcomes, never))))
    return Explanation(
        first,
        second,
        APART,
        (),
        outcomes,
        never,
        keys,
        maxima=maxima(published, first.record, second.record),
        held=held(published, first, second),
    )


def _named(outcomes: Iterable[RuleOutcome], never: Iterable[NeverMatch]) -> Iterator[str]:
    for outcome in outcomes:
        yield from (outcome.left, outcome.right)
        if outcome.taken:
            yield from (outcome.taken.identifier, outcome.taken.to)
    for pair in never:
        yield from (pair.one, pair.other)


def _outcomes(published: Published, one: Record, other: Record) -> tuple[RuleOutcome, ...]:
    lists = published.lists()
    own = {(record.record, record.table): record.key for record in (one, other)}
    tables = published.tables_of([one.record, other.record])
    holders = (Holder(r.record, r.table, tables[r.record]) for r in (one, other))
    asked = questions(published.environment, *holders)
    found = (_outcome(published, question, own, lists) for question in asked)
    return tuple(outcome for outcome in found if outcome)


def _outcome(
    published: Published,
    question: Question,
    own: Mapping[tuple[int, str], str],
    lists: ValueLists,
) -> RuleOutcome | None:
    best = best_pair(published, question, own, lists)
    if best is None:
        return None
    left, right = (
        published.environment.source(table).prefix + key for table, key in (best.left, best.right)
    )
    instead = None
    if best.fits or question.model is not None:
        lower = records_named(published, [right])[right]
        instead = taken(published, question, best, lower)
    return RuleOutcome(
        kind=question.kind,
        table=question.table,
        rule=question.rule,
        left=left,
        right=right,
        fits=best.fits,
        score=None if question.model else best.score,
        alternates=best.alternates,
        conditions=best.conditions,
        exceptions=best.exceptions,
        taken=instead,
        review=review_of(published, question) if question.model else None,
    )
