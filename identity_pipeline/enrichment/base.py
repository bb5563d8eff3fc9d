"""What an enrichment gives."""

from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.expressions.types import type_of
from identity_pipeline.terms.enrichments import FunctionEnrichment
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.sources import Column

KEY = "CustomerId"


@dataclass(frozen=True)
class Enriched:
    """What is known of customers, and how many there are of each kind.

    Attributes:
        rows: `CustomerId`, which is unique, then the enrichment's columns.
        counts: numbers of customers or of delivered rows, by what became of them.
    """

    rows: ir.Table
    counts: dict[str, int]


def input_column(customers: ir.Table, column: str, place: tuple[str | int, ...]) -> ir.Column:
    """A column of Customer; raises InsightError where there is none."""
    if column not in customers.columns:
        hint = did_you_mean(column, customers.columns)
        raise InsightError(place, f"Customer has no column '{column}'. {hint}")
    return customers[column]


def declared_types(enrichment: FunctionEnrichment) -> dict[str, str]:
    """Column -> Ibis type, as a function's enrichment declares them."""
    return {name: str(type_of(Column(type=kind))) for name, kind in enrichment.columns.items()}
