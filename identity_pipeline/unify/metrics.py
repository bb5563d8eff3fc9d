"""Metrics of unification: the product's numbers, and those that it does not show."""

from collections.abc import Sequence
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify.consolidation import Consolidation
from identity_pipeline.unify.keyring import MOST_LISTED_KEYS, Contribution
from identity_pipeline.unify.merge import KNOWN, STATUS
from identity_pipeline.unify.tasks import value_lists

METRIC = {
    "metric": "string",
    "table_name": "string",
    "rule": "string",
    "value": "decimal(18, 4)",
}
# How many customers have a KeyRing that does not list all keys; there where it is not zero.
SHORT_KEY_RINGS = "short_key_rings"
Row = tuple[str, str | None, str | None, Decimal]


def _number(value: object) -> Decimal:
    return Decimal(str(value or 0))


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return _ratio(100 * part, whole)


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(Decimal("0.0001")) if whole else Decimal(0)


def table_metrics(
    engine: Engine, part: Contribution, matches: ir.Table | None, rules: Sequence[str]
) -> list[Row]:
    """Source and unique records, % deduplicated, and % matched by table and rule.

    Args:
        engine: counts.
        part: the table's members.
        matches: as `match.Matched`; None for the table highest in the match order.
        rules: names of its active match rules: one that found nothing counts 0.
    """
    name = part.table
    counted = part.members.aggregate(
        source=part.members._rows.sum(), unique=part.members._group.nunique()
    )
    [(source, unique)] = [tuple(map(_number, row)) for row in engine.rows(counted)]
    rows: list[Row] = [
        ("source_records", name, None, source),
        ("unique_records", name, None, unique),
        ("deduplicated_percent", name, None, _share(source - unique, source)),
    ]
    if matches is None:
        return rows
    attached = matches.filter(matches.rule.notnull())
    by_rule = attached.group_by("rule").aggregate(records=attached.group.nunique())
    found = {str(rule): _number(count) for rule, count in engine.rows(by_rule)}
    [(matched,)] = engine.rows(attached.aggregate(n=attached.group.nunique()))
    rows.append(("matched_percent", name, None, _share(_number(matched), unique)))
    names = dict.fromkeys((*rules, *sorted(found)))
    rows += [
        ("matched_percent", name, rule, _share(found.get(rule, Decimal(0)), unique))
        for rule in names
    ]
    return rows


def customer_metrics(
    engine: Engine, consolidated: ir.Table, unified: ir.Table, keys: ir.Table
) -> list[Row]:
    """Customers, known and unknown, and how large they are.

    Args:
        engine: counts.
        consolidated: as `keyring.consolidate`.
        unified: as `merge.unify_columns`.
        keys: as `keyring.keys_of`.
    """
    kept = consolidated.filter(consolidated.kept)
    matched = kept.filter(kept.tables > 1)
    held = keys.filter(keys.kept)
    sizes = held.group_by("record").aggregate(size=held.count())
    status = unified[STATUS] == KNOWN
    counted = unified.aggregate(
        known_customers=(unified.kept & status).sum(),
        unknown_customers=(unified.kept & ~status).sum(),
        records_not_included=(~unified.kept).sum(),
        known_not_included=(~unified.kept & status).sum(),
        matched_and_non_matched_records=unified.kept.sum(),
    )
    records = consolidated.aggregate(
        unique_source_records=consolidated.count(), records=consolidated.kept.sum()
    )
    largest = sizes.aggregate(largest_customer_keys=sizes["size"].max(), keys=sizes["size"].sum())
    several = matched.aggregate(matched_records_only=matched.record.nunique())
    found = {
        name: _number(value)
        for numbers in (records, several, counted, largest)
        for name, value in zip(numbers.columns, engine.rows(numbers)[0], strict=True)
    }
    customers = found["matched_and_non_matched_records"]
    found["keys_per_customer"] = _ratio(found["keys"], customers)
    found["records_per_customer"] = _ratio(found.pop("records"), customers)
    if found["largest_customer_keys"] > MOST_LISTED_KEYS:
        large = sizes.filter(sizes["size"] > MOST_LISTED_KEYS)
        found[SHORT_KEY_RINGS] = Decimal(engine.count(large))
    return [(name, None, None, value) for name, value in found.items()]


def condition_metrics(
    engine: Engine, environment: Environment, table: str, lists: ValueLists
) -> list[Row]:
    """How many records of a table each exact condition alone would match, and how many not.

    Conditions that are not exact are left out: alone they would compare every pair of records.
    """
    rows: list[Row] = []
    lower = engine.table(names.members(table))
    [(unique,)] = engine.rows(lower.aggregate(n=lower._group.nunique()))
    for rule in (rule for rule in environment.step(table).match if rule.active):
        for condition in (condition for condition in rule.conditions if condition.exact):
            higher = engine.table(names.members(condition.left_table))
            upper, own = lists.of(condition.left_table), lists.of(table)
            left = with_comparables(higher, {"_left": (condition.left_column, condition)}, upper)
            right = with_comparables(lower, {"_right": (condition.right, condition)}, own)
            agreed = right.semi_join(left, right._right == left._left)
            [(matched,)] = engine.rows(agreed.aggregate(n=agreed._group.nunique()))
            name = f"{rule.name}: {condition.left} = {condition.right}"
            rows.append(("condition_matched", table, name, _number(matched)))
            rows.append(("condition_unmatched", table, name, _number(unique) - _number(matched)))
    return rows


def of_run(engine: Engine, environment: Environment, found: Consolidation) -> list[Row]:
    """All metrics of the last unification, as the warehouse holds it."""
    rows: list[Row] = []
    for part in found.contributions:
        matches = engine.table(names.matches(part.table)) if part.rank > 1 else None
        rules = [rule.name for rule in environment.step(part.table).match if rule.active]
        rows += table_metrics(engine, part, matches, rules)
    lists = value_lists(engine, environment)
    for table in environment.unify.order[1:]:
        rows += condition_metrics(engine, environment, table, lists)
    duplicates = sum(
        (value if name == "source_records" else -value)
        for name, table, _, value in rows
        if table and name in ("source_records", "unique_records")
    )
    rows.append(("duplicates", None, None, Decimal(duplicates)))
    unified = engine.table(names.UNIFIED)
    return rows + customer_metrics(engine, found.consolidated, unified, found.keys)


def remarks(rows: Sequence[Row]) -> list[str]:
    """What a run's log should say of its metrics."""
    return [
        f"{int(value):,} customers have more than {MOST_LISTED_KEYS:,} keys: their KeyRing lists "
        "the preferred key of each table and the number of keys"
        for name, _, _, value in rows
        if name == SHORT_KEY_RINGS
    ]


def as_table(engine: Engine, rows: Sequence[Row], date: str) -> ir.Table:
    """Metrics as rows of the metrics table, dated."""
    table = engine.relation(METRIC, rows)
    return table.mutate(ingestion_date=ibis.literal(date).cast("date"))


def as_metadata(rows: Sequence[Row]) -> dict[str, int | float]:
    """Metrics by name, as Dagster plots them: `matched_percent/pos_customers/P1`."""
    return {
        "/".join(word for word in (name, table, rule) if word): float(value)
        for name, table, rule, value in rows
    }
