"""Numbers of matches that need no truth: links by score, ambiguities, sizes, contradictions."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.quality import SCORE_PARTS

STATISTIC = {
    "statistic": "string",
    "table_name": "string",
    "rule": "string",
    "bucket": "string",
    "value": "decimal(18, 4)",
}
Row = tuple[str, str | None, str | None, str | None, Decimal]

# Where ranges of sizes begin; the last one has no end.
SIZES = (1, 2, 3, 6, 11, 21, 51, 101)
LARGEST = 10


def score_range(part: int) -> str:
    """The text of a tenth of scores: `0.8-0.9`, `0.9-1.0`; 1.0 itself is `1.0`."""
    if part == SCORE_PARTS:
        return "1.0"
    return f"{part / SCORE_PARTS:.1f}-{(part + 1) / SCORE_PARTS:.1f}"


def size_range(first: int) -> str:
    """The text of a range of sizes by where it begins: `1`, `3-5`, `101+`."""
    place = SIZES.index(first)
    if place + 1 == len(SIZES):
        return f"{first}+"
    last = SIZES[place + 1] - 1
    return str(first) if first == last else f"{first}-{last}"


def statistics(engine: Engine, environment: Environment) -> list[Row]:
    """All numbers of the last unification, by one statement over links, records and customers."""
    parts = [*_links(engine, environment), *_records(engine, environment), *_sizes(engine)]
    order = ("statistic", "table_name", "rule", "bucket")
    found = engine.rows(ibis.union(*parts).select(*order, "value").order_by(*order))
    rows: list[Row] = [
        (str(statistic), _text(table), _text(rule), _text(bucket), Decimal(str(value)))
        for statistic, table, rule, bucket, value in found
    ]
    return [*rows, *_ambiguity_shares(environment, rows)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _counted(rows: ir.Table, statistic: str, count: ir.IntegerValue, **by: ir.Value) -> ir.Table:
    """Counts as rows of statistics; `by` are some of table_name, rule and bucket."""
    nothing = ibis.null("string")
    keys = {name: by.get(name, nothing) for name in ("table_name", "rule", "bucket")}
    grouped = rows.group_by(**keys).aggregate(value=count)
    return grouped.select(
        "table_name", "rule", "bucket", "value", statistic=ibis.literal(statistic)
    )


def _links(engine: Engine, environment: Environment) -> Iterable[ir.Table]:
    """Accepted links between tables and within them: how many, by rule and tenth of the score."""
    order = environment.unify.order
    matched = [engine.table(names.matches(table)) for table in order[1:]]
    linked = [engine.table(names.duplicates(table)) for table in order]
    parts = [
        ("match_links", table, rows.filter(rows.rule.notnull()))
        for table, rows in zip(order[1:], matched, strict=True)
    ]
    parts += [
        ("duplicate_links", table, rows.filter(rows.refused.isnull()))
        for table, rows in zip(order, linked, strict=True)
    ]
    for statistic, table, rows in parts:
        # 1.0 by itself: most links are exact, and would hide how near the others are.
        part = (rows.score.cast("float64") * SCORE_PARTS).floor().cast("int64")
        bucket = part.cases(*((n, score_range(n)) for n in range(SCORE_PARTS + 1)))
        name = ibis.literal(table)
        yield _counted(
            rows, statistic, rows.count(), table_name=name, rule=rows.rule, bucket=bucket
        )


def _records(engine: Engine, environment: Environment) -> Iterable[ir.Table]:
    """Deduplicated records by table, and those with several candidates, or a refused one."""
    consolidated = engine.table(names.CONSOLIDATED)
    yield _counted(
        consolidated, "unique_records", consolidated.count(), table_name=consolidated.table
    )
    for table in environment.unify.order[1:]:
        rows = engine.table(names.ambiguities(table))
        name = ibis.literal(table)
        count = rows.key.nunique()
        yield _counted(rows, "ambiguous_records", count, table_name=name)
        yield _counted(rows, "ambiguous_records", count, table_name=name, bucket=rows.reason)
    stored = engine.table(names.CONTRADICTIONS)
    yield _counted(stored, "contradicting_customers", stored.count(), bucket=stored.column_name)


def _sizes(engine: Engine) -> Iterable[ir.Table]:
    """How many keys customers have, and which have the most."""
    keys = engine.table(names.ALTERNATE_KEY)
    sizes = keys.group_by("CustomerId").aggregate(size=keys.count())
    size = sizes["size"]
    below = [(size < after, size_range(first)) for first, after in pairwise(SIZES)]
    bucket = ibis.cases(*below, else_=size_range(SIZES[-1]))
    yield _counted(sizes, "customer_size", sizes.count(), bucket=bucket)
    nothing = ibis.null("string")
    largest = sizes.order_by(sizes["size"].desc(), "CustomerId").limit(LARGEST)
    yield largest.select(
        table_name=nothing,
        rule=nothing,
        bucket="CustomerId",
        value="size",
        statistic=ibis.literal("largest_customer"),
    )


def _ambiguity_shares(environment: Environment, rows: Sequence[Row]) -> list[Row]:
    """Percent of a table's records that are ambiguous."""
    whole = {table: value for name, table, *_, value in rows if name == "unique_records"}
    part = {
        table: value
        for name, table, _, bucket, value in rows
        if name == "ambiguous_records" and bucket is None
    }
    return [
        ("ambiguity_percent", table, None, None, _percent(part.get(table), whole.get(table)))
        for table in environment.unify.order[1:]
    ]


def _percent(part: Decimal | None, whole: Decimal | None) -> Decimal:
    share = 100 * (part or Decimal(0)) / whole if whole else Decimal(0)
    return share.quantize(Decimal("0.0001"))


def as_table(engine: Engine, rows: Sequence[Row], date: str) -> ir.Table:
    """Numbers as rows of the table of statistics, dated."""
    table = engine.relation(STATISTIC, rows)
    return table.mutate(ingestion_date=ibis.literal(date).cast("date"))
