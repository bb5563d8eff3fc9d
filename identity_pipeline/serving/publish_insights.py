"""What the published file holds of insights and exports."""

from collections.abc import Iterator
from dataclasses import replace

from identity_pipeline.engine.base import Changes, Engine, PublishedTable
from identity_pipeline.terms import insight_contracts as contracts
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.measures import Measure
from identity_pipeline.terms.tables import Contract


def insight_tables(engine: Engine, environment: Environment) -> list[PublishedTable]:
    """The published tables of what the environment declares."""
    return [
        *_activities(engine, environment),
        *_enrichments(engine, environment),
        *_measures(engine, environment),
        *_segments(engine, environment),
        *_exports(engine, environment),
    ]


def _plain(engine: Engine, contract: Contract) -> PublishedTable:
    rows = engine.table(contract.stored)
    shown = {name: text for name, text in contract.columns.items() if name in rows.columns}
    return PublishedTable(contract.name, rows, contract.description, shown)


def _activities(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    if environment.activities:
        yield _timeline(engine)
        yield _plain(engine, contracts.ACTIVITY_PROBLEMS)


def _timeline(engine: Engine) -> PublishedTable:
    plain = _plain(engine, contracts.UNIFIED_ACTIVITY)
    if not engine.exists(names.ACTIVITY_CHANGED):
        return plain
    changes = Changes(
        tables=(str(names.UNIFIED_ACTIVITY),),
        key="ActivityId",
        gone=engine.table(names.ACTIVITY_TOUCHED),
        rows=engine.table(names.ACTIVITY_CHANGED),
    )
    return replace(plain, changes=changes)


def _enrichments(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    for one in environment.enrichments:
        rows = engine.table(names.enrichment(one.name))
        text = one.description or f"What the enrichment {one.name} knows of customers."
        yield PublishedTable(f"Enrichment_{one.name}", rows, text)


def _measures(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    attributes = [one for one in environment.measures if one.kind == "customer_attribute"]
    if attributes:
        plain = _plain(engine, contracts.CUSTOMER_MEASURE)
        columns = {one.name: _about(one) for one in attributes}
        yield PublishedTable(
            plain.name, plain.rows, plain.description, {**plain.columns, **columns}
        )
    for one in environment.measures:
        if one.kind != "customer_attribute":
            rows = engine.table(names.measure(one.name))
            yield PublishedTable(f"Measure_{one.name}", rows, _about(one))


def _about(measure: Measure) -> str:
    return measure.description or measure.label or f"The measure {measure.name}."


def _segments(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    computed = [one for one in environment.segments if one.state != "draft"]
    for segment in computed:
        rows = engine.table(names.segment(segment.name))
        text = segment.label or segment.description or f"The members of {segment.name}."
        yield PublishedTable(f"Segment_{segment.name}", rows, text)
    if environment.segments:
        for contract in (
            contracts.SEGMENT_MEMBERSHIP,
            contracts.SEGMENT_RULES,
            contracts.SEGMENT_CHANGES,
            contracts.SEGMENT_OVERLAP,
            contracts.SEGMENT_DIFFERENTIATORS,
        ):
            yield _plain(engine, contract)


def _exports(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    if environment.exports and engine.exists(names.EXPORT_RUNS):
        yield _plain(engine, contracts.EXPORT_RUNS)
