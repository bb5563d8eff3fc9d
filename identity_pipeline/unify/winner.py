"""Merge preferences: which row of a group leads."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from identity_pipeline.terms.unification import LeastRecent, MergePreference, MostFilled, MostRecent
from identity_pipeline.unify.profile import FILLED, KEY, ORDINAL


def by_preference(rows: ir.Table, keep: MergePreference, primary_key: str) -> list[ir.Value]:
    """The total order in which rows of a group compete; the first one wins.

    The preference's value (missing values last), then the larger primary key (as a number
    where the key is one, else by code point), then the earlier row of the data set.

    Source:
        The product documents the preference and the larger key. That missing values are last
        and that rows of one key go by their place is our decision: the order is total.
    """
    match keep:
        case MostFilled():
            value = rows[FILLED].desc()
        case MostRecent():
            value = rows[keep.most_recent].desc(nulls_first=False)
        case LeastRecent():
            value = rows[keep.least_recent].asc(nulls_first=False)
    return [value, *larger_key_first(rows, primary_key)]


def larger_key_first(rows: ir.Table, primary_key: str) -> list[ir.Value]:
    """The larger primary key, then the earlier row."""
    key = rows[primary_key] if rows[primary_key].type().is_numeric() else rows[KEY]
    return [key.desc(), rows[ORDINAL].asc()]


def competing_columns(keep: MergePreference, primary_key: str) -> tuple[str, ...]:
    """The columns that `by_preference` reads."""
    match keep:
        case MostFilled():
            own: tuple[str, ...] = ()
        case MostRecent():
            own = (keep.most_recent,)
        case LeastRecent():
            own = (keep.least_recent,)
    return tuple(dict.fromkeys((ORDINAL, KEY, FILLED, primary_key, *own)))


def first_of(rows: ir.Table, within: str, order: list[ir.Value]) -> ir.BooleanValue:
    """Whether a row is the first of its group by an order that has no ties."""
    return ibis.row_number().over(group_by=within, order_by=order) == 0


def overwrite_columns(
    winners: ir.Table,
    members: ir.Table,
    preferences: Mapping[str, MergePreference],
    primary_key: str,
) -> ir.Table:
    """Replace columns of winner rows by the row that wins under the column's own preference.

    Only rows that have a value compete, so a column is never emptied. The primary key stays
    the row winner's.

    Args:
        winners: one row a group.
        members: every row of every group.
        preferences: column -> its own merge preference.
        primary_key: the profile's key column.
    """
    for column, keep in preferences.items():
        competing = members.filter(members[column].notnull())
        place = first_of(competing, "_group", by_preference(competing, keep, primary_key))
        best = competing.mutate(_first=place).filter(ibis._._first)
        best = best.select(_of="_group", _best=column)
        joined = winners.left_join(best, winners._group == best._of)
        winners = joined.mutate(**{column: ibis.coalesce(joined._best, joined[column])}).drop(
            "_of", "_best"
        )
    return winners
