"""Customer attributes: one value a customer, side by side in Customer_Measure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import ibis.expr.types as ir

from identity_pipeline.expressions.formula import Formula, calculate
from identity_pipeline.expressions.paths import CUSTOMER, InsightTables
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.measures.calculations import calculated, is_count, with_null_as
from identity_pipeline.measures.order import check_names, formulas_in_steps, formulas_of
from identity_pipeline.measures.rows import rows_for
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.measures import Measure

ID = "CustomerId"


def customer_attributes(tables: InsightTables, measures: Sequence[Measure]) -> ir.Table:
    """Calculate the customer attributes among measures: the table Customer_Measure.

    The attributes over the same rows are one aggregation, and one join: a thousand attributes read
    the activities once.

    Args:
        tables: what they read; `attributes` and `measures` are calculated after these, and are not
            looked at: a formula names other attributes.
        measures: measures of any kind; those of other kinds are passed over.

    Returns:
        One row a row of `tables.customers`: `CustomerId`, and a column a measure in the given
        order. A customer without rows that count has no value, and no count either: NULL, or
        `null_as`. So it makes no difference whether other rows of the same table are there.

    Raises:
        InsightError: an attribute that cannot be calculated; the place is relative to it.
    """
    chosen = [one for one in measures if one.kind == "customer_attribute"]
    check_attribute_names(tables, chosen)
    attributes = {one.name: one for one in chosen}
    for one in chosen:
        check_reads(one, attributes, tables.measures)
    places: dict[str, Place] = dict.fromkeys(attributes, ())
    formulas = formulas_of(attributes, places)
    for formula in formulas.values():
        check_names(formula, attributes, ())
    steps = formulas_in_steps(formulas, places)
    wide = _from_rows(tables, [one for name, one in attributes.items() if name not in formulas])
    for step in steps:
        wide = _with_formulas(wide, {name: formulas[name] for name in step}, attributes)
    return wide.select(ID, *attributes)


def check_attribute_names(tables: InsightTables, attributes: Sequence[Measure]) -> None:
    """Raise InsightError where two columns of a customer would have one name, whatever its case."""
    taken = {column.lower(): "a column of Customer" for column in (ID, *tables.customers.columns)}
    for one in attributes:
        if other := taken.get(one.name):
            raise InsightError(("name",), f"'{one.name}' is already the name of {other}")
        taken[one.name] = "another customer attribute"


def check_reads(
    attribute: Measure, attributes: Collection[str], own_tables: Collection[str]
) -> None:
    """Raise InsightError where an attribute reads what is not there by then.

    Args:
        attribute: the attribute.
        attributes: names of customer attributes, which are no columns yet.
        own_tables: names of measures with a table of their own, which are calculated later.
    """
    if attribute.reads is not None and attribute.reads[0] in own_tables:
        raise InsightError(
            (attribute.function,),
            f"'{attribute.reads[0]}' is a measure with its own table, which is calculated after "
            "customer attributes: read what it reads, or make this a measure of kind customer",
        )
    if attribute.reads is not None and attribute.reads[0] == CUSTOMER:
        column = attribute.reads[1]
        if column in attributes:
            raise InsightError(
                (attribute.function,),
                f"'{column}' is a customer attribute: use it in a 'formula', such as "
                f"'{column} + 1', or in a measure of kind business",
            )


def _from_rows(tables: InsightTables, attributes: Sequence[Measure]) -> ir.Table:
    before = replace(tables, attributes=None, measures={})
    sharing: dict[tuple[str, tuple[str, ...]], list[Measure]] = {}
    for one in attributes:
        assert one.reads is not None, "formulas come later"
        sharing.setdefault((one.reads[0], one.path), []).append(one)
    wide = tables.customers.select(ID)
    for several in sharing.values():
        found = _aggregated(before, several)
        wide = wide.left_join(found, wide[ID] == found._id).drop("_id")
    filled = {
        one.name: with_null_as(wide[one.name], one) for one in attributes if one.null_as is not None
    }
    return wide.mutate(**filled) if filled else wide


def _aggregated(tables: InsightTables, attributes: Sequence[Measure]) -> ir.Table:
    rows = rows_for(tables, attributes[0], ())
    values: dict[str, ir.Value] = {}
    for one in attributes:
        value = calculated(rows, one)
        values[one.name] = value.nullif(0) if is_count(one) else value
    return rows.rows.group_by(_id=rows.rows[ID]).aggregate(**values)


def _with_formulas(
    wide: ir.Table, formulas: Mapping[str, Formula], attributes: Mapping[str, Measure]
) -> ir.Table:
    columns = {name: wide[name] for name in wide.columns if name in attributes}
    values = {
        name: with_null_as(calculate(formula, columns, ("formula",)), attributes[name])
        for name, formula in formulas.items()
    }
    return wide.mutate(**values)
