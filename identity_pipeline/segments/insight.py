"""What segments have in common, and what tells their members from other customers."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.paths import InsightTables, customer_columns
from identity_pipeline.expressions.views import another
from identity_pipeline.segments.listed import listed

# Texts and booleans with more different values than this say nothing about many customers.
MAX_VALUES = 30
# An integer with more values than that is a number of something, unless it is almost a key: at
# least so many of 10 customers with a value have one of their own.
OWN_VALUES_OF_TEN = 9

# A value of a column, of one customer.
PART = "struct<column: string, value: string, number: float64>"
# A place where shares are compared; `inside` and `total` are customers of the segment and of all.
JUMP = ("segment", "column", "value", "number", "inside", "total", "_members", "_all")


def overlap(members: ir.Table) -> ir.Table:
    """How many members each two segments share.

    Args:
        members: `members_now`.

    Returns:
        One row a pair of segments that have members, each pair once: segment, other (later in the
        alphabet), both, only_segment, only_other.
    """
    sizes = members.group_by("segment").aggregate(size=members.count())
    others = another(sizes.select(other="segment", other_size="size"))
    pairs = sizes.join(others, sizes.segment < others.other)
    right = another(members.select(other="segment", _id="CustomerId"))
    shared = members.join(right, [members.CustomerId == right._id, members.segment < right.other])
    shared = shared.group_by("segment", "other").aggregate(both=shared.count())
    shared = another(shared.rename(_segment="segment", _other="other"))
    joined = pairs.left_join(
        shared, [pairs.segment == shared._segment, pairs.other == shared._other]
    )
    both = joined.both.fill_null(0)
    return joined.select(
        "segment",
        "other",
        both=both,
        only_segment=joined["size"] - both,
        only_other=joined.other_size - both,
    )


def differentiators(tables: InsightTables, members: ir.Table) -> ir.Table:
    """By what the members of each segment differ from all other customers.

    score, 0 to 1: for texts and booleans of 2 to 30 different values the largest difference
    between the shares of members and of others that have one value; for numbers the largest
    difference between the shares that have at most one value (Kolmogorov and Smirnov's distance).
    A missing value counts as a value, of numbers as the smallest. Not looked at: CustomerId and
    keys of sources, dates, texts of many values, integers that nearly each customer has for itself.

    Args:
        tables: all tables; columns of Customer, attributes and enrichments are compared.
        members: `members_now`; their customers are in Customer.

    Returns:
        One row a segment and column: segment, rank (from 1; of equal scores the column earlier in
        the alphabet), column, score, value (as text; NULL for a missing one), is_at_most (whether
        the shares are of customers with at most the value), share, other_share. A segment of all
        customers has none.

    Source:
        The product documents a ranked "difference score", not how it is computed.
    """
    wide = customer_columns(tables)
    keys = {"CustomerId", "PreviousCustomerId", *tables.environment.key_columns}
    kinds = {name: wide[name].type() for name in wide.columns if name not in keys}
    texts = [name for name, kind in kinds.items() if kind.is_string() or kind.is_boolean()]
    numbers = [name for name, kind in kinds.items() if kind.is_numeric()]
    integers = [name for name in numbers if kinds[name].is_integer()]
    customers = wide.aggregate(_all=wide.count())
    sizes = members.group_by("segment").aggregate(_members=members.count()).cross_join(customers)
    sizes = another(sizes.filter(sizes._members < sizes._all))
    found = ibis.union(
        _by_value(_long(wide, texts), members, sizes),
        _by_most(_long(wide, numbers), members, sizes, integers),
    )
    order = [found.score.desc(), found["column"].asc()]
    ranked = found.mutate(rank=ibis.row_number().over(group_by="segment", order_by=order) + 1)
    return ranked.select(
        *("segment", "rank", "column", "score", "value", "is_at_most", "share", "other_share")
    )


def _long(wide: ir.Table, names: Sequence[str]) -> ir.Table:
    """One row a customer and column: CustomerId, column, value (its text), number, sign.

    `sign` is what equal values have in common, also missing ones, which are never equal: no sign.
    """
    parts = [
        ibis.struct(
            {"column": name, "value": as_text(wide[name]), "number": _number(wide[name])},
            type=PART,
        )
        for name in names
    ]
    rows = wide.select("CustomerId", part=listed(parts, PART).unnest()).unpack("part")
    return rows.mutate(sign=rows.value.isnull().ifelse("", ibis.literal("=") + rows.value))


def _number(column: ir.Column) -> ir.FloatingValue:
    return column.cast("float64") if column.type().is_numeric() else ibis.null("float64")


def _totals(rows: ir.Table) -> ir.Table:
    """How many customers have each value of each column, by its sign."""
    return rows.group_by("column", "sign").aggregate(
        value=rows.value.max(), number=rows.number.max(), total=rows.count()
    )


def _insiders(rows: ir.Table, members: ir.Table) -> ir.Table:
    """How many members of each segment have each value of each column."""
    joined = members.join(another(rows), "CustomerId")
    counted = joined.group_by("segment", "column", "sign").aggregate(inside=joined.count())
    return another(counted.rename(_segment="segment", _column="column", _sign="sign"))


def _by_value(rows: ir.Table, members: ir.Table, sizes: ir.Table) -> ir.Table:
    totals = _totals(rows)
    per_column = totals.group_by("column").aggregate(
        signs=totals.count(), values=totals.value.count()
    )
    few = per_column.filter((per_column.signs > 1) & (per_column["values"] <= MAX_VALUES))
    few = another(few.select("column"))
    insiders = _insiders(rows.semi_join(few, "column"), members)
    grid = sizes.cross_join(totals.semi_join(few, "column"))
    joined = grid.left_join(
        insiders,
        [
            grid.segment == insiders._segment,
            grid["column"] == insiders._column,
            grid.sign == insiders._sign,
        ],
    )
    return _largest(joined.mutate(inside=joined.inside.fill_null(0)), ibis.literal(False))


def _by_most(rows: ir.Table, members: ir.Table, sizes: ir.Table, integers: list[str]) -> ir.Table:
    totals = _totals(rows)
    per_column = totals.group_by("column").aggregate(
        signs=totals.count(),
        values=totals.value.count(),
        filled=totals.total.sum(where=totals.value.notnull()),
    )
    is_key = (
        (per_column["column"].isin(integers) if integers else ibis.literal(False))
        & (per_column["values"] > MAX_VALUES)
        & (per_column["values"] * 10 >= per_column.filled * OWN_VALUES_OF_TEN)
    )
    some = another(per_column.filter((per_column.signs > 1) & ~is_key).select("column"))
    kept = totals.semi_join(some, "column")
    order = _rising(kept)
    so_far = ibis.cumulative_window(group_by="column", order_by=order)
    one_before = ibis.window(group_by="column", order_by=order)
    steps = kept.mutate(
        total=kept.total.sum().over(so_far),
        total_below=kept.total.sum().over(so_far) - kept.total,
        value_below=kept.value.lag().over(one_before),
        number_below=kept.number.lag().over(one_before),
        sign_below=kept.sign.lag().over(one_before),
    )
    insiders = _insiders(rows.semi_join(some, "column"), members)
    joined = steps.join(
        insiders, [steps["column"] == insiders._column, steps.sign == insiders._sign]
    ).rename(segment="_segment")
    inside = joined.inside.sum().over(
        ibis.cumulative_window(group_by=["segment", "column"], order_by=_rising(joined))
    )
    joined = joined.mutate(inside=inside, inside_below=inside - joined.inside)
    return _largest(_jumps(joined.join(sizes, "segment")), ibis.literal(True))


def _rising(rows: ir.Table) -> list[ir.Value]:
    """Missing values first; numbers that only a decimal tells apart by their text."""
    return [rows.number.asc(nulls_first=True), rows.sign.asc()]


def _jumps(rows: ir.Table) -> ir.Table:
    """Where the difference can be largest: at a value of a member, and just below it.

    Between the values of two members only others are added, so it grows or shrinks steadily.
    """
    at = rows.select(*JUMP)
    below = rows.filter(rows.sign_below.notnull()).select(
        *("segment", "column", "_members", "_all"),
        value="value_below",
        number="number_below",
        inside="inside_below",
        total="total_below",
    )
    return at.union(below.select(*JUMP))


def _largest(rows: ir.Table, is_at_most: ir.BooleanValue) -> ir.Table:
    """The row of the largest difference, one a segment and column; of equal ones the smaller value.

    Differences are compared as integers: as floats, equal ones may differ in the last digit.
    """
    others = rows["_all"] - rows["_members"]
    outside = rows.total - rows.inside
    gap = (rows.inside * others - outside * rows["_members"]).abs()
    smallest = [key.asc(nulls_first=False) for key in (rows.number, rows.value)]
    order = [gap.desc(), *smallest]
    first = ibis.row_number().over(group_by=["segment", "column"], order_by=order)
    best = rows.mutate(gap=gap, outside=outside, others=others, first=first)
    best = best.filter(best["first"] == 0)
    return best.select(
        "segment",
        "column",
        score=best.gap / (best["_members"] * best.others),
        value=best.value,
        is_at_most=is_at_most,
        share=best.inside / best["_members"],
        other_share=best.outside / best.others,
    )
