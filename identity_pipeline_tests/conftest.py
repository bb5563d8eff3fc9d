"""Tests that share what is costly to make run in one process, where there are several."""

from pathlib import Path

import pytest

# Folders whose tests share a scenario that takes half a minute to play.
TOGETHER = ("golden", "activities")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = Path(item.path).parent.name
        group = folder if folder in TOGETHER else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
