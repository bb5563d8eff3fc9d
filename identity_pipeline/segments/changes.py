"""What is remembered of segments: who was a member, who entered, who left."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.views import another
from identity_pipeline.segments.listed import listed
from identity_pipeline.terms.segments import Segment

# The log, as an Ibis schema. Rows of segments themselves (`started`, `ended`) have no CustomerId.
CHANGES = {
    "segment": "string",
    "ingestion_date": "date",
    "CustomerId": "string",
    "change": "string",
}
ENTERED, LEFT = "entered", "left"
# The first run of a segment, also one without members; and its end: it is a draft or no more.
STARTED, ENDED = "started", "ended"
# The state of an absorbed id in CustomerIdRegistry.
MERGED = "merged"


@dataclass(frozen=True)
class Memory:
    """What a run knows of the runs before it.

    Attributes:
        log: SEGMENT_CHANGES; rows of `day` and later days are not looked at, so that a run may be
            repeated.
        profiles: CustomerIdRegistry: customer_id, state, merged_into.
        day: the day of the data.
    """

    log: ir.Table
    profiles: ir.Table
    day: ir.DateValue


def members_before(memory: Memory) -> ir.Table:
    """The members after the last run before the day: segment, CustomerId, each once.

    Ids that were merged meanwhile count as the id they are now; where a merge was undone, each is
    a member that was one.
    """
    return _remembered(memory).select("segment", "CustomerId").distinct()


def _remembered(memory: Memory) -> ir.Table:
    """Members as the log knows them: segment, held_as (the id that entered), CustomerId (now)."""
    rows = _past(memory)
    rows = rows.filter(rows.CustomerId.notnull())
    # The log never has both changes of one id on one day: an id that left is not in Customer
    # under itself, or is not a member.
    held = _standing(rows, ["segment", "CustomerId"], ENTERED, LEFT)
    profiles = memory.profiles
    merged = profiles.filter(profiles.state == MERGED)
    merged = merged.select(_old="customer_id", _now="merged_into")
    joined = held.left_join(merged, held.CustomerId == merged._old)
    return joined.select(
        "segment",
        held_as=joined.CustomerId,
        CustomerId=ibis.coalesce(joined._now, joined.CustomerId),
    )


def _started(memory: Memory) -> ir.Table:
    """Segments that had a first run, and did not end since: segment."""
    rows = _past(memory)
    markers = rows.filter(rows.CustomerId.isnull())
    return _standing(markers, ["segment"], STARTED, ENDED)


def _past(memory: Memory) -> ir.Table:
    return memory.log.filter(memory.log.ingestion_date < memory.day)


def _standing(rows: ir.Table, keys: list[str], begins: str, ends: str) -> ir.Table:
    """The keys whose last change is a beginning."""
    latest = rows.group_by(keys).aggregate(
        _begun=rows.ingestion_date.max(where=rows.change == begins),
        _ended=rows.ingestion_date.max(where=rows.change == ends),
    )
    stands = (latest._begun > latest._ended) | latest._ended.isnull()
    return latest.filter(latest._begun.notnull() & stands).select(*keys)


def members_now(
    flags: ir.Table, segments: Sequence[Segment], memory: Memory, customers: ir.Table
) -> ir.Table:
    """The members of each segment: segment, CustomerId, each once.

    Active dynamic segments have the customers that fit now. Static ones have those of their first
    run, inactive ones those of their last; ids follow merges, and customers that are gone from
    Customer leave both. A draft has none. A segment that is a draft for a run starts anew.

    Args:
        flags: `segment_flags`, of the active segments at least.
        segments: all segments; one that is missing has no members.
        memory: the runs before.
        customers: Customer.

    Source:
        In the product static and inactive segments keep a deleted person until somebody creates
        or activates them anew ("Data Subject Rights requests"). We differ: deleted is deleted.
    """
    active = [one for one in segments if one.state == "active"]
    static = [one.name for one in active if one.kind == "static"]
    keeping = [*static, *(one.name for one in segments if one.state == "inactive")]
    fresh = _members_of(flags, [one.name for one in active])
    if static:
        frozen = _started(memory).semi_join(_names(static), "segment")
        fresh = fresh.anti_join(frozen, "segment")
    if not keeping:
        return fresh
    kept = members_before(memory).semi_join(_names(keeping), "segment")
    here = another(customers.select("CustomerId"))
    return fresh.union(kept.semi_join(here, "CustomerId"))


def _members_of(flags: ir.Table, names: list[str]) -> ir.Table:
    """Flags as rows: segment, CustomerId."""
    nothing = ibis.null("string")
    held = [flags[name].ifelse(ibis.literal(name), nothing) for name in names]
    rows = flags.select("CustomerId", segment=listed(held, "string").unnest()).select(
        "segment", "CustomerId"
    )
    return rows.filter(rows.segment.notnull())


def _names(names: Sequence[str]) -> ir.Table:
    return listed(names, "string").unnest().name("segment").as_table()


def changes_on(memory: Memory, segments: Sequence[Segment], now: ir.Table) -> ir.Table:
    """The log's rows of the day, as CHANGES; they replace those that a run of that day left.

    `entered` has the id a customer has now, `left` the id under which it had entered: of two ids
    that entered and were merged since, both leave. So the log alone says who is a member.

    Args:
        memory: the runs before.
        segments: all segments; members of one that is missing or a draft leave.
        now: `members_now`.
    """
    before, here = another(_remembered(memory)), another(now)
    stays = [before.segment == here.segment, before.CustomerId == here.CustomerId]
    entered = here.anti_join(before, stays)
    entered = entered.select("segment", "CustomerId", change=ibis.literal(ENTERED))
    left = before.anti_join(here, stays)
    left = left.select("segment", CustomerId=left.held_as, change=ibis.literal(LEFT))
    started = _started(memory)
    begin = _names([one.name for one in segments if one.state == "active"])
    stay = _names([one.name for one in segments if one.state != "draft"])
    markers = [
        rows.select("segment", CustomerId=ibis.null("string"), change=ibis.literal(change))
        for rows, change in (
            (begin.anti_join(started, "segment"), STARTED),
            (started.anti_join(stay, "segment"), ENDED),
        )
    ]
    changes = ibis.union(entered, left, *markers)
    # Wrapped: a day read from a table, here named and above compared, is compiled as one piece,
    # whose name is then in the comparison too.
    day = ibis.coalesce(memory.day, ibis.null("date"))
    return changes.mutate(ingestion_date=day).select(*CHANGES)
