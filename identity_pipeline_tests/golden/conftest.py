"""Both modes of the scenario, each played once."""

import pytest

from identity_pipeline_tests.golden.scenario import Scenario, play


@pytest.fixture(scope="session")
def on(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return play(tmp_path_factory.mktemp("on"), include_unknown=True)


@pytest.fixture(scope="session")
def off(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return play(tmp_path_factory.mktemp("off"), include_unknown=False)
