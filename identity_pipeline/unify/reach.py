"""What of customers a run can change: the rest is as the last run left it, and stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.unify import changed_rows
from identity_pipeline.unify.keyring import Contribution, key_names, preferred_columns
from identity_pipeline.unify.registry import LIVE, Registry


@dataclass(frozen=True)
class Reach:
    """The customers that a run can change, those that it takes away and makes among them.

    Attributes:
        keys: the keys that they have now (`keyring.keys_of`, kept ones).
        unified: their unified columns (`merge.unify_columns`, kept ones).
        registry: what is remembered of them, of all keys that they ever had, and of ids that these
            had before merges. The history and the ids ever given are whole.
        was: the customers as they were.
    """

    keys: ir.Table
    unified: ir.Table
    registry: Registry
    was: ir.Table


def reach(
    engine: Engine,
    kept: tuple[ir.Table, ir.Table],
    registry: Registry,
    customers: ir.Table,
    contributions: Sequence[Contribution],
) -> Reach | None:
    """Find what a run can change; None where that is most of all.

    A customer stays that has the very keys that it had, prefers the same ones, and has the same
    unified columns: nothing of it is anybody else's now. All others can change, and so can those
    whose ids they claim, or had before a merge.

    Args:
        engine: stores what is read more than once.
        kept: keys and unified columns of kept records.
        registry: what the last run left.
        customers: the customers that it left.
        contributions: the tables, in match order.
    """
    keys, unified = kept
    total = engine.count(keys)
    if total <= changed_rows.SHORT or not _has_columns(customers, unified, contributions):
        return None
    held = engine.keep(_with_last(keys, registry))
    stay = engine.keep(_staying(held, unified, registry, customers, contributions))
    moving = engine.keep(held.anti_join(stay, "record"))
    if engine.count(moving) > changed_rows.MOST * total:
        return None
    ids = _ids(engine, moving, stay, registry)
    stay = engine.keep(stay.anti_join(ids, "customer_id"))
    known = engine.keep(registry.keys.semi_join(ids, "customer_id"))
    former = engine.keep(registry.former.semi_join(known, "identifier"))
    every = ids.union(former.select("customer_id"), distinct=True)
    part = replace(
        registry,
        keys=known,
        former=former,
        profiles=engine.keep(registry.profiles.semi_join(every, "customer_id")),
    )
    return Reach(
        keys=engine.keep(keys.anti_join(stay, "record")),
        unified=engine.keep(unified.anti_join(stay, "record")),
        registry=part,
        was=engine.keep(customers.semi_join(ids, customers.CustomerId == ids.customer_id)),
    )


def _has_columns(
    customers: ir.Table, unified: ir.Table, contributions: Sequence[Contribution]
) -> bool:
    """Whether customers have the columns that they get now: a source may call its key otherwise."""
    known = customers.schema()
    wanted = {name: unified[name].type() for name in _values(unified)}
    wanted |= dict.fromkeys(key_names(contributions).values(), dt.string)
    return all(name in known and known[name] == kind for name, kind in wanted.items())


def _values(unified: ir.Table) -> list[str]:
    return [name for name in unified.columns if name not in ("record", "kept")]


def _with_last(keys: ir.Table, registry: Registry) -> ir.Table:
    """Keys with the customer that each had last, and whether it was in it the last time."""
    last = registry.keys.select(_of="identifier", last="customer_id", present="present")
    joined = keys.join(last, keys.identifier == last._of, how="left")
    return joined.select("record", "rank", "preferred_key", "last", "present")


def _staying(
    held: ir.Table,
    unified: ir.Table,
    registry: Registry,
    customers: ir.Table,
    contributions: Sequence[Contribution],
) -> ir.Table:
    """`record` and `customer_id` of those that are what they were."""
    preferred = preferred_columns(held, contributions)
    counted = held.group_by("record").aggregate(
        keys=held.count(),
        there=held.present.fill_null(False).sum(),
        one=held["last"].min(),
        other=held["last"].max(),
        **preferred,
    )
    counted = counted.filter(counted.there == counted["keys"], counted.one == counted.other)
    before = registry.keys.filter(registry.keys.present)
    sizes = before.group_by("customer_id").aggregate(size=before.count())
    same = counted.join(sizes, counted.one == sizes.customer_id)
    same = same.filter(same["keys"] == same["size"]).select("record", "customer_id", *preferred)
    now = same.join(unified.drop("kept"), "record")
    columns = [*preferred, *_values(unified)]
    before_of = {f"_was_{n}": customers[name] for n, name in enumerate(columns)}
    was = customers.select(_id="CustomerId", **before_of)
    both = now.join(was, now.customer_id == was._id)
    alike = [both[column].identical_to(both[f"_was_{n}"]) for n, column in enumerate(columns)]
    return both.filter(*alike).select("record", "customer_id")


def _ids(engine: Engine, moving: ir.Table, stay: ir.Table, registry: Registry) -> ir.Table:
    """The ids of customers that can change: `customer_id`.

    Those that have no record that stayed, those that keys claim, and, through ids that keys had
    before merges, those that have the other keys of these now.
    """
    live = registry.profiles.filter(registry.profiles.state == LIVE).select("customer_id")
    claimed = moving.filter(moving["last"].notnull()).select(customer_id="last")
    ids = engine.keep(live.anti_join(stay, "customer_id").union(claimed, distinct=True))
    while True:
        known = registry.keys.semi_join(ids, "customer_id")
        merged = registry.former.semi_join(known, "identifier").select("customer_id")
        theirs = registry.former.semi_join(merged, "customer_id").select("identifier")
        found = registry.keys.semi_join(theirs, "identifier").select("customer_id").distinct()
        more = engine.keep(found.anti_join(ids, "customer_id"))
        if not engine.count(more):
            return ids
        ids = engine.keep(ids.union(more))
