"""Rules of segments: whether a customer fits, and how many fit each part."""

from collections.abc import Iterator, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.segments.answers import Answers, ask
from identity_pipeline.segments.listed import listed
from identity_pipeline.segments.parts import Part, Place, in_words, part_of, together
from identity_pipeline.terms.segments import Rule, Segment

# Segment, its part from the top down, its path and text, who fits it alone, who fits so far.
Counted = tuple[str, int, str, str, ir.BooleanValue, ir.BooleanValue]


def fits(found: Answers, part: Part) -> ir.BooleanValue:
    """Whether a customer fits a rule; never NULL."""
    if part.operator == "leaf":
        return found.to_leaf(part)
    return together(part.operator, [fits(found, one) for one in part.parts])


def whole_rule(segment: Segment) -> Part:
    """The rule of a segment that has one."""
    assert segment.rule is not None, "quick segments have no rule"
    return part_of(segment.rule, ("rule",))


def questions(tables: InsightTables, segments: Sequence[Segment]) -> Answers:
    """What the segments ask, answered for each customer; raises InsightError as `segment_flags`."""
    rules = [whole_rule(one) for one in segments if one.quick is None]
    return ask(tables, rules, [one.quick for one in segments if one.quick is not None])


def membership(found: Answers, segment: Segment) -> ir.BooleanValue:
    """Whether a customer is in a segment by its rule, or by its quick choice; never NULL."""
    if segment.quick is not None:
        return found.to_quick(segment.quick)
    return fits(found, whole_rule(segment))


def rule_members(tables: InsightTables, rule: Rule, place: Place) -> ir.Table:
    """The CustomerIds of the customers that fit a rule, each once.

    Raises:
        InsightError: the rule names what is not there, or does not fit it.
    """
    part = part_of(rule, place)
    found = ask(tables, [part])
    return found.rows.filter(fits(found, part)).select("CustomerId")


def rule_counts(tables: InsightTables, segments: Sequence[Segment]) -> ir.Table:
    """How many customers each part of each rule has: what the product calls inspection.

    Returns:
        One row a part: segment, position (from 0, from the top down), rule (its path as
        `except[0].all[1]`; `rule` is the whole, `quick` a quick segment), text (as configured,
        on one line), members (customers that fit this part alone) and so_far (customers that are
        left after this part, its siblings before it applied in their order).
    """
    found = questions(tables, segments)
    rows = [row for one in segments for row in _counted(found, one)]
    # The first part of each rule has twice the same customers, and some conditions are everywhere.
    different = {answer.op(): answer for row in rows for answer in row[4:]}
    columns = {answer: f"fits_{number}" for number, answer in enumerate(different)}
    sums = {columns[one]: answer.sum() for one, answer in different.items()}
    summed = found.rows.aggregate(**(sums or {"nothing": found.rows.count()}))
    structs = [
        ibis.struct(
            {
                "segment": segment,
                "position": ibis.literal(position, "int64"),
                "rule": path,
                "text": text,
                "members": summed[columns[alone.op()]].fill_null(0),
                "so_far": summed[columns[so_far.op()]].fill_null(0),
            }
        )
        for segment, position, path, text, alone, so_far in rows
    ]
    return summed.select(part=listed(structs, COUNTS).unnest()).unpack("part")


# A row of `rule_counts`.
COUNTS = (
    "struct<segment: string, position: int64, rule: string, text: string, "
    "members: int64, so_far: int64>"
)


def _counted(found: Answers, segment: Segment) -> Iterator[Counted]:
    if segment.quick is not None:
        answer = found.to_quick(segment.quick)
        yield segment.name, 0, "quick", in_words(segment.quick), answer, answer
        return
    whole = whole_rule(segment)
    answer = fits(found, whole)
    inside = [(whole, answer, answer), *_inside(found, whole)]
    for position, (part, alone, so_far) in enumerate(inside):
        yield segment.name, position, part.path, in_words(part.rule), alone, so_far


def _inside(found: Answers, part: Part) -> Iterator[tuple[Part, ir.BooleanValue, ir.BooleanValue]]:
    answers = [fits(found, one) for one in part.parts]
    for number, one in enumerate(part.parts):
        yield one, answers[number], together(part.operator, answers[: number + 1])
        yield from _inside(found, one)
