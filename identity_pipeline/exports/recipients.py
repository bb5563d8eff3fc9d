"""Who was reached: a log of additions and removals, so that those who left can be told of."""

import datetime
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.views import another

# Columns of the log `export.recipients`. A recipient is what the destination knows somebody by: a
# hash (of several identifiers, these joined by |), else the CustomerId.
RECIPIENT_LOG = {
    "export": "string",
    "ingestion_date": "date",
    "recipient": "string",
    "CustomerId": "string",
    "change": "string",
}
ADDED, REMOVED = "added", "removed"


# A day, or the same as a value.
Day: TypeAlias = datetime.date | ir.DateScalar


def _value(day: Day) -> ir.DateScalar:
    return ibis.literal(day) if isinstance(day, datetime.date) else day


def reached_before(log: ir.Table, export: str, day: Day) -> ir.Table:
    """Who an export reached before a day: the latest earlier change is that they were added.

    The day's own changes do not count, so a day that is run again has the same ones.

    Args:
        log: as `RECIPIENT_LOG`; one row per export, day and recipient.
        export: the export's name.
        day: the day of the data.

    Returns:
        recipient, CustomerId; one row a recipient.
    """
    earlier = log.filter(log.export == export, log.ingestion_date < _value(day))
    latest_first = [earlier.ingestion_date.desc(), earlier.change.asc()]
    place = ibis.row_number().over(group_by="recipient", order_by=latest_first)
    latest = earlier.mutate(_place=place)
    kept = latest.filter(latest._place == 0, latest.change == ADDED)
    return kept.select("recipient", "CustomerId")


def sent_on(log: ir.Table, export: str, day: Day) -> ir.Table:
    """Who an earlier run of the same day added or took back: they may have to be taken back now.

    Returns:
        recipient, CustomerId; one row a recipient.
    """
    today = log.filter(log.export == export, log.ingestion_date == _value(day))
    return today.group_by("recipient").aggregate(CustomerId=today.CustomerId.min())


def no_longer_reached(reached: ir.Table, before: ir.Table, today: ir.Table | None) -> ir.Table:
    """Recipients of earlier days, and of earlier runs of this one, who are not reached now.

    Returns:
        recipient, CustomerId; one row a recipient.
    """
    if today is None:
        return before.anti_join(reached, "recipient")
    both = before.union(today)
    once = both.group_by("recipient").aggregate(CustomerId=both.CustomerId.min())
    return once.anti_join(another(reached), "recipient")


def changes(reached: ir.Table, before: ir.Table, gone: ir.Table, export: str, day: Day) -> ir.Table:
    """What a run adds to the log, in the place of the same export's and day's earlier rows.

    Args:
        reached: recipient, CustomerId of everybody the export reaches now.
        before: as `reached_before`.
        gone: as `no_longer_reached`.
        export: the export's name.
        day: the day of the data.

    Returns:
        Rows as `RECIPIENT_LOG`.
    """
    added = reached.anti_join(before, "recipient").mutate(change=ibis.literal(ADDED))
    removed = gone.mutate(change=ibis.literal(REMOVED))
    both = ibis.union(
        added.select("recipient", "CustomerId", "change"),
        removed.select("recipient", "CustomerId", "change"),
    )
    dated = both.mutate(export=ibis.literal(export), ingestion_date=_value(day))
    return dated.select(*RECIPIENT_LOG)
