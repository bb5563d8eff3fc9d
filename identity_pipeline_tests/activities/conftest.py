"""The shop, run once."""

import pytest

from identity_pipeline_tests.shop import Shop, play


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return play(tmp_path_factory.mktemp("shop"))
