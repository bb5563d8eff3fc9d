"""A run of segments: their members, tables, log, and what is to be learned from them."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.segments.changes import (
    CHANGES,
    ENTERED,
    Memory,
    changes_on,
    members_before,
    members_now,
)
from identity_pipeline.segments.insight import differentiators, overlap
from identity_pipeline.segments.membership import segment_flags
from identity_pipeline.segments.rules import rule_counts
from identity_pipeline.segments.tables import membership_table, segment_table
from identity_pipeline.terms import names
from identity_pipeline.terms.segments import Segment


@dataclass(frozen=True)
class SegmentSizes:
    """A segment's customers: now, after the last run before the day, and who came and went."""

    members: int = 0
    before: int = 0
    entered: int = 0
    left: int = 0


def store_segments(
    engine: Engine, tables: InsightTables, segments: Sequence[Segment], day: datetime.date
) -> dict[str, SegmentSizes]:
    """Store every table of segments; a repeated run of a day changes nothing.

    Args:
        engine: stores, and holds CustomerIdRegistry and the log of earlier runs.
        tables: what the rules read.
        segments: all segments; those that are missing or drafts lose their members.
        day: the day of the data, with which the log's rows are dated.

    Raises:
        InsightError: a segment names what is not there, or does not fit it.
    """
    engine.define(names.SEGMENT_CHANGES, CHANGES)
    log, profiles = engine.table(names.SEGMENT_CHANGES), engine.table(names.PROFILE_REGISTRY)
    memory = Memory(log, profiles, tables.day)
    active = [one for one in segments if one.state == "active"]
    flags = engine.keep(segment_flags(tables, active))
    members = engine.keep(members_now(flags, segments, memory, tables.customers))
    before = engine.keep(members_before(memory))
    changes = engine.keep(changes_on(memory, segments, members))
    engine.replace_rows(names.SEGMENT_CHANGES, changes, {"ingestion_date": day.isoformat()})
    for one in segments:
        engine.store(names.segment(one.name), segment_table(tables, one, members))
    engine.store(names.SEGMENT_MEMBERSHIP, membership_table(members, segments))
    engine.store(names.SEGMENT_RULES, rule_counts(tables, active))
    engine.store(names.SEGMENT_OVERLAP, overlap(members))
    engine.store(names.SEGMENT_DIFFERENTIATORS, differentiators(tables, members))
    return _sizes(engine, segments, (members, before), changes)


def _sizes(
    engine: Engine,
    segments: Sequence[Segment],
    now_and_before: tuple[ir.Table, ir.Table],
    changes: ir.Table,
) -> dict[str, SegmentSizes]:
    members, before = (_counted(engine, rows) for rows in now_and_before)
    entered = _counted(engine, changes.filter(changes.change == ENTERED))
    sizes = {}
    for one in (segment.name for segment in segments):
        now, then, came = members.get(one, 0), before.get(one, 0), entered.get(one, 0)
        # The log has a row for each id that left; two that were merged are one customer.
        sizes[one] = SegmentSizes(members=now, before=then, entered=came, left=then + came - now)
    return sizes


def _counted(engine: Engine, rows: ir.Table) -> dict[str, int]:
    counted = rows.group_by("segment").aggregate(size=rows.count())
    return {str(name): int(str(size)) for name, size in engine.rows(counted)}
