"""Explanations in words, a line a fact."""

from collections.abc import Iterator, Mapping

from identity_pipeline.evidence import verdicts
from identity_pipeline.evidence.obstacles import ALWAYS, BETTER, Taken
from identity_pipeline.evidence.path import Edge
from identity_pipeline.evidence.records import Record
from identity_pipeline.evidence.reviews import Review
from identity_pipeline.evidence.verdicts import (
    BYPASSED,
    GUARDED,
    MISSING,
    TOO_MANY,
    Compared,
)
from identity_pipeline.evidence.why import JOINED, ONE_KEY, Explanation, RuleOutcome
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import ALWAYS_MATCH, DUPLICATE, MATCH
from identity_pipeline.terms.guards import most_values

KINDS = {DUPLICATE: "deduplication rule", MATCH: "match rule"}


def in_words(explanation: Explanation, environment: Environment) -> Iterator[str]:
    """The explanation for people; what belongs to a line is indented below it."""
    one, other = explanation.one, explanation.other
    if explanation.relation == ONE_KEY:
        yield f"{one} is one key: {_owner(one)}."
        return
    if explanation.relation == JOINED:
        yield f"{one} and {other} are one record: {_owner(one)}."
        for number, edge in enumerate(explanation.path, start=1):
            yield from _edge(number, edge, {one.identifier: one, **explanation.keys})
        return
    yield f"{one} ({_owner(one)}) and {other} ({_owner(other)}) are apart."
    for pair in explanation.never:
        names = [_name(explanation.keys, identifier) for identifier in (pair.one, pair.other)]
        said = ": ".join(filter(None, (pair.author, pair.reason)))
        place = f"{pair.file}, line {pair.line}{f'; {said}' if said else ''}"
        yield f"Never match: {names[0]} and {names[1]} ({place})."
    yield from _guards(explanation)
    if not explanation.rules:
        yield "No active rule compares a table of the one with a table of the other."
    for outcome in explanation.rules:
        yield from _outcome(outcome, explanation, environment)


def _guards(explanation: Explanation) -> Iterator[str]:
    """The guards between two records, whatever rules say."""
    for one in explanation.maxima:
        reason = most_values(one.identifier_type, one.limit)
        both = [", ".join(f'"{value}"' for value in side) for side in (one.one, one.other)]
        yield f"{_sentence(reason)}: {both[0] or 'none'} and {both[1] or 'none'}."
    if found := explanation.held:
        yield (
            f"Held for review since {found.since}: together they would be a customer of "
            f"{found.keys} keys, and {found.limit} may be."
        )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _owner(record: Record) -> str:
    if record.customer_id:
        return f"customer {record.customer_id}"
    table = f"{record.data_source} {record.table_name}"
    return f"no customer: it matches no other table, and Include all is off for {table}"


def _name(keys: Mapping[str, Record], identifier: str) -> str:
    return str(keys[identifier]) if identifier in keys else identifier


def _edge(number: int, edge: Edge, keys: Mapping[str, Record]) -> Iterator[str]:
    names = [_with_winner(keys, identifier) for identifier in (edge.one, edge.other)]
    cause = edge.rule if edge.kind == ALWAYS_MATCH else f"{KINDS[edge.kind]} {edge.rule}"
    bridge = "; a bridge: without it the keys would part" if edge.is_bridge else ""
    yield f"{number}. {names[0]} ~ {names[1]}: {cause}, since {edge.first_seen}{bridge}"
    for columns, values, score in zip(edge.columns, edge.values, edge.scores, strict=False):
        yield f"   {_columns(*columns)}: {_values(*values)}, score {score:.2f}"


def _with_winner(keys: Mapping[str, Record], identifier: str) -> str:
    record = keys.get(identifier)
    if record is None or record.winner == record.key:
        return _name(keys, identifier)
    return f"{record} (an alternate of {record.winner})"


def _columns(left: str, right: str) -> str:
    return left if left == right else f"{left} = {right}"


def _values(left: str, right: str) -> str:
    return f'"{left}"' if left == right else f'"{left}" ~ "{right}"'


def _outcome(
    outcome: RuleOutcome, explanation: Explanation, environment: Environment
) -> Iterator[str]:
    ends = dict.fromkeys(told.left for told in (*outcome.conditions, *outcome.exceptions))
    left, right = (_with_winner(explanation.keys, name) for name in (outcome.left, outcome.right))
    # A rule may read more tables of the record on the left than the one its first condition names.
    lefts = ", ".join([left, *(_place(environment, end) for end in list(ends)[1:])])
    said = "fits" if outcome.fits else "does not fit"
    if outcome.review:
        said = "not joined"
    yield f"{KINDS[outcome.kind].capitalize()} {outcome.rule}: {lefts} and {right}: {said}"
    for condition in outcome.conditions:
        yield f"   {_condition(condition, environment)}"
    for exception in outcome.exceptions:
        if exception.holds:
            yield f"   exception: {_condition(exception, environment)}"
    if outcome.fits and explanation.maxima:
        first = explanation.maxima[0]
        yield f"   refused: {most_values(first.identifier_type, first.limit)}"
    elif outcome.fits and explanation.held:
        yield "   held for review"
    elif outcome.review and (outcome.review.probability or not outcome.taken):
        yield f"   {_reviewed(outcome.review)}"
    elif outcome.taken:
        yield f"   {_taken(outcome, outcome.taken, explanation)}"
    elif outcome.fits and explanation.never:
        yield "   refused by never match"


def _reviewed(review: Review) -> str:
    if review.probability is None:
        return f"probability below {review.review:.2f}, or no way of block_on finds the pair"
    return f"probability {review.probability:.2f}, {review.accept:.2f} wanted: listed for review"


def _condition(told: Compared, environment: Environment) -> str:
    absent = [
        _absence(fault, column, _place(environment, end))
        for fault, column, end in (
            (told.left_fault, told.left_column, told.left),
            (told.right_fault, told.right_column, told.right),
        )
        if fault
    ]
    head = _columns(told.left_column, told.right_column)
    if told.operator == "different":
        head = f"{told.left_column} different from {told.right_column}"
    if absent:
        return f"{head}: {', '.join(absent)}"
    return f"{head}: {_values(str(told.left_value), str(told.right_value))}{_judged(told)}"


def _judged(told: Compared) -> str:
    """What a condition says of two values that are there."""
    match told.fault:
        case None:
            return " holds"
        case verdicts.WEIGHED:
            return ""
        case verdicts.FAR if told.apart:
            return f" differ by {told.apart[0]}, {told.apart[1]} allowed"
        case verdicts.BELOW:
            return f" scores {told.score:.2f}, {told.precision} % wanted"
        case verdicts.SAME:
            return " agree, and should differ"
    return f" differ (score {told.score:.2f}, equal wanted)"


def _place(environment: Environment, end: tuple[str, str]) -> str:
    source = environment.source(end[0])
    return f"{source.data_source} {source.table} {end[1]}"


def _absence(fault: str, column: str, place: str) -> str:
    if fault == MISSING:
        return f"{column} is missing in {place}"
    if fault == BYPASSED:
        return f"{column} is on a bypass list in {place}"
    if fault == GUARDED:
        return f"{column} is a placeholder in {place}"
    if fault.startswith(TOO_MANY):
        head, _, numbers = fault.partition(": ")
        return f"{column} is {head} in {place}{f' ({numbers})' if numbers else ''}"
    return f"nothing of {column} is left after normalization in {place}"


def _taken(outcome: RuleOutcome, instead: Taken, explanation: Explanation) -> str:
    lower, to = (_name(explanation.keys, name) for name in (instead.identifier, instead.to))
    if instead.how == ALWAYS:
        return f"always match took {lower} to {to} first"
    if instead.how == BETTER:
        return f"{lower} went to {to}, the better candidate: {_advantage(outcome, instead)}"
    return f"the earlier rule {instead.rule} took {lower} to {to}"


def _advantage(outcome: RuleOutcome, instead: Taken) -> str:
    if outcome.score is not None and instead.score > outcome.score:
        return f"score {instead.score:.2f} against {outcome.score:.2f}"
    if instead.alternates < outcome.alternates:
        return "by winners' own values, not by an alternate's"
    return "its table is higher in the match order, or its key is smaller"
