"""The pair of rows of two records that comes nearest to a rule, as unification compares them."""

import functools
import operator
from collections.abc import Mapping
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.evidence.guarded import carried
from identity_pipeline.evidence.questions import Question
from identity_pipeline.evidence.records import Published
from identity_pipeline.evidence.verdicts import Best, verdict
from identity_pipeline.expressions import conditions as compare
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.terms.identifiers import identifier_types
from identity_pipeline.terms.rules import Comparison

# So many rows of a record are compared by a rule, the asked key's own and winners first. A rule
# that reads several tables of a record combines their rows, so it takes fewer of each.
ROWS, ROWS_OF_SEVERAL = 200, 20

Columns = dict[str, tuple[str, Comparison]]


def best_pair(
    published: Published,
    question: Question,
    own: Mapping[tuple[int, str], str],
    lists: ValueLists,
) -> Best | None:
    """Compare the rows of two records by a rule, and keep the pair that comes nearest.

    The fewest conditions that fail, then the fewest exceptions that fire, the highest scores, rows
    of the keys that were asked for, winners, the smaller keys.

    Args:
        published: the published file.
        question: the rule and the records.
        own: (record, source) -> the key that was asked for.
        lists: bypass and alias lists.

    Returns:
        None where a record has no rows in a table that the rule reads.
    """
    several = len(question.left_tables) > 1
    limit = ROWS_OF_SEVERAL if several else ROWS
    sides = []
    for number, table in enumerate((*question.left_tables, question.table)):
        is_left = number < len(question.left_tables)
        record = question.left if is_left else question.right
        rows = _preferred(published.rows_of(table, [record]), own.get((record, table)), limit)
        columns = _left_columns(question, table) if is_left else _right_columns(question)
        sides.append(_valued(rows, columns, lists.of(table), number))
    joined = sides[0]
    for side in sides[1:]:
        joined = joined.cross_join(side)
    judged = joined.mutate(**_verdicts(joined, question))
    nearest = judged.order_by(_nearest_first(judged, question, len(sides))).limit(1)
    wanted = [name for name in judged.columns if not name.startswith("_own_")]
    found = published.engine.rows(nearest.select(*wanted))
    if not found:
        return None
    row = dict(zip(wanted, found[0], strict=True))
    return verdict(question, {**row, **_carried(published, question, row)})


def _carried(
    published: Published, question: Question, row: Mapping[str, object]
) -> dict[str, object]:
    """Of values past their limit, how many keys carry them and how many may, in words."""
    types = identifier_types(published.environment)
    wanted = {}
    for number, part in enumerate(question.parts):
        ends = (
            (compare.left_name(number), part.left_table, part.left_column),
            (compare.right_name(number), question.table, part.right_column),
        )
        for name, table, column in ends:
            if row[name] is None and (value := row[f"{name}_open"]) is not None:
                wanted[f"{name}_carried"] = (types[table][column], str(value))
    return {
        name: f"{keys} keys carry it, {limit} may"
        for name, (keys, limit) in carried(published, wanted).items()
    }


def _preferred(rows: ir.Table, key: str | None, limit: int) -> ir.Table:
    """The rows of the key asked for, then winners, then by place; not more than a limit."""
    is_own = rows._key == key if key is not None else ibis.literal(False)
    told = rows.mutate(_own=is_own.cast("int64"), _alternate=(~rows._is_winner).cast("int64"))
    return told.order_by([told._own.desc(), told._alternate, told._ordinal, told._key]).limit(limit)


def _left_columns(question: Question, table: str) -> Columns:
    return {
        compare.left_name(number): (part.left_column, part.how)
        for number, part in enumerate(question.parts)
        if part.left_table == table
    }


def _right_columns(question: Question) -> Columns:
    return {
        compare.right_name(number): (part.right_column, part.how)
        for number, part in enumerate(question.parts)
    }


def _valued(rows: ir.Table, columns: Columns, lists: ValueLists, side: int) -> ir.Table:
    """Rows with each value as compared, and beside it as it was on the way there.

    As stored, as normalized alone, after bypass and alias lists, and without placeholders.
    """
    stored = {f"{name}_stored": compare.as_text(rows[c]) for name, (c, _) in columns.items()}
    plain = {
        f"{name}_plain": compare.comparable(rows[c], how) for name, (c, how) in columns.items()
    }
    told = with_comparables(rows.mutate(**stored, **plain), columns, lists)
    unlimited = replace(lists, guards=replace(lists.guards, limited={}))
    stages = {"listed": ValueLists(lists.bypass, lists.alias), "open": unlimited}
    for stage, fewer in stages.items():
        renamed = {f"{name}_{stage}": told_as for name, told_as in columns.items()}
        told = with_comparables(told, renamed, fewer)
    return told.select(
        *columns,
        *(f"{name}_{stage}" for name in columns for stage in stages),
        *stored,
        *plain,
        **{f"{name}_{side}": name for name in ("_key", "_own", "_alternate", "_ordinal")},
    )


def _verdicts(joined: ir.Table, question: Question) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for number, part in enumerate(question.parts):
        left, right = joined[compare.left_name(number)], joined[compare.right_name(number)]
        found[f"_holds_{number}"] = compare.meets(joined, number, part.how).fill_null(False)
        found[f"_score_{number}"] = compare.score_of(left, right, part.how)
    return found


def _nearest_first(judged: ir.Table, question: Question, sides: int) -> list[ir.Value]:
    parts = list(enumerate(question.parts))
    conditions, exceptions = parts[: question.conditions], parts[question.conditions :]
    failed = [(~judged[f"_holds_{n}"]).cast("int64") for n, _ in conditions]
    fired = [judged[f"_holds_{n}"].cast("int64") for n, _ in exceptions]
    scores = [
        judged[f"_score_{n}"].fill_null(0.0)
        for n, part in conditions
        if part.how.operator == "equal"
    ]
    own = [judged[f"_own_{n}"] for n in range(sides)]
    alternates = [judged[f"_alternate_{n}"] for n in range(sides)]
    ways = ((failed, 1), (fired, 1), (scores, -1), (own, -1), (alternates, 1))
    # An engine takes a number to order by for the place of a column: nothing is added to nothing.
    order = [sign * functools.reduce(operator.add, terms) for terms, sign in ways if terms]
    names = [f"{name}_{n}" for name in ("_key", "_ordinal") for n in range(sides)]
    return [*order, *(judged[name] for name in names)]
