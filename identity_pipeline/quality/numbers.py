"""What the match report is drawn from: counts and names of tables, rules and columns, no values."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.quality.agreement import judged_scope
from identity_pipeline.quality.columns import profiled_columns
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment

# Numbers of all together that are shown over ingestion dates.
OVER_DATES = ("known_customers", "unknown_customers")
QUALITY_OVER_DATES = ("pair_precision", "pair_recall", "pair_f1")
# A statistic whose ranges are CustomerIds is not for the report.
NAMELESS = ("largest_customer",)


@dataclass(frozen=True)
class History:
    """Numbers over ingestion dates, in order; None where a date has none."""

    dates: Sequence[str]
    values: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Statistic:
    """A number of `match_statistics`."""

    statistic: str
    table: str | None
    rule: str | None
    bucket: str | None
    value: int


@dataclass(frozen=True)
class ColumnNumbers:
    """What is counted of a source's column."""

    table: str
    column: str
    type: str
    rows: int
    nulls: int
    distinct: int
    shortest: int | None
    longest: int | None
    placeholder_rows: int


@dataclass(frozen=True)
class SetAside:
    """What guards set aside: a reason, how many values or customers, and how many keys."""

    what: str
    count: int
    keys: int


@dataclass(frozen=True)
class Numbers:
    """All that the report shows.

    Attributes:
        environment: its name.
        date: of the data; None before the first run.
        order: the tables, in match order; `rules` are the names of each one's active match rules.
        metrics: by metric, table and rule, as `unification_metrics` has them for the date.
        customers: known and unknown ones over dates.
        statistics: as `match_statistics`.
        quality: by scope and metric, against the truth; empty without one. `judged` is the scope
            that the check judges, `agreement` its numbers over dates.
        columns: by source, as declared.
        set_aside: what guards did; nothing where there are none.
    """

    environment: str
    date: datetime.date | None
    order: Sequence[str]
    rules: Mapping[str, Sequence[str]]
    metrics: Mapping[tuple[str, str | None, str | None], float]
    customers: History
    statistics: Sequence[Statistic]
    quality: Mapping[tuple[str, str], float]
    judged: str
    agreement: History
    columns: Sequence[ColumnNumbers]
    set_aside: Sequence[SetAside]

    def metric(self, name: str, table: str | None = None, rule: str | None = None) -> float:
        """A metric of the date; 0 where there is none."""
        return self.metrics.get((name, table, rule), 0.0)

    def of(self, statistic: str, table: str | None = None) -> list[Statistic]:
        """The numbers of a statistic, of a table where one is named."""
        return [
            one
            for one in self.statistics
            if one.statistic == statistic and table in (None, one.table)
        ]


def read_numbers(engine: Engine, environment: Environment) -> Numbers:
    """Fetch what the report shows: five small statements."""
    order = environment.unify.order
    metrics = engine.table(names.METRICS)
    day = metrics.ingestion_date.max().as_scalar()
    is_whole = metrics.metric.isin(OVER_DATES) & metrics.table_name.isnull()
    asked = metrics.filter(is_whole | (metrics.ingestion_date == day))
    found = engine.rows(
        asked.select(
            "metric", "table_name", "rule", asked["value"].cast("float64"), "ingestion_date"
        )
    )
    last = max((cast(datetime.date, row[-1]) for row in found), default=None)
    quality, agreement = _quality(engine, environment)
    whole = [(str(row[0]), row[-1], row[3]) for row in found if row[0] in OVER_DATES]
    return Numbers(
        environment=environment.name,
        date=last,
        order=order,
        rules={
            table: [rule.name for rule in environment.step(table).match if rule.active]
            for table in order[1:]
        },
        metrics={
            (str(metric), _text(table), _text(rule)): float(str(value))
            for metric, table, rule, value, date in found
            if date == last
        },
        customers=_history(whole, OVER_DATES),
        statistics=_statistics(engine),
        quality=quality,
        judged=judged_scope(environment),
        agreement=agreement,
        columns=_columns(engine, environment),
        set_aside=_set_aside(engine),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _history(rows: Sequence[tuple[str, object, object]], asked: Sequence[str]) -> History:
    """Rows of name, date and value by date."""
    by_date: dict[str, dict[str, float]] = defaultdict(dict)
    for name, date, value in rows:
        by_date[str(date)][name] = float(str(value))
    dates = sorted(by_date)
    return History(dates, {name: [by_date[date].get(name) for date in dates] for name in asked})


def _statistics(engine: Engine) -> list[Statistic]:
    rows = engine.table(names.MATCH_STATISTICS)
    day = rows.ingestion_date.max().as_scalar()
    asked = rows.filter((rows.ingestion_date == day) & rows.statistic.notin(NAMELESS))
    columns = ("statistic", "table_name", "rule", "bucket")
    found = engine.rows(asked.select(*columns, asked["value"].cast("int64")).order_by(*columns))
    return [
        Statistic(str(statistic), _text(table), _text(rule), _text(bucket), int(str(value)))
        for statistic, table, rule, bucket, value in found
    ]


def _quality(
    engine: Engine, environment: Environment
) -> tuple[dict[tuple[str, str], float], History]:
    if environment.unify.quality.truth is None or not engine.exists(names.MATCH_QUALITY):
        return {}, History([], {})
    rows = engine.table(names.MATCH_QUALITY)
    found = engine.rows(
        rows.select("scope", "metric", rows["value"].cast("float64"), "ingestion_date")
    )
    last = max((cast(datetime.date, row[-1]) for row in found), default=None)
    judged = judged_scope(environment)
    whole = [(str(metric), date, value) for scope, metric, value, date in found if scope == judged]
    latest = {
        (str(scope), str(metric)): float(str(value))
        for scope, metric, value, date in found
        if date == last
    }
    return latest, _history(
        [row for row in whole if row[0] in QUALITY_OVER_DATES], QUALITY_OVER_DATES
    )


def _columns(engine: Engine, environment: Environment) -> list[ColumnNumbers]:
    parts = [
        _counts(engine.table(names.column_profile(source.name)))
        for source in environment.sources.values()
        if profiled_columns(environment, source)
    ]
    if not parts:
        return []
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    places = {
        (source.name, column): (number, place)
        for number, source in enumerate(environment.sources.values())
        for place, column in enumerate(source.columns)
    }
    found = [
        ColumnNumbers(str(table), str(column), str(kind), *map(_count, numbers))
        for table, column, kind, *numbers in engine.rows(every)
    ]
    return sorted(found, key=lambda one: places[one.table, one.column])


def _counts(rows: ir.Table) -> ir.Table:
    likely = rows.likely_placeholders.map(lambda one: one["rows"]).sums().fill_null(0)
    columns = ("table_name", "column_name", "column_type", "rows", "nulls", "distinct_values")
    return rows.select(*columns, "min_length", "max_length", placeholder_rows=likely)


def _count(value: object) -> int:
    return int(str(value or 0))


def _set_aside(engine: Engine) -> list[SetAside]:
    """What guards did, where there are any."""
    parts = []
    if engine.exists(names.GUARDED_VALUES):
        values = engine.table(names.GUARDED_VALUES)
        what = values.reason + ": " + values.identifier_type
        grouped = values.group_by(what=what)
        parts.append(grouped.aggregate(count=values.count(), keys=values["keys"].sum()))
    if engine.exists(names.HELD_FOR_REVIEW):
        held = engine.table(names.HELD_FOR_REVIEW)
        grouped = held.group_by(what=ibis.literal("held for review: customers"))
        parts.append(grouped.aggregate(count=held.record_identifier.nunique(), keys=held.count()))
    if not parts:
        return []
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return [
        SetAside(str(what), _count(count), _count(keys))
        for what, count, keys in engine.rows(every.order_by("what"))
    ]
