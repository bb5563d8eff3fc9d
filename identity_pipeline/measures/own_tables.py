"""Measures with a table of their own: by customer and dimensions, or of the business."""

from collections.abc import Mapping
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.formula import Formula, calculate
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.measures.calculations import calculated, conditions_of, with_null_as
from identity_pipeline.measures.customer import ID
from identity_pipeline.measures.order import check_names, formulas_in_steps, formulas_of
from identity_pipeline.measures.rows import CustomerRows, rows_for
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.measures import Calculation, Measure


def measure_table(tables: InsightTables, measure: Measure) -> ir.Table:
    """Calculate a measure of the kind `customer` or `business`.

    Args:
        tables: what it reads; `customer` rows have the customer attributes when these are given.
        measure: the measure.

    Returns:
        `CustomerId` of a customer measure, the dimensions, a column a calculation; one row for
        each of their values, a missing one included, in which a row counts for any calculation.
        There, a count for which none does is 0, everything else NULL, or `null_as`. A business
        measure without dimensions is exactly one row, of 0 and NULL if there are no rows at all.

    Raises:
        InsightError: it cannot be calculated; the place is relative to the measure.
    """
    calculations = measure.all_calculations
    places = _places(measure)
    formulas = formulas_of(calculations, places)
    plain = {name: one for name, one in calculations.items() if name not in formulas}
    wider = _attributes_for(tables, measure)
    for name, formula in formulas.items():
        check_names(formula, (*calculations, *wider), places[name])
    steps = formulas_in_steps(formulas, places)
    rows = _counted(_shared_rows(tables, measure, plain), measure, plain)
    keys = _keys(rows, measure)
    values = {
        name: with_null_as(calculated(rows, one, places[name]), one, places[name])
        for name, one in plain.items()
    }
    found = rows.rows.group_by(keys).aggregate(**values) if keys else rows.rows.aggregate(**values)
    used = {name for formula in formulas.values() for name in formula.names}
    found = _with_attributes(found, tables, used & set(wider))
    for step in steps:
        found = _with_formulas(found, {name: formulas[name] for name in step}, measure)
    return found.select(*keys, *calculations)


def _places(measure: Measure) -> dict[str, Place]:
    if not measure.calculations:
        return {measure.name: ()}
    return {name: ("calculations", name) for name in measure.calculations}


def _attributes_for(tables: InsightTables, measure: Measure) -> tuple[str, ...]:
    """The customer attributes a formula may name: a customer measure's row has one customer."""
    if measure.kind != "customer" or tables.attributes is None:
        return ()
    taken = (ID, *measure.all_calculations)
    return tuple(name for name in tables.attributes.columns if name not in taken)


def _shared_rows(
    tables: InsightTables, measure: Measure, plain: Mapping[str, Calculation]
) -> CustomerRows:
    """The one table and path that all calculations read."""
    places = _places(measure)
    if not plain:
        name = next(iter(places))
        raise InsightError(
            (*places[name], "formula"),
            "a measure with its own table calculates with 'calculations' beside the formula, "
            "and has none that reads rows",
        )
    others = {name: table for name, table in tables.measures.items() if name != measure.name}
    (leading, first), *rest = plain.items()
    rows = rows_for(replace(tables, measures=others), first, places[leading])
    for name, one in rest:
        assert one.reads is not None, "formulas are not among them"
        if one.reads[0] != rows.name:
            raise InsightError(
                (*places[name], one.function),
                f"all calculations of a measure are over one table: '{leading}' reads "
                f"'{rows.name}', '{name}' reads '{one.reads[0]}'",
            )
        if one.path != first.path:
            raise InsightError(
                (*places[name], "path"),
                f"all calculations of a measure are along one path: '{leading}' has "
                f"[{', '.join(first.path)}], '{name}' has [{', '.join(one.path)}]",
            )
    return rows


def _counted(
    rows: CustomerRows, measure: Measure, plain: Mapping[str, Calculation]
) -> CustomerRows:
    """Only rows that count for the whole measure, and for a calculation of it."""
    met = rows.fits(measure, ()) if measure.calculations else []
    places = _places(measure)
    each = [conditions_of(rows, one, places[name]) for name, one in plain.items()]
    some = [one for one in each if one is not None]
    if len(some) == len(each):
        met.append(ibis.or_(*some))
    return replace(rows, rows=rows.rows.filter(ibis.and_(*met))) if met else rows


def _keys(rows: CustomerRows, measure: Measure) -> list[str]:
    own = [ID] if measure.kind == "customer" else []
    taken = {name.lower() for name in (*own, *measure.all_calculations)}
    for number, name in enumerate(measure.by):
        place: Place = ("by", number)
        if name not in rows.rows.columns:
            hint = did_you_mean(name, rows.hint)
            raise InsightError(place, f"table '{rows.name}' has no column '{name}'. {hint}")
        if name.lower() in taken:
            raise InsightError(place, f"the table would have two columns called '{name}'")
        taken.add(name.lower())
    return [*own, *measure.by]


def _with_attributes(found: ir.Table, tables: InsightTables, names: set[str]) -> ir.Table:
    if not names:
        return found
    assert tables.attributes is not None, "the names are its columns"
    columns = {_wider(name): tables.attributes[name] for name in sorted(names)}
    added = tables.attributes.select(_id=tables.attributes[ID], **columns)
    return found.left_join(added, found[ID] == added._id).drop("_id")


def _wider(name: str) -> str:
    """An attribute beside the measure's own columns: a dimension may be called as it is."""
    return f"_attribute_{name}"


def _with_formulas(found: ir.Table, formulas: Mapping[str, Formula], measure: Measure) -> ir.Table:
    calculations, places = measure.all_calculations, _places(measure)
    columns = {name: found[name] for name in calculations if name in found.columns}
    for formula in formulas.values():
        wider = [name for name in formula.names if name not in calculations]
        columns |= {name: found[_wider(name)] for name in wider}
    values = {}
    for name, formula in formulas.items():
        value = calculate(formula, columns, (*places[name], "formula"))
        values[name] = with_null_as(value, calculations[name], places[name])
    return found.mutate(**values)
