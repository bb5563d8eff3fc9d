"""A fresh warehouse in memory."""

from collections.abc import Iterator

import pytest

from identity_pipeline.engine.registry import OpenEngine, open_engine


@pytest.fixture
def opened() -> Iterator[OpenEngine]:
    with open_engine(None) as engine:
        yield engine
