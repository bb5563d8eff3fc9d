"""A table once more, to be joined with itself or with what was made of it."""

import ibis.expr.operations as ops
import ibis.expr.types as ir


def another(table: ir.Table, number: int = 1) -> ir.Table:
    """The same rows as a table of its own.

    Ibis' `view` is another one each time it is called; this one is equal to itself, so that the
    statement of a query is remembered from one day to the next.

    Args:
        table: any table.
        number: tells several apart that one query makes of the same table.
    """
    own = ops.SelfReference(table, identifier=-number)
    rows: ir.Table = own.to_expr()
    return rows
