"""The door: what `dagster dev` loads."""

import dagster as dg

from identity_pipeline.defs.location import definitions_from_variables


@dg.definitions
def defs() -> dg.Definitions:
    """The environment that IDENTITY_PIPELINE_ENVIRONMENT names, or the sample."""
    return definitions_from_variables()
