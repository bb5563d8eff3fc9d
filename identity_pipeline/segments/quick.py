"""Quick segments: the customers at one end of a number."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.segments.candidates import Candidates
from identity_pipeline.segments.parts import Place
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.segments import Quick


def is_at_the_end(found: Candidates, quick: Quick, place: Place) -> ir.BooleanValue:
    """Whether a customer is among the first or last so many, or so large a share; never NULL.

    Of equal values the smaller CustomerId comes first, so exactly so many are members. A share
    is of the customers that have a value, rounded up: one of three is in the top 10 percent.

    Raises:
        InsightError: no such column, or one that is no number, date or timestamp.
    """
    value = found.column(quick.by, (*place, "by"))
    kind = value.type()
    if not (kind.is_numeric() or kind.is_date() or kind.is_timestamp()):
        raise InsightError(
            (*place, "by"), f"'{quick.by}' is {kind}: only numbers and dates have a top and bottom"
        )
    from_top = quick.top is not None or quick.top_percent is not None
    first = value.desc(nulls_first=False) if from_top else value.asc(nulls_first=False)
    before = ibis.row_number().over(order_by=[first, found.wide.CustomerId.asc()])
    size = quick.top or quick.bottom
    if size is not None:
        return (value.notnull() & (before < size)).fill_null(False)
    percent = quick.top_percent or quick.bottom_percent
    having = value.notnull().cast("int64").sum().over(ibis.window())
    return (value.notnull() & (before * 100 < having * percent)).fill_null(False)
