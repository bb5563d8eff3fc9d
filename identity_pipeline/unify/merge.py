"""Unified columns: one value a customer, from the tables it has."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.unification import ColumnGroup, Combined, KnownIf, Unification
from identity_pipeline.unify.keyring import Contribution

STATUS, KNOWN, UNKNOWN = "IdentityStatus", "known", "unknown"


def unify_columns(
    consolidated: ir.Table, contributions: Sequence[Contribution], unification: Unification
) -> ir.Table:
    """Combine the columns of each record's tables.

    A table's value is that of its winner in the record (after column preferences).

    Returns:
        One row a consolidated record: `record`, `kept`, the unified columns, `IdentityStatus`.
        Records that are not kept are there so that known people among them can be counted.
    """
    wide = side_by_side(consolidated, contributions)
    columns: dict[str, ir.Value] = {
        name: combine(wide, combined) for name, combined in unification.columns.items()
    }
    for group in unification.groups:
        columns |= combine_group(wide, group)
    for reference in unification.separate:
        table, column = reference.split(".", 1)
        columns[f"{table}_{column}"] = wide[wide_name(table, column)]
    present = {part.table: wide[_present(part.table)] for part in contributions}
    unified = wide.select(
        "record", "kept", **columns, **{_present(t): p for t, p in present.items()}
    )
    return (
        unified.mutate(**{STATUS: _status(unified, unification.known_if)})
        .drop(*map(_present, present))
        .rename({new: old for old, new in unification.rename.items()})
    )


def side_by_side(consolidated: ir.Table, contributions: Sequence[Contribution]) -> ir.Table:
    """One row a record with every table's winner beside the others."""
    wide = consolidated.select("record", "kept").distinct()
    for part in contributions:
        here = (consolidated["rank"] == part.rank) & consolidated.leads
        leading = consolidated.filter(here).select("record", "group")
        winners = part.winners
        internal = [name for name in winners.columns if name.startswith("_")]
        columns = {
            wide_name(part.table, name): winners[name]
            for name in winners.columns
            if name not in internal
        }
        values = winners.select(_of="_group", **columns)
        rows = leading.join(values, leading.group == values._of).drop("group", "_of")
        rows = rows.mutate(**{_present(part.table): ibis.literal(True)})
        wide = wide.left_join(rows, "record").drop("record_right")
    return wide


def combine(wide: ir.Table, combined: Combined) -> ir.Value:
    """One unified column.

    Importance takes the first value that is there. Recency takes the value whose table has the
    latest (earliest) date or number beside it; values without one are last, ties go by order.
    """
    sources = [source.split(".", 1) for source in combined.sources]
    values = _one_type([wide[wide_name(table, column)] for table, column in sources])
    if combined.by == "importance":
        return ibis.coalesce(*values) if len(values) > 1 else values[0]
    ages = [wide[wide_name(table, combined.recency[table])] for table, _ in sources]
    return _by_recency(values, _comparable_ages(ages), combined.by)


def combine_group(wide: ir.Table, group: ColumnGroup) -> dict[str, ir.Value]:
    """Columns that come from one table together, missing values included.

    Importance takes the first table with any of the columns filled; recency the one whose
    reference column is latest (earliest) among those.
    """
    tables = list(group.sources)
    rows = [_group_values(wide, table, group) for table in tables]
    filled = [ibis.or_(*(value.notnull() for value in row)) for row in rows]
    choice = _first_filled(filled)
    if group.reference:
        place = group.columns.index(group.reference)
        ages = _comparable_ages([row[place] for row in rows])
        numbers = [ibis.ifelse(has, n, ibis.null("int64")) for n, has in enumerate(filled)]
        choice = _by_recency(numbers, ages, group.by)
    return {
        column: choice.cases(*enumerate(_one_type([row[place] for row in rows])))
        for place, column in enumerate(group.columns)
    }


def _group_values(wide: ir.Table, table: str, group: ColumnGroup) -> list[ir.Value]:
    return [
        ibis.null("string") if column is None else wide[wide_name(table, column)]
        for column in group.sources[table]
    ]


def _first_filled(filled: Sequence[ir.BooleanValue]) -> ir.IntegerValue:
    return ibis.cases(*((has, ibis.literal(n, "int64")) for n, has in enumerate(filled)))


def _by_recency(values: Sequence[ir.Value], ages: Sequence[ir.Value], by: str) -> ir.Value:
    best, best_age = values[0], ibis.ifelse(values[0].notnull(), ages[0], ibis.null(ages[0].type()))
    for value, age in zip(values[1:], ages[1:], strict=True):
        closer = age > best_age if by == "most_recent" else age < best_age
        newer = closer | (best_age.isnull() & age.notnull())
        takes = value.notnull() & (best.isnull() | newer.fill_null(False))
        best_age = ibis.ifelse(takes, age, best_age)
        best = ibis.ifelse(takes, value, best)
    return best


def _comparable_ages(ages: Sequence[ir.Value]) -> list[ir.Value]:
    """Dates compare with timestamps, integers with decimals."""
    if any(age.type().is_timestamp() for age in ages):
        return [age.cast("timestamp(6)") for age in ages]
    if any(age.type().is_decimal() for age in ages):
        return [age.cast("decimal(38, 9)") for age in ages]
    return list(ages)


def _one_type(values: Sequence[ir.Value]) -> list[ir.Value]:
    kinds = {value.type() for value in values}
    return list(values) if len(kinds) == 1 else [as_text(value) for value in values]


def _status(unified: ir.Table, known_if: KnownIf) -> ir.StringValue:
    signs: list[ir.BooleanValue] = [unified[name].notnull() for name in known_if.any_of]
    signs += [unified[_present(table)].fill_null(False) for table in known_if.or_from]
    known = ibis.or_(*signs) if signs else ibis.literal(False)
    return known.ifelse(ibis.literal(KNOWN), ibis.literal(UNKNOWN))


def wide_name(table: str, column: str) -> str:
    """What a table's column is called where the tables stand side by side."""
    return f"{table}.{column}"


def _present(table: str) -> str:
    return f"_has_{table}"
