"""What can be wrong with a world that is asked for."""

from identity_pipeline.terms.errors import PipelineError


class WorldError(PipelineError):
    """A world cannot be made as asked; nothing was written."""
