"""Obstacles: what kept two records apart although a rule would have joined them."""

from dataclasses import dataclass

import ibis

from identity_pipeline.evidence.questions import Question
from identity_pipeline.evidence.records import Published, Record
from identity_pipeline.evidence.verdicts import Best
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.evidence_contracts import CUSTOM_MATCHES, MATCH, NEVER, matches_of
from identity_pipeline.terms.rules import ALWAYS_MATCH

# How a record came to be another's instead.
ALWAYS, EARLIER, BETTER = "always match", "an earlier rule", "a better candidate"


@dataclass(frozen=True)
class NeverMatch:
    """A pair of keys, one of each record, that a file says are never one customer.

    Attributes:
        one, other: identifiers: of the first record asked for, and of the second.
        file, line: the first line that has the pair.
        author, reason: who wrote it and why, where the file still says so; else empty.
    """

    one: str
    other: str
    file: str
    line: int
    author: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Taken:
    """What a record was attached to instead.

    Attributes:
        identifier: the record's key that matched.
        to: the key that it matched.
        how: always match, an earlier rule, or a better candidate.
        score, alternates: of that match: 0 to 1, and on how many sides an alternate matched.
    """

    identifier: str
    to: str
    how: str
    rule: str
    score: float
    alternates: int


def never_matches(published: Published, one: int, other: int) -> tuple[NeverMatch, ...]:
    """The pairs under never match with one key in each record, by file and line."""
    environment = published.environment
    parts = []
    for table in environment.unify.order:
        rows = published.rows_of(table, [one, other])
        parts.append(
            rows.select(
                table=ibis.literal(table),
                key="_key",
                record="_record",
                identifier=ibis.literal(environment.source(table).prefix) + rows._key,
            ).distinct()
        )
    held = ibis.union(*parts) if len(parts) > 1 else parts[0]
    pairs = published.table(CUSTOM_MATCHES.name)
    never = pairs.filter(pairs.kind == NEVER)
    first = never.join(held, [never.table1 == held.table, never.key1 == held.key])
    first = first.select("table2", "key2", "file", "line", one="identifier", of="record")
    second = another(held)
    both = first.join(second, [first.table2 == second.table, first.key2 == second.key])
    # Compared here: in the engine it would begin with every pair of keys of the two records.
    met = both.order_by("file", "line", "one", "identifier")
    asked = met.select("one", "identifier", "of", "file", "line", "record")
    found = [row for *row, record in published.engine.rows(asked) if record != row[2]]
    return tuple(
        NeverMatch(*_ends(str(first), str(second), of == one), str(file), int(str(line)))
        for first, second, of, file, line in found
    )


def _ends(first: str, second: str, is_in_order: bool) -> tuple[str, str]:
    return (first, second) if is_in_order else (second, first)


def taken(published: Published, question: Question, best: Best, lower: Record) -> Taken | None:
    """What the lower record joined instead, by a rule that came first or a better candidate.

    Args:
        published: the published file.
        question, best: a rule that fits a pair.
        lower: the record of the pair's right side.

    Returns:
        None where nothing else took it: within a table, where links are assigned to nobody, and
        where it matched nothing.
    """
    environment = published.environment
    if question.kind != MATCH or environment.unify.linking == "components":
        return None
    evidence = published.table(matches_of(environment.source(question.table)))
    own = evidence.filter((evidence.key == lower.winner) & evidence.rule.notnull())
    columns = ("rule", "score", "left_table", "left_key", "left_is_winner")
    found = published.engine.rows(own.select(*columns, "right_key", "right_is_winner"))
    if not found:
        return None
    [(rule, score, table, key, left_leads, right_key, right_leads)] = found
    places = [one.name for one in environment.step(question.table).match if one.active]
    place = 0 if rule == ALWAYS_MATCH else places.index(str(rule)) + 1
    if place > question.place:
        return None
    return Taken(
        identifier=environment.source(question.table).prefix + str(right_key),
        to=environment.source(str(table)).prefix + str(key),
        how=BETTER if place == question.place else EARLIER if place else ALWAYS,
        rule=str(rule),
        score=float(str(score)),
        alternates=(not left_leads) + (not right_leads),
    )
