"""What the ledger of deliveries says."""

import datetime

import ibis
import ibis.expr.types as ir


def last_applied(deliveries: ir.Table) -> ir.Table:
    """The day of the data: the last ingestion date of anything applied.

    A run repeated later agrees, whatever the day it is then.

    Returns:
        One row: `day`, NULL where nothing was applied yet.
    """
    applied = deliveries.filter(deliveries.status == "applied")
    return applied.aggregate(day=applied.ingestion_date.max())


def as_day(day: datetime.date) -> ir.DateScalar:
    """A day as a value."""
    return ibis.literal(day, "date")
