"""What consolidated records are called: by the table and the dedup group that started them."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.terms.sources import MOST_FILES, MOST_LINES

# A record is the rank of a table times this, and a group of it: the place of the group's first row.
RANK = MOST_FILES * MOST_LINES


def record_of(rank: int, group: ir.IntegerValue) -> ir.IntegerValue:
    """The record that a dedup group starts when it matches nothing."""
    return group + ibis.literal(rank * RANK, "int64")


def true_object_id(record: ir.IntegerValue) -> ir.StringValue:
    """The product's temporary id of a record: rank and group, as text."""
    rank = record // RANK
    group = record - rank * RANK
    return rank.cast("string") + ibis.literal("__") + group.cast("string")
