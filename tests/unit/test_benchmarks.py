"""The benchmark's contestants still do what they are compared for; how fast, `python -m benchmarks.validator` says."""

import pytest

from benchmarks.validator import FASTAPI, FLOOR, TUNED, VALIDATOR, Contestant, cold_start


@pytest.mark.parametrize("contestant", [FLOOR, VALIDATOR, FASTAPI, TUNED], ids=lambda one: one.name)
def test_every_contestant_makes_its_calls_and_writes_its_lines(contestant: Contestant) -> None:
    assert cold_start(contestant) > 0, "it ends the benchmark with a message when an answer is not what it should be"
