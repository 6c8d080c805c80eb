"""The schedules catch every deliberate mistake."""

import re

import pytest

from tests.simulation.starting import start

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # some are drawn by the operating system


@pytest.mark.check
def test_every_deliberate_mistake_is_caught() -> None:
    """By the seed that caught it before, or else by one that is looked for."""
    process = start("--mutations", "--count", "6000")
    output = process.communicate()[0]

    assert process.returncode == 0, output
    assert output.count("caught by seed") >= 76


@pytest.mark.check
def test_a_seed_always_runs_the_same_schedule() -> None:
    first, second = (ID.sub("", start("--mutations", "--count", "1").communicate()[0]) for _ in range(2))

    assert first == second
