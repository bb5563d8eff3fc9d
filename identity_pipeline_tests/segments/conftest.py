"""An engine a test, in memory."""

from collections.abc import Iterator

import pytest

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.registry import open_engine


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with open_engine(None) as opened:
        yield opened.engine
