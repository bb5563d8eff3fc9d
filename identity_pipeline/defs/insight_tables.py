"""The stored tables that measures, segments and exports read."""

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.ledger import day_in
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify.tasks import last_date


def insight_tables(engine: Engine, environment: Environment) -> InsightTables:
    """Customers, activities, sources, enrichments and measures, as far as they are stored.

    The day is read from a row: as a literal it would make every statement of a day a new one.
    """
    row = engine.keep(engine.relation({"day": "date"}, [(last_date(engine),)]))
    has_attributes = any(one.kind == "customer_attribute" for one in environment.measures)
    own_tables = [one.name for one in environment.measures if one.kind == "customer"]
    return InsightTables(
        environment=environment,
        day=day_in(row),
        customers=engine.table(names.CUSTOMERS),
        alternate_keys=engine.table(names.ALTERNATE_KEY),
        activity=engine.table(names.UNIFIED_ACTIVITY) if environment.activities else None,
        sources={
            name: engine.table(names.current(name))
            for name in environment.sources
            if engine.exists(names.current(name))
        },
        enrichments={
            one.name: engine.table(names.enrichment(one.name))
            for one in environment.enrichments
            if engine.exists(names.enrichment(one.name))
        },
        attributes=engine.table(names.CUSTOMER_MEASURE)
        if has_attributes and engine.exists(names.CUSTOMER_MEASURE)
        else None,
        measures={
            name: engine.table(names.measure(name))
            for name in own_tables
            if engine.exists(names.measure(name))
        },
    )
