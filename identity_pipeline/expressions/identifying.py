"""Identifying values: those of which one customer may have so many, by identifier type."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.normalize import normalized
from identity_pipeline.expressions.placeholders import without_placeholders
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.rules import Normalization

PLAIN = (Normalization.LOWER, Normalization.WHITESPACE)


def identifying_values(
    rows: ir.Table, columns: Mapping[str, tuple[str, ...]], most: Mapping[str, int], unit: str
) -> ir.Table | None:
    """The values that rows bring: lower case, without blanks and placeholders.

    A key that alone has more values than the maximum - a device that many people sign in on -
    does not say whose they are: it is shared, and brings none.

    Args:
        rows: `_key`, the columns and the unit.
        columns: identifier type -> columns of the rows.
        most: identifier type -> the maximum.
        unit: the column that says what brings the value: a row, a group, a record.

    Returns:
        `unit`, `identifier_type`, `value` and `shared`, distinct; None where the rows have no such
        columns. Of a key that is shared, `value` is NULL, and `shared` its smallest unit.
    """
    parts = [
        rows.select(
            "_key",
            unit=unit,
            identifier_type=ibis.literal(kind),
            value=without_placeholders(normalized(as_text(rows[column]), PLAIN)),
        )
        for kind, names in columns.items()
        for column in names
    ]
    if not parts:
        return None
    every = (ibis.union(*parts) if len(parts) > 1 else parts[0]).filter(ibis._.value.notnull())
    every = every.distinct()
    counted = every.mutate(_n=every.value.nunique().over(group_by=["_key", "identifier_type"]))
    limits = counted.identifier_type.cases(*((k, n) for k, n in most.items()), else_=0)
    told = counted.mutate(_is_shared=counted._n > limits)
    plain = told.filter(~told._is_shared)
    plain = plain.select("unit", "identifier_type", "value", shared=ibis.null("int64")).distinct()
    keys = told.filter(told._is_shared).select("_key", "identifier_type").distinct()
    # All rows of such a key, also those without a value.
    own = another(rows).select(_of="_key", unit=unit)
    held = own.join(keys, own._of == keys._key)
    shared = held.select(
        "unit",
        "identifier_type",
        value=ibis.null("string"),
        shared=held.unit.min().over(group_by="_key"),
    ).distinct()
    return plain.union(shared)
