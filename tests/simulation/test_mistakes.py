"""The schedules catch every deliberate mistake."""

import pytest

from tests.simulation.starting import start


@pytest.mark.check
def test_every_deliberate_mistake_is_caught() -> None:
    process = start("--mutations", "--count", "6000")
    output = process.communicate()[0]

    assert process.returncode == 0, output
    assert output.count("caught by seed") >= 76


@pytest.mark.check
def test_a_seed_always_runs_the_same_schedule() -> None:
    outputs = [start("--mutations", "--first", "0", "--count", "8").communicate()[0] for _ in range(2)]

    seeds = [[line.split(": ")[1] for line in output.splitlines()[:-1]] for output in outputs]
    assert seeds[0] == seeds[1]
