"""Configured ids: CustomerIds made of chosen columns instead of a birth key."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.names import BAR
from identity_pipeline.unify.customer_id import Assignment, IdMaker
from identity_pipeline.unify.keyring import Contribution
from identity_pipeline.unify.merge import side_by_side, wide_name
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
        `record` and `inputs`; records without any value are left out: they have a system id.
    """
    wide = side_by_side(consolidated, contributions)
    found = [_first_value(wide, contributions, column) for column in columns]
    present = ibis.array(found).filter(lambda value: value.notnull())
    texts = wide.select("record", inputs=ibis.literal(BAR).join(present), _any=present.length())
    return texts.filter(texts._any > 0).drop("_any")


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
    engine: Engine, keys: ir.Table, assignment: Assignment, inputs: ir.Table, make_id: IdMaker
) -> Assignment:
    """Give records with inputs the id that those make, whatever id they would have had.

    Of several records with the same inputs the one with the first key (match order, then key)
    has the plain id, the others that with `#2`, `#3` ... A customer whose inputs changed has
    a new id; its old one resolves to it.

    Args:
        engine: stores what is read more than once.
        keys: keys of kept records.
        assignment: who is who by the registry.
        inputs: as `id_inputs`.
        make_id: from inputs to an id.
    """
    first = keys.filter(first_of(keys, "record", [keys["rank"], keys.key]))
    asked = inputs.join(first.select("record", "rank", "key"), "record")
    place = ibis.row_number().over(group_by="inputs", order_by=[asked["rank"], asked.key]) + 1
    suffix = ibis.ifelse(place == 1, "", ibis.literal("#") + place.cast("string"))
    wanted = asked.mutate(_text=asked.inputs + suffix)
    wanted = engine.keep(wanted.select(_of="record", wanted=make_id(wanted._text)))
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
    reissued = ids.filter(ids.origin == "reissued")
    absorbed = merged.select("customer_id", "record", survivor="_now").union(
        reissued.select("record", survivor="customer_id", customer_id="left_id").select(
            "customer_id", "record", "survivor"
        )
    )
    return Assignment(ids=ids, absorbed=engine.keep(absorbed), contested=assignment.contested)
