"""Assets of measures: Customer_Measure, and a table for each measure of another kind."""

from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs.insight_tables import insight_tables
from identity_pipeline.defs.report import code_version, materialized, readable_failures, spec_of
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline.measures.order import tables_in_order, tables_of
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.measures import Measure
from identity_pipeline.terms.segments import tables_named

GROUP = "measures"


def measure_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All measures as one multi-asset, of which any part may be refreshed by itself."""
    return [measures_asset(environment)] if environment.measures else []


def measure_tables(environment: Environment) -> list[names.TableName]:
    """The tables of measures, Customer_Measure first."""
    own = [names.measure(one.name) for one in own_tables(environment)]
    return [names.CUSTOMER_MEASURE, *own] if attributes(environment) else own


def attributes(environment: Environment) -> list[Measure]:
    """Measures that are columns of Customer_Measure."""
    return [one for one in environment.measures if one.kind == "customer_attribute"]


def own_tables(environment: Environment) -> list[Measure]:
    """Measures with a table of their own, each after those whose tables it reads."""
    return list(tables_in_order(environment.measures))


def insight_inputs(environment: Environment) -> list[names.TableName]:
    """The tables that measures, segments and consents read."""
    timeline = [names.UNIFIED_ACTIVITY] if environment.activities else []
    enriched = [names.enrichment(one.name) for one in environment.enrichments]
    named = {table for one in environment.measures for table in tables_of(one)}
    rules = [one.rule for one in environment.segments if one.rule is not None]
    rules += [one.rule for one in environment.consents]
    named |= {table for rule in rules for table in tables_named(rule)}
    named |= {
        reference.partition(".")[0] for one in environment.segments for reference in one.project
    }
    if named.intersection(environment.sources):  # a path may lead through any of them
        for relationship in environment.relationships:
            named |= {relationship.child[0], relationship.parent[0]}
    sources = (names.current(table) for table in environment.sources if table in named)
    return [names.CUSTOMERS, *timeline, *enriched, *sources]


def _specs(environment: Environment) -> Iterator[dg.AssetSpec]:
    inputs = insight_inputs(environment)
    if attributes(environment):
        about = "One row a customer: the measures of kind customer_attribute."
        version = code_version(*attributes(environment))
        yield spec_of(names.CUSTOMER_MEASURE, GROUP, about, deps=inputs, version=version)
        inputs = [names.CUSTOMER_MEASURE]
    own = {one.name for one in own_tables(environment)}
    for one in own_tables(environment):
        about = one.description or one.label or f"The measure {one.name}."
        name, read = names.measure(one.name), sorted(tables_of(one) & own - {one.name})
        deps = [*inputs, *map(names.measure, read)]
        yield spec_of(name, GROUP, about, deps=deps, version=code_version(one))


def measures_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the multi-asset of measures."""

    @dg.multi_asset(
        name="calculate_measures",
        specs=[spec.replace_attributes(skippable=True) for spec in _specs(environment)],
        can_subset=True,
    )
    def measures(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None]]:
        asked = context.selected_asset_keys
        with readable_failures(), warehouse.transaction() as engine:
            chosen = [
                name for name in measure_tables(environment) if dg.AssetKey(name.key) in asked
            ]
            for name in chosen:
                _store(engine, environment, name)
            results = [
                materialized(engine, name, _one_number(engine, environment, name))
                for name in chosen
            ]
        yield from results

    return measures


def _store(engine: Engine, environment: Environment, name: names.TableName) -> None:
    tables = insight_tables(engine, environment)
    if name == names.CUSTOMER_MEASURE:
        engine.store(name, customer_attributes(tables, attributes(environment)))
        return
    [measure] = [one for one in own_tables(environment) if names.measure(one.name) == name]
    engine.store(name, measure_table(tables, measure))


def _one_number(
    engine: Engine, environment: Environment, name: names.TableName
) -> dict[str, float]:
    """The numbers of business measures without dimensions, so that they are plotted over runs."""
    for one in own_tables(environment):
        if names.measure(one.name) == name and one.kind == "business" and not one.by:
            table = engine.table(name)
            [row] = engine.rows(table)
            values = zip(table.columns, row, strict=True)
            return {column: float(str(value)) for column, value in values if _is_number(value)}
    return {}


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
