"""Lists of expressions, of any length."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir


def listed(values: Sequence[ir.Value | str], kind: str) -> ir.ArrayValue:
    """The values as an array; `kind` is the Ibis type of one, which an empty array needs."""
    if not values:
        return ibis.literal([], type=f"array<{kind}>")
    return ibis.array([ibis.literal(one) if isinstance(one, str) else one for one in values])
