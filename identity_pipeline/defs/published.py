"""The published file, for commands that read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from identity_pipeline.defs.location import Home
from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import PipelineError


class NothingPublished(PipelineError):
    """The published file is not there yet."""


@contextmanager
def open_published(environment: Environment, home: Path) -> Iterator[Engine]:
    """Open the published file of an environment, read-only.

    Raises:
        NothingPublished: nothing was run yet.
    """
    file = Home(home.resolve(), environment.name).published
    if not file.exists():
        raise NothingPublished(f"{file} is not there yet; `identity-pipeline run` makes it")
    with open_engine(file, Limits(read_only=True)) as opened:
        yield opened.engine
