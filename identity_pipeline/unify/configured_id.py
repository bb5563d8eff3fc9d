"""Configured ids: CustomerIds made of chosen columns instead of a birth key."""

from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.names import BAR
from identity_pipeline.unify.customer_id import Assignment, IdMaker, own_ids
from identity_pipeline.unify.keyring import Contribution
from identity_pipeline.unify.merge import side_by_side, wide_name
from identity_pipeline.unify.registry import LIVE, Registry
from identity_pipeline.unify.winner import first_of


def id_inputs(
    consolidated: ir.Table, contributions: Sequence[Contribution], columns: Sequence[str]
) -> ir.Table:
    """What each record's configured id is made of.

    For each column the first table in match order that has a value for it gives table name and
    value.

    Args:
        consolidated: as `keyring.consolidate`.
        contributions: the tables, in match order.
        columns: names of columns, of any table that has one of the name, or `table.Column`.

    Returns:
        `record` and `inputs`, NULL where there is no value: such a record has a system id.
    """
    wide = side_by_side(consolidated, contributions)
    found = [_first_value(wide, contributions, column) for column in columns]
    present = ibis.array(found).filter(lambda value: value.notnull())
    texts = wide.select("record", inputs=ibis.literal(BAR).join(present), _any=present.length())
    return texts.select("record", inputs=ibis.ifelse(texts._any > 0, texts.inputs, ibis.null()))


def _first_value(
    wide: ir.Table, contributions: Sequence[Contribution], column: str
) -> ir.StringValue:
    table, _, name = column.rpartition(".")
    values = [
        ibis.literal(f"{part.table_name}{BAR}") + as_text(wide[wide_name(part.table, name)])
        for part in contributions
        if part.table == (table or part.table) and name in part.winners.columns
    ]
    return ibis.coalesce(*values)


def reissue(
    engine: Engine, keys: ir.Table, assignment: Assignment, registry: Registry, make_id: IdMaker
) -> Assignment:
    """Give records with inputs the id that those make, whatever id they would have had.

    Of several records with the same inputs the one with the first key (match order, then key)
    has the plain id, the others that with `#2`, `#3` ... A customer whose inputs changed has
    a new id; its old one resolves to it, unless another customer has it now. A customer that lost
    its inputs keeps its id until another customer's inputs make it; then it has a system id.

    Args:
        engine: stores what is read more than once.
        keys: keys of kept records with `inputs`, as `id_inputs`.
        assignment: who is who by the registry.
        registry: what the last run left.
        make_id: from inputs, or a birth key, to an id.

    Source:
        The product documents the hash, not what becomes of an id whose inputs are gone: that is
        our decision.
    """
    asked = engine.keep(_of_inputs(keys, make_id))
    without = engine.keep(assignment.ids.anti_join(asked, assignment.ids.record == asked._of))
    losing = engine.keep(without.semi_join(asked, without.customer_id == asked.wanted))
    if engine.count(losing):
        others = assignment.ids.anti_join(losing, "record").select("customer_id")
        held = engine.keep(others.union(asked.select(customer_id="wanted"), distinct=True))
        homeless = engine.keep(keys.drop("inputs").semi_join(losing, "record"))
        given = own_ids(engine, homeless, _without(registry, held), make_id)
        given = given.select(_of="record", wanted="customer_id")
        asked = engine.keep(asked.union(given))
    return _with_wanted(engine, assignment, asked)


def _of_inputs(keys: ir.Table, make_id: IdMaker) -> ir.Table:
    """`_of`, a record that has inputs, and `wanted`, the id that they make."""
    first = keys.filter(first_of(keys, "record", [keys["rank"], keys.key]))
    asked = first.filter(first.inputs.notnull())
    place = ibis.row_number().over(group_by="inputs", order_by=[asked["rank"], asked.key]) + 1
    suffix = ibis.ifelse(place == 1, "", ibis.literal("#") + place.cast("string"))
    texts = asked.mutate(_text=asked.inputs + suffix)
    return texts.select(_of="record", wanted=make_id(texts._text))


def _without(registry: Registry, held: ir.Table) -> Registry:
    """The registry where ids that are held can neither be given back nor given again."""
    known = registry.profiles.select("customer_id", "state", "created_run")
    fresh = held.anti_join(known, "customer_id").mutate(
        state=ibis.literal(LIVE), created_run=ibis.null("int64")
    )
    profiles = known.union(fresh.select(*known.columns))
    return replace(
        registry,
        former=registry.former.anti_join(held, "customer_id"),
        profiles=profiles,
        given=profiles.select("customer_id"),
    )


def _with_wanted(engine: Engine, assignment: Assignment, wanted: ir.Table) -> Assignment:
    joined = assignment.ids.left_join(wanted, assignment.ids.record == wanted._of)
    changed = joined.wanted.notnull() & (joined.wanted != joined.customer_id)
    is_kept = changed & (joined.origin == "kept")
    ids = joined.select(
        "record",
        customer_id=ibis.ifelse(changed, joined.wanted, joined.customer_id),
        origin=ibis.ifelse(is_kept, "reissued", joined.origin),
        left_id=ibis.ifelse(is_kept, joined.customer_id, joined.left_id),
    )
    ids = engine.keep(ids)
    current = ids.select(_record="record", _now="customer_id")
    merged = assignment.absorbed.join(current, assignment.absorbed.record == current._record)
    # The inputs may make the very id that a merge would have taken away.
    merged = merged.filter(merged.customer_id != merged._now)
    reissued = ids.filter(ids.origin == "reissued")
    absorbed = merged.select("customer_id", "record", survivor="_now").union(
        reissued.select("record", survivor="customer_id", customer_id="left_id").select(
            "customer_id", "record", "survivor"
        )
    )
    return Assignment(ids=ids, absorbed=engine.keep(absorbed), contested=assignment.contested)
