"""What the ledger of deliveries says."""

import datetime

import ibis
import ibis.expr.types as ir

NO_DATA = datetime.date(1970, 1, 1)


def last_applied(deliveries: ir.Table) -> ir.Table:
    """The day of the data: the last ingestion date of anything applied.

    A run repeated later agrees, whatever the day it is then.

    Returns:
        One row: `day`; 1970-01-01 where nothing was applied yet.
    """
    applied = deliveries.filter(deliveries.status == "applied")
    return applied.aggregate(day=applied.ingestion_date.max().fill_null(NO_DATA))


def day_in(row: ir.Table) -> ir.DateScalar:
    """The day that a table of one row has.

    Ibis writes broken SQL for a scalar of a table that is compared and named as a column in one
    query; around another expression it does not.
    """
    return ibis.coalesce(row.day.as_scalar(), ibis.null("date"))
