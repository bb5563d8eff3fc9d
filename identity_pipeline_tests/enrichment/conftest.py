"""A desk with three customers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.enrichment.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_engine(None) as opened:
        engine = opened.engine
        nobody = engine.relation({"CustomerId": "string"}, [("a",), ("b",), ("c",)])
        yield Desk(opened, tmp_path, nobody)
