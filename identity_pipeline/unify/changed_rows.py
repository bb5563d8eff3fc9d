"""Rows that differ from those that are stored: of most of a large table nothing changes."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine

# Of a table of which a larger share changed, all is made anew: that costs less. Of a short one it
# does not matter.
MOST, SHORT = 0.25, 20_000


@dataclass(frozen=True)
class Difference:
    """How rows differ from those that are stored.

    Attributes:
        rows: those that are new, or not what they were.
        gone: the key column, of those that are not what they were, or not there any more.
    """

    rows: ir.Table
    gone: ir.Table


def difference(engine: Engine, rows: ir.Table, stored: ir.Table, key: str) -> Difference | None:
    """Compare rows with what is stored of them; None where it is short, or most of it differs.

    Args:
        engine: keeps what differs.
        rows: as they are now.
        stored: as they were, with at least the same columns.
        key: the column that tells rows apart.
    """
    total = engine.count(stored)
    if total <= SHORT:
        return None
    names = [name for name in rows.columns if name != key]
    was = stored.select(_was=key, **{f"_was_{n}": name for n, name in enumerate(names)})
    both = rows.outer_join(was, rows[key] == was["_was"])
    differs = [~both[name].identical_to(both[f"_was_{n}"]) for n, name in enumerate(names)]
    either = both.filter(both[key].isnull() | both["_was"].isnull() | ibis.or_(*differs))
    found = engine.keep(either.select(*rows.columns, "_was"))
    if engine.count(found) > MOST * total:
        return None
    return Difference(
        rows=found.filter(found[key].notnull()).drop("_was"),
        gone=found.filter(found["_was"].notnull()).select(**{key: "_was"}),
    )
