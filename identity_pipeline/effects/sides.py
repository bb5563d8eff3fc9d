"""The two sides of a comparison: tables as they were, and as they would be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms.names import TableName

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Sides:
    """Two published files, opened side by side.

    Attributes:
        engine: has the tables of each in the schemas `before` and `after`.
        tables: the names of each side's tables; a side that is missing has none.
        most: how many examples are wanted of anything; None: all.
    """

    engine: Engine
    tables: Mapping[str, Collection[str]]
    most: int | None

    def has(self, side: str, name: str) -> bool:
        """Whether a side has a table."""
        return name in self.tables.get(side, ())

    def pair(self, name: str) -> tuple[ir.Table, ir.Table] | None:
        """A table before and after, an absent one as an empty one; None where neither has it."""
        found = {
            side: self.engine.table(TableName(side, name))
            for side in (BEFORE, AFTER)
            if self.has(side, name)
        }
        if not found:
            return None
        known = next(iter(found.values()))
        empty = known.filter(ibis.literal(False))
        return found.get(BEFORE, empty), found.get(AFTER, empty)

    def sample(
        self, rows: ir.Table, groups: list[str], order: list[str]
    ) -> list[tuple[object, ...]]:
        """The first rows of each group, each row with the size of its group at the end.

        Args:
            rows: any.
            groups: columns.
            order: columns that order a group, totally.
        """
        place = ibis.row_number().over(ibis.window(group_by=groups, order_by=order))
        size = ibis._.count().over(ibis.window(group_by=groups))
        counted = rows.mutate(_place=place, _size=size)
        if self.most is not None:
            # The first row of a group tells its size even where no example is wanted.
            counted = counted.filter(counted._place < max(self.most, 1))
        return self.engine.rows(counted.order_by(*groups, *order).drop("_place"))
