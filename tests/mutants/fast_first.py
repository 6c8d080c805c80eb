"""A pytest plugin for mutmut: the fast tests run first, because the first failure ends the run."""

import json
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by the duration without a mutant. The tests of a file stay together: they share its fixtures."""
    stats = Path("mutmut-stats.json")
    if not stats.exists():
        return
    seconds: dict[str, float] = json.loads(stats.read_text())["duration_by_test"]
    of_file: dict[Path, float] = {}
    for item in items:
        of_file[item.path] = of_file.get(item.path, 0) + seconds.get(item.nodeid, 0)
    items.sort(key=lambda item: (of_file[item.path], str(item.path), seconds.get(item.nodeid, 0)))
