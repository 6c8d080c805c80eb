"""Real time, if a test asks for it, and chance that can be repeated."""

import time

from moto import mock_aws

from asl.testing.moto import sync_executions
from tests.asl.testing.machines import calls, create, definition, start

LONG = 240  # seconds; an Express execution may take 300


def waited(seconds: int, *, real: bool) -> float:
    """How long a wait of so many seconds really takes."""
    with mock_aws(), sync_executions(real_time=real) as runs:
        arn = create(definition(W={"Type": "Wait", "Seconds": seconds, "End": True}))
        began = time.monotonic()
        start(arn)
        took = time.monotonic() - began
        assert runs.last.seconds >= seconds
    return took


def test_real_time_is_real_if_it_is_asked_for() -> None:
    assert waited(1, real=True) >= 1
    assert waited(LONG, real=False) < LONG


@mock_aws
def test_in_real_time_a_function_that_takes_too_long_is_cut_off() -> None:
    with sync_executions(functions={"f": lambda event, context: time.sleep(1.5)}, real_time=True):
        assert start(create(definition(A=calls(TimeoutSeconds=1))))["error"] == "States.Timeout"


@mock_aws
def test_a_seed_makes_chance_repeatable() -> None:
    arn = create(definition(A={"Type": "Pass", "Output": "{% $random() %}", "End": True}))
    draws = []
    for seed in (7, 7, 8):
        with sync_executions(seed=seed):
            draws.append([start(arn)["output"], start(arn)["output"]])
    assert draws[0] == draws[1] != draws[2]
    assert draws[0][0] != draws[0][1]
