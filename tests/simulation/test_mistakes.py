"""The schedules catch every deliberate mistake."""

import re

import pytest

from tests.simulation.starting import start

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # some are drawn by the operating system


@pytest.mark.check
@pytest.mark.parametrize(("every", "least"), [("10", 14), pytest.param("1", 148, marks=pytest.mark.nightly)])
def test_every_deliberate_mistake_is_caught(every: str, least: int) -> None:
    """By the seed that caught it before, or else by one that is looked for; one in ten in each run of the check."""
    caught = start("--mutations", "--count", "6000", "--every", every)
    output = caught.communicate()[0]
    assert caught.returncode == 0, output
    assert output.count("caught by seed") >= least


@pytest.mark.nightly
def test_a_mistake_is_always_caught_by_the_same_schedule() -> None:
    first, second = (start("--mutations", "--count", "6000") for _ in range(2))
    outputs = [ID.sub("", process.communicate()[0]) for process in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0), outputs[0]
    assert outputs[0] == outputs[1]
