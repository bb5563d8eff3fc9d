"""Events: what happened to customers' identities in a run, and which rule caused it."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.unify.apart import NEVER_MATCH
from identity_pipeline.unify.customer_id import Assignment
from identity_pipeline.unify.merge import KNOWN, STATUS
from identity_pipeline.unify.registry import GONE, KEY_REMOVED, LIVE, Registry
from identity_pipeline.unify.winner import first_of

GONE_FROM_SOURCE = "gone from the source"
NOT_INCLUDED = "matches nothing, and Include all is off"
NO_RULE = "no rule links it any more"
EVENT = ("customer_id", "event", "counterpart", "rule", "keys")


@dataclass(frozen=True)
class Facts:
    """What a run found.

    Attributes:
        keys: keys of customers (`keyring.keys_of`, kept ones) with `customer_id`.
        seen: `identifier` of every key in the sources, kept or not.
        statuses: `record`, `IdentityStatus`.
        evidence: `one`, `other` (identifiers, the higher table's first), `rule`, `place` (int64,
            the order among pieces of evidence).
        never: `one`, `other`: identifiers under never match.
    """

    keys: ir.Table
    seen: ir.Table
    statuses: ir.Table
    evidence: ir.Table
    never: ir.Table


def history_events(
    registry: Registry, assignment: Assignment, facts: Facts, keys: ir.Table
) -> ir.Table:
    """Every change against the last run; columns as EVENT, no order.

    Events: created, split_from, restored_from, id_changed (their counterpart is the id left),
    merged_into (the survivor), key_added, key_removed, became_known, became_unknown, removed (no
    record any more), returned.
    """
    moves = _moves(registry, assignment, keys)
    parts = [
        _arrivals(assignment, facts),
        _merges(registry, assignment, facts),
        _keys_added(moves, facts, registry),
        _keys_removed(moves, facts),
        _status_changes(registry, assignment, facts),
        _comings_and_goings(registry, assignment),
    ]
    return ibis.union(*(part.select(*EVENT) for part in parts))


def _nothing() -> ir.Scalar:
    return ibis.null("string")


def _arrivals(assignment: Assignment, facts: Facts) -> ir.Table:
    fresh = assignment.ids.filter(assignment.ids.origin != "kept")
    held = facts.keys.group_by("record").aggregate(
        keys=ibis.literal(";").join(facts.keys.identifier.collect().sort())
    )
    event = fresh.origin.cases(
        ("restored", "restored_from"),
        ("split", "split_from"),
        ("reissued", "id_changed"),
        else_="created",
    )
    return (
        fresh.mutate(event=event)
        .join(held, "record")
        .select("customer_id", "event", "keys", counterpart="left_id", rule=_nothing())
    )


def _merges(registry: Registry, assignment: Assignment, facts: Facts) -> ir.Table:
    """Absorbed profiles, with the best piece of evidence that joins one to another's keys."""
    ids = assignment.ids
    reissued = ids.filter(ids.origin == "reissued").select("left_id")
    absorbed = assignment.absorbed
    absorbed = absorbed.anti_join(reissued, absorbed.customer_id == reissued.left_id)
    before = registry.keys.select("identifier", _before="customer_id")
    owned = before.join(absorbed, before._before == absorbed.customer_id)
    owned = owned.select("identifier", "customer_id", "record")
    links = _both_ways(facts.evidence)
    touching = owned.join(links, owned.identifier == links.end)
    partner = before.select(_partner="identifier", _its="_before")
    joined = touching.left_join(partner, touching.partner == partner._partner)
    bridges = joined.filter(joined._its.isnull() | (joined._its != joined.customer_id))
    first = bridges.filter(
        first_of(bridges, "customer_id", [bridges.place, bridges.one, bridges.other])
    ).select(_id="customer_id", rule="rule", keys=ibis._.one + ibis.literal(" ~ ") + ibis._.other)
    return absorbed.left_join(first, absorbed.customer_id == first._id).select(
        "customer_id",
        "rule",
        "keys",
        event=ibis.literal("merged_into"),
        counterpart="survivor",
    )


def _both_ways(evidence: ir.Table) -> ir.Table:
    columns = ("one", "other", "rule", "place")
    forth = evidence.select(*columns, end="one", partner="other")
    back = evidence.select(*columns, end="other", partner="one")
    return forth.union(back)


def _moves(registry: Registry, assignment: Assignment, keys: ir.Table) -> ir.Table:
    """Each key's id before (followed through merges) and now, where it is in a customer.

    Columns: `identifier`, `before`, `now` (NULL where it was, or is, in none).
    """
    merged = assignment.absorbed.select(_absorbed="customer_id", survivor="survivor")
    was = registry.keys.filter(registry.keys.present).select("identifier", _was="customer_id")
    was = was.left_join(merged, was._was == merged._absorbed)
    was = was.select("identifier", before=ibis.coalesce(was.survivor, was._was))
    here = keys.filter(keys.present).select(_here="identifier", now="customer_id")
    joined = was.outer_join(here, was.identifier == here._here)
    return joined.select("before", "now", identifier=ibis.coalesce(joined.identifier, joined._here))


def _keys_added(moves: ir.Table, facts: Facts, registry: Registry) -> ir.Table:
    """Keys that came to a customer that was there before."""
    live = registry.profiles.filter(registry.profiles.state == LIVE).select("customer_id")
    came = moves.filter(moves.now.notnull() & (moves.before.isnull() | (moves.before != moves.now)))
    came = came.semi_join(live, came.now == live.customer_id)
    links = _both_ways(facts.evidence)
    touching = came.join(links, came.identifier == links.end)
    others = came.select(_new="identifier")
    touching = touching.left_join(others, touching.partner == others._new)
    order = [touching._new.notnull(), touching.place, touching.one, touching.other]
    causes = touching.filter(first_of(touching, "identifier", order))
    causes = causes.select(_of="identifier", rule="rule")
    joined = came.left_join(causes, came.identifier == causes._of)
    return joined.select(
        "rule",
        customer_id="now",
        event=ibis.literal("key_added"),
        counterpart=_nothing(),
        keys="identifier",
    )


def _keys_removed(moves: ir.Table, facts: Facts) -> ir.Table:
    """Keys that left a customer that is still there, and why."""
    held = facts.keys.select("identifier", "customer_id")
    there = held.select("customer_id").distinct()
    left = moves.filter(moves.before.notnull() & (moves.now.isnull() | (moves.before != moves.now)))
    left = left.semi_join(there, left.before == there.customer_id)
    pairs = facts.never.union(facts.never.select(one="other", other="one"))
    foes = left.join(pairs, left.identifier == pairs.one).select("before", "one", "other")
    foes = foes.join(held, [foes.other == held.identifier, foes.before == held.customer_id])
    foes = foes.select(_foe="one").distinct()
    seen = facts.seen.select(_seen="identifier").distinct()
    joined = left.left_join(foes, left.identifier == foes._foe)
    joined = joined.left_join(seen, joined.identifier == seen._seen)
    why = ibis.cases(
        (joined._foe.notnull(), NEVER_MATCH),
        (joined._seen.isnull(), GONE_FROM_SOURCE),
        (joined.now.isnull(), NOT_INCLUDED),
        else_=NO_RULE,
    )
    return joined.select(
        customer_id="before",
        event=ibis.literal(KEY_REMOVED),
        counterpart="now",
        rule=why,
        keys="identifier",
    )


def _status_changes(registry: Registry, assignment: Assignment, facts: Facts) -> ir.Table:
    ids = assignment.ids
    stayed = ids.filter(ids.origin.isin(("kept", "reissued")))
    now = stayed.join(facts.statuses, "record").select("customer_id", "left_id", _now=STATUS)
    now = now.mutate(_was=ibis.coalesce(now.left_id, now.customer_id))
    profiles = registry.profiles.select("status", _profile="customer_id")
    joined = now.join(profiles, now._was == profiles._profile)
    changed = joined.filter(joined._now != joined.status)
    event = (changed._now == KNOWN).ifelse(
        ibis.literal("became_known"), ibis.literal("became_unknown")
    )
    return changed.select(
        "customer_id", event=event, counterpart=_nothing(), rule=_nothing(), keys=_nothing()
    )


def _comings_and_goings(registry: Registry, assignment: Assignment) -> ir.Table:
    profiles = registry.profiles.select("customer_id", "state")
    here = assignment.ids.select("customer_id")
    ended = profiles.filter(profiles.state == LIVE).anti_join(here, "customer_id")
    ended = ended.anti_join(assignment.absorbed, "customer_id")
    back = profiles.filter(profiles.state == GONE).semi_join(here, "customer_id")
    both = ended.mutate(event=ibis.literal("removed")).union(
        back.mutate(event=ibis.literal("returned"))
    )
    return both.select(
        "customer_id", "event", counterpart=_nothing(), rule=_nothing(), keys=_nothing()
    )
