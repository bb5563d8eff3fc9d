"""Enrichments by a Python function of the user's own."""

from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from identity_pipeline.engine.base import Engine
from identity_pipeline.enrichment.base import KEY, Enriched, declared_types, input_column
from identity_pipeline.enrichment.frames import FunctionFailed, Place, checked_rows
from identity_pipeline.enrichment.loading import Failure, function_of
from identity_pipeline.terms.enrichments import FunctionEnrichment

__all__ = ["FunctionFailed", "enrich_by_function"]

# NULL stays NULL: without these types whole numbers with a missing one would float.
_FRAME_TYPES = {
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def enrich_by_function(
    engine: Engine, folder: Path, enrichment: FunctionEnrichment, customers: ir.Table
) -> Enriched:
    """Call the function with its inputs, and take what it returns if it is what was declared.

    The function is given a frame, `CustomerId` and the inputs, sorted by `CustomerId`: text as
    `str`, whole numbers as `Int64`, booleans as `boolean`, decimals and dates as objects,
    timestamps as `datetime64` in UTC without a zone. It returns a frame of `CustomerId` and the
    declared columns; customers it leaves out have no values.

    Args:
        engine: fetches the inputs.
        folder: the environment's folder, where the function's module may be.
        enrichment: function, inputs and columns.
        customers: Customer.

    Raises:
        InsightError: Customer has no such column, or there is no such function.
        FunctionFailed: it raised an exception, or returned what was not asked for.
    """
    place = Place(enrichment.name, enrichment.function)
    called = function_of(folder, place)
    for number, name in enumerate(enrichment.inputs):
        input_column(customers, name, ("inputs", number))
    columns = list(dict.fromkeys((KEY, *enrichment.inputs)))
    inputs = engine.to_arrow(customers.select(*columns).order_by(KEY))
    frame: pd.DataFrame = inputs.to_pandas(types_mapper=_FRAME_TYPES.get)
    known = frozenset(frame[KEY])
    with Failure(place, inputs, (*columns, *enrichment.columns)):
        returned = called(frame)
    rows = checked_rows(returned, enrichment, known)
    types = {KEY: "string", **declared_types(enrichment)}
    counts = {"processed": len(rows), "not_processed": len(known) - len(rows)}
    return Enriched(engine.keep(engine.relation(types, rows)), counts)
