"""Enrichments: what else is known of customers, in tables keyed by CustomerId."""

import datetime

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.enrichment import address, email_domain
from identity_pipeline.enrichment.base import KEY, Enriched, declared_types
from identity_pipeline.enrichment.delivery import column_types, latest_delivery
from identity_pipeline.enrichment.files import enrich_from_files
from identity_pipeline.terms import names
from identity_pipeline.terms.enrichments import (
    EmailDomain,
    Enrichment,
    FileEnrichment,
    FunctionEnrichment,
)
from identity_pipeline.terms.environment import Environment

__all__ = ["Enriched", "enrich", "enrichment_columns"]


def enrich(
    engine: Engine,
    environment: Environment,
    enrichment: Enrichment,
    customers: ir.Table,
    through: datetime.date | None = None,
) -> Enriched:
    """Enrich all customers, or those of a segment.

    The members of a segment are those of its last run, because segments may ask for enrichments;
    a segment that never ran has none.

    Args:
        engine: computes, and knows segments and merged ids.
        environment: where files and functions are.
        enrichment: what to do.
        customers: Customer.
        through: files delivered later do not count; None for the latest delivery there is.

    Returns:
        Rows of customers about whom something is known; the others have none.

    Raises:
        LandingError: a delivered file is not as its model.json says.
        InsightError: Customer has no such column, or there is no such function.
        FunctionFailed: the function raised an exception, or gave what was not asked for.
    """
    if isinstance(enrichment, FileEnrichment):
        delivery = latest_delivery(environment.folder, enrichment, through)
        found = enrich_from_files(engine, delivery, customers)
        return _only_targets(engine, enrichment, found)
    targets = _targets(engine, enrichment, customers)
    match enrichment:
        case FunctionEnrichment():
            # Here, since it imports pandas: a quarter of a second that most runs do not need.
            from identity_pipeline.enrichment import function

            return function.enrich_by_function(engine, environment.folder, enrichment, targets)
        case EmailDomain():
            return email_domain.enrich_email_domains(engine, enrichment, targets)
        case _:
            return address.enrich_addresses(engine, enrichment, targets)


def enrichment_columns(environment: Environment, enrichment: Enrichment) -> dict[str, str]:
    """The columns of an enrichment with their Ibis types, without `CustomerId`.

    Known before anything runs; of files from the latest delivery's model.json: no columns where
    nothing was delivered yet.

    Raises:
        LandingError: a model.json that cannot be read.
    """
    match enrichment:
        case FileEnrichment():
            delivery = latest_delivery(environment.folder, enrichment)
            return column_types(delivery) if delivery else {}
        case FunctionEnrichment():
            # Here, since it imports pandas: a quarter of a second that most runs do not need.

            return declared_types(enrichment)
        case EmailDomain():
            return dict(email_domain.COLUMNS)
        case _:
            return dict(address.COLUMNS)


def _targets(engine: Engine, enrichment: Enrichment, customers: ir.Table) -> ir.Table:
    if enrichment.segment is None:
        return customers
    segment = names.segment(enrichment.segment)
    if not engine.exists(segment):
        return customers.filter(ibis.literal(False))
    return customers.semi_join(engine.table(segment).select(KEY), KEY)


def _only_targets(engine: Engine, enrichment: Enrichment, found: Enriched) -> Enriched:
    if enrichment.segment is None:
        return found
    rows = engine.keep(_targets(engine, enrichment, found.rows))
    inside = engine.count(rows)
    outside = found.counts["processed"] - inside
    return Enriched(rows, found.counts | {"processed": inside, "outside_segment": outside})
