"""Tests that share what is costly to make run in one process, where there are several."""

import gc
from pathlib import Path

import pytest

# Expressions are many small objects that live long: looking through them seldom saves 5 %.
gc.set_threshold(50_000, 20, 20)

# Folders whose tests share a scenario or worlds that take half a minute to make.
TOGETHER = ("golden", "activities", "worlds")
# What takes long begins first, or one process would work on it alone at the end.
FIRST = ("golden", "defs", "worlds", "activities", "quality")


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)
    for item in items:
        folder = Path(item.path).parent.name
        group = folder if folder in TOGETHER else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def _place(item: pytest.Item) -> int:
    folder = Path(item.path).parent.name
    return FIRST.index(folder) if folder in FIRST else len(FIRST)
