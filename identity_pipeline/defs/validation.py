"""What can only be checked with the types of columns at hand."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

from identity_pipeline.config import insight_problem, source_problem
from identity_pipeline.enrichment.enrich import enrichment_columns
from identity_pipeline.exports.select import ExportInputs, select_recipients
from identity_pipeline.expressions.check import filter_problems
from identity_pipeline.expressions.paths import InsightTables, customer_columns
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.expressions.schemas import unbound, unbound_like, unbound_tables
from identity_pipeline.measures.check import measure_problems
from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline.measures.order import tables_in_order
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.segments.membership import segment_faults
from identity_pipeline.segments.rules import rule_members
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import ConfigError, InsightError
from identity_pipeline.terms.exports import TableExport

Found = Iterator[tuple[str, Place, str]]
MEMBERS = unbound("members", {"segment": "string", "CustomerId": "string"})
DAY = datetime.date(2000, 1, 1)


def check_types(environment: Environment) -> None:
    """Bind row filters, measures, segments and exports to their columns' types.

    Raises:
        ConfigError: something names an unknown column, or compares it with another kind of value.
    """
    found = [
        source_problem(environment, name, place, text)
        for name, source in environment.sources.items()
        for place, text in filter_problems(source)
    ]
    found += [
        insight_problem(environment, file, place, text)
        for file, place, text in _insight_problems(environment)
    ]
    if found:
        raise ConfigError(found)


def _insight_problems(environment: Environment) -> Found:
    columns = {one.name: enrichment_columns(environment, one) for one in environment.enrichments}
    tables = unbound_tables(environment, columns)
    if problems := measure_problems(tables, environment.measures):
        for number, place, text in problems:
            yield "measures.yaml", ("measures", number, *place), text
        return  # what reads a measure that is wrong would seem wrong too
    tables = _with_measures(environment, tables)
    for number, error in segment_faults(tables, environment.segments):
        yield "segments.yaml", ("segments", number, *error.place), str(error)
    yield from _export_problems(environment, tables)


def _with_measures(environment: Environment, tables: InsightTables) -> InsightTables:
    """The tables, with those that the measures will make."""
    attributes = customer_attributes(tables, environment.measures)
    found = replace(tables, attributes=unbound_like("Customer_Measure", attributes))
    for measure in tables_in_order(environment.measures):
        if measure.kind == "customer":
            own = {measure.name: unbound_like(measure.name, measure_table(found, measure))}
            found = replace(found, measures={**found.measures, **own})
    return found


def _export_problems(environment: Environment, tables: InsightTables) -> Found:
    consented = {}
    for number, consent in enumerate(environment.consents):
        try:
            consented[consent.purpose] = rule_members(tables, consent.rule, ("rule",))
        except InsightError as error:
            yield "exports.yaml", ("consents", number, *error.place), str(error)
    before = unbound("before", {"recipient": "string", "CustomerId": "string"})
    for number, export in enumerate(environment.exports):
        # Which tables are published is known when there are some.
        if isinstance(export, TableExport) or (export.consent and export.consent not in consented):
            continue
        inputs = ExportInputs(
            customers=customer_columns(tables),
            before=before,
            day=DAY,
            members=MEMBERS,
            consented=consented[export.consent] if export.consent else None,
        )
        try:
            select_recipients(export, inputs)
        except InsightError as error:
            yield "exports.yaml", ("exports", number, *error.place), str(error)
