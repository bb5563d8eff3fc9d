"""A fresh warehouse in memory."""

from collections.abc import Iterator

import pytest

from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import open_engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    with open_engine(None) as opened:
        yield opened.engine
