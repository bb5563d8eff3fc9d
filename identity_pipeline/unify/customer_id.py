"""CustomerIds that last: kept, merged, split, restored, born."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms.errors import NoConvergence
from identity_pipeline.unify.merge import KNOWN
from identity_pipeline.unify.registry import KEY_REMOVED, MERGED, PARTED, Registry
from identity_pipeline.unify.winner import first_of

IdMaker = Callable[[ir.StringValue], ir.StringValue]

# An id is 32 hexadecimal digits, as the product's API shows them.
ID_DIGITS = 32
# How often a birth key may find its id in use, before something is wrong.
MAX_BIRTHS = 1000


def plain_ids(text: ir.StringValue) -> ir.StringValue:
    """MD5 of the birth key. Whoever knows a loyalty number can compute it: for samples only."""
    return text.hexdigest("md5")


def keyed_ids(secret: str) -> IdMaker:
    """Ids that only the holder of the secret can compute: HMAC-SHA256, its first 128 bits."""

    @ibis.udf.scalar.pyarrow(signature=(("string",), "string"))
    def keyed(values):  # type: ignore[no-untyped-def]
        digests = [
            None
            if value is None
            else hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()[:ID_DIGITS]
            for value in values.to_pylist()
        ]
        return pa.array(digests, pa.string())

    return keyed  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Assignment:
    """Which customer each record is.

    Attributes:
        ids: one row a record: `record`, `customer_id`, `origin` (kept, restored, split, created,
            reissued) and `left_id`, the id that a restored, split or reissued record left.
        absorbed: `customer_id` of each profile that merged this time, `survivor`, `record`.
        contested: `customer_id` of each profile that several records claimed.
    """

    ids: ir.Table
    absorbed: ir.Table
    contested: ir.Table


def assign(engine: Engine, keys: ir.Table, registry: Registry, make_id: IdMaker) -> Assignment:
    """Give every record its CustomerId.

    A record inherits the ids of its keys. One id: kept. Several: they merge, and the survivor is
    known before unknown, then from the table highest in the match order, then the oldest,
    then the smallest. An id that several records claim stays where the profile's first key (match
    order, then key) is, of the keys that did not come from another profile; the others get
    back an id of their own that was merged away, or a new one.

    Args:
        engine: stores steps that are read more than once.
        keys: keys of kept records (`keyring.keys_of`).
        registry: what the last run left.
        make_id: from a birth key, `DataSource|Table|Key` of the winner in the record's table
            highest in the match order, to an id.

    Source:
        The product documents merge and split, not which id survives: that is our decision.
    """
    claims = engine.keep(_claims(keys, registry))
    by_right = [claims.is_adopted, claims["rank"], claims.key]
    won = claims.filter(first_of(claims, "customer_id", by_right))
    holders = engine.keep(_with_survivor(won, registry))
    survivors = holders.filter(holders.customer_id == holders.survivor)
    homeless = engine.keep(keys.anti_join(survivors, "record"))
    left = claims.semi_join(homeless, "record")
    left = left.filter(first_of(left, "record", [left["rank"], left.key]))
    placed = own_ids(engine, homeless, registry, make_id)
    left = left.select(_record="record", left_id="customer_id")
    placed = placed.left_join(left, placed.record == left._record).drop("_record")
    split = (placed.origin == "created") & placed.left_id.notnull()
    placed = placed.mutate(origin=ibis.ifelse(split, ibis.literal("split"), placed.origin))
    kept = survivors.select(
        "record", "customer_id", origin=ibis.literal("kept"), left_id=ibis.null("string")
    )
    claimants = claims.group_by("customer_id").aggregate(records=claims.record.nunique())
    return Assignment(
        ids=engine.keep(kept.union(placed.select(*kept.columns))),
        absorbed=holders.filter(holders.customer_id != holders.survivor).select(
            "customer_id", "survivor", "record"
        ),
        contested=claimants.filter(claimants.records > 1).select("customer_id"),
    )


def _claims(keys: ir.Table, registry: Registry) -> ir.Table:
    """Keys with the id that each had last, and whether it came to it from another one.

    A key that a merge or a move brought takes nothing from those who were there before it: when
    they part again, as if it had never come, it goes back and they keep their id.
    """
    known = registry.keys.select(_identifier="identifier", customer_id="customer_id")
    claims = keys.join(known, keys.identifier == known._identifier).drop("_identifier")
    merged = registry.profiles.filter(registry.profiles.state == MERGED)
    merged = merged.select(_merged="customer_id", _into="merged_into")
    by_merge = registry.former.join(merged, registry.former.customer_id == merged._merged)
    history = registry.history
    left = history.filter(history.event == KEY_REMOVED)
    # Keys with which a customer parted from another were never a stranger's: they founded it.
    born = history.filter(history.event.isin(PARTED)).select(_run="run", _born="customer_id")
    left = left.anti_join(born, [left.run == born._run, left.counterpart == born._born])
    by_move = left.select(_into="counterpart", _adopted="keys")
    adopted = by_merge.select("_into", _adopted="identifier").union(by_move, distinct=True)
    joined = claims.left_join(
        adopted, [claims.identifier == adopted._adopted, claims.customer_id == adopted._into]
    )
    return joined.mutate(is_adopted=joined._adopted.notnull()).drop("_adopted", "_into")


def own_ids(engine: Engine, homeless: ir.Table, registry: Registry, make_id: IdMaker) -> ir.Table:
    """Ids for records that inherit none: one of their own that was merged away, or a new one.

    Args:
        engine: stores steps that are read more than once.
        homeless: keys of the records.
        registry: ids that may be given back, and ids that may not be given again.
        make_id: from a birth key to an id.

    Returns:
        `record`, `customer_id` and `origin`: restored or created.
    """
    restored = engine.keep(_restorable(homeless, registry))
    unborn = homeless.anti_join(restored, "record")
    births = _births(engine, unborn, registry, make_id)
    return restored.mutate(origin=ibis.literal("restored")).union(
        births.mutate(origin=ibis.literal("created"))
    )


def _with_survivor(won: ir.Table, registry: Registry) -> ir.Table:
    """Ids with the record that holds them, and the one of the record's ids that survives."""
    profiles = registry.profiles.select("customer_id", "status", "created_run")
    joined = won.select("record", "customer_id", first_rank="rank").join(profiles, "customer_id")
    unknown = (joined.status != KNOWN).cast("int64")
    order = [unknown, joined.first_rank, joined.created_run, joined.customer_id]
    best = joined.filter(first_of(joined, "record", order))
    survivors = best.select(_record="record", survivor="customer_id")
    held = joined.join(survivors, joined.record == survivors._record)
    return held.select("record", "customer_id", "survivor")


def _restorable(homeless: ir.Table, registry: Registry) -> ir.Table:
    """Records without an id one of whose keys had an own id that was merged away: that id back."""
    merged = registry.profiles.filter(registry.profiles.state == MERGED)
    former = registry.former.join(
        merged.select("customer_id", "created_run"), "customer_id"
    ).select("identifier", "customer_id", "created_run")
    offers = homeless.join(former, "identifier")
    taken = offers.filter(first_of(offers, "customer_id", [offers["rank"], offers.key]))
    best = first_of(taken, "record", [taken.created_run, taken.customer_id])
    return taken.filter(best).select("record", "customer_id")


def _births(engine: Engine, unborn: ir.Table, registry: Registry, make_id: IdMaker) -> ir.Table:
    """New ids; `#2`, `#3` ... follow where the birth key's id was given to another profile."""
    leading = unborn.filter(unborn.key == unborn.preferred_key)
    first = leading.filter(first_of(leading, "record", [leading["rank"], leading.key]))
    waiting = engine.keep(first.select("record", birth_key="identifier"))
    taken = registry.given
    born: list[ir.Table] = []
    for number in range(1, MAX_BIRTHS + 1):
        suffix = "" if number == 1 else f"#{number}"
        tried = waiting.mutate(customer_id=make_id(waiting.birth_key + suffix))
        alone = tried.filter(first_of(tried, "customer_id", [tried.birth_key]))
        free = engine.keep(alone.anti_join(taken, "customer_id"))
        born.append(free.select("record", "customer_id"))
        waiting = engine.keep(waiting.anti_join(free, "record"))
        if not engine.count(waiting):
            return ibis.union(*born) if len(born) > 1 else born[0]
        taken = taken.union(free.select("customer_id"))
    raise NoConvergence(
        f"no free CustomerId after {MAX_BIRTHS} tries; is the id function constant?"
    )
