"""Guards of values: which values of each table link nothing, as configured and as counted."""

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueGuards
from identity_pipeline.expressions.value_guards import PastLimit, guards_by_table
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.guards import TOO_MANY_RECORDS


def value_guards(engine: Engine, environment: Environment) -> dict[str, ValueGuards]:
    """What links nothing in each table of unification: placeholders, and values past their limit.

    Reads what `guarded_values` stored; nothing where no limit was asked for.
    """
    if not environment.unify.guards.records_per_value or not engine.exists(names.GUARDED_VALUES):
        return guards_by_table(environment)
    stored = engine.table(names.GUARDED_VALUES)
    over = stored.filter(stored.reason == TOO_MANY_RECORDS).select("identifier_type", "value")
    types = {str(one) for (one,) in engine.rows(over.select("identifier_type").distinct())}
    if not types:
        return guards_by_table(environment)
    kept = engine.table(names.KEPT_VALUES) if engine.size(names.KEPT_VALUES) else None
    return guards_by_table(environment, PastLimit(types, over, kept))
