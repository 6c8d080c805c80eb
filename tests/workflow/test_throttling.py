"""What the shipped state machine does with a task that finds no processor, or none that knows it, or no good end."""

import uuid

import pytest

from tests.workflow.machine import Bench, message, task, without_patience
from tests.workflow.scenarios import delivered_too_often, throttled, throttled_for_a_moment


@pytest.fixture
def task_id() -> str:
    return str(uuid.uuid4())


def test_a_throttled_task_runs_as_soon_as_there_is_capacity_and_loses_nothing(bench: Bench, task_id: str) -> None:
    with throttled_for_a_moment(bench, task_id, ""):
        execution = bench.run(message(task(task_id)))

    assert execution.status == "SUCCEEDED"
    assert "AwaitCapacity" in execution.states
    record = bench.record(task_id)
    assert (record["status"], record["attempts"], record["deliveries"]) == ("succeeded", "1", "1")


def test_a_task_that_is_throttled_for_too_long_returns_and_its_delivery_does_not_count(
    bench: Bench, task_id: str
) -> None:
    with throttled(bench, task_id, ""):
        execution = bench.run(message(task(task_id)), broken=without_patience)

    assert (execution.status, execution.error) == ("FAILED", "Lambda.TooManyRequestsException")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"], record["deliveries"]) == ("queued", "0", "0")


def test_a_task_whose_executions_never_end_with_an_outcome_fails_and_its_key_goes_on(
    bench: Bench, task_id: str
) -> None:
    with delivered_too_often(bench, task_id, ""):
        execution = bench.run(message(task(task_id)))

    assert execution.states[-3:] == ("RecordFailure", "SendToDeadLetterQueue", "TaskFailed")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("failed", "1"), "this delivery did not run it"
    assert record["error"]["type"]["S"] == "NoOutcome"
    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["error"]["message"].startswith("5 executions ended without an outcome")

    bench.redrive(task_id)
    assert "deliveries" not in bench.record(task_id), "a redriven task starts anew"


def test_a_task_of_a_type_that_the_processor_does_not_know_yet_returns_and_waits_for_it(
    bench: Bench, task_id: str
) -> None:
    execution = bench.run(message(task(task_id, "of.the.next.deployment")))

    assert (execution.status, execution.error) == ("FAILED", "TaskTypeUnavailable")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("queued", "0"), "nothing ran"
    assert record["deliveries"] == "1", "its key must not wait for days if nobody ever knows the type"
