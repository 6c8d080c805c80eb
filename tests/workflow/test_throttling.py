"""What the shipped state machine does with a task that finds no processor, or none that knows it, or no good end."""

import uuid

import pytest

from tests.workflow.machine import Bench, message, task, without_patience, without_time
from tests.workflow.scenarios import claimed_too_often, delivered_too_often, throttled, throttled_for_a_moment

FAILED_WITHOUT_A_RUN = (
    *("DecideOnDelivery", "DecideOnFailure", "RecordFailure", "SendToDeadLetterQueue", "DecideOnHead", "TaskFailed"),
)


@pytest.fixture
def task_id() -> str:
    return str(uuid.uuid4())


def test_a_throttled_task_runs_as_soon_as_there_is_capacity_and_loses_nothing(bench: Bench, task_id: str) -> None:
    with throttled_for_a_moment(bench, task_id, ""):
        execution = bench.run(message(task(task_id)))

    assert execution.status == "SUCCEEDED"
    assert "AwaitCapacity" in execution.states
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("succeeded", "1")
    assert "deliveries" not in record, "it is over, and there is nothing left to count"


def test_a_task_that_is_throttled_for_too_long_returns_and_its_delivery_does_not_count(
    bench: Bench, task_id: str
) -> None:
    with throttled(bench, task_id, ""):
        execution = bench.run(message(task(task_id)), broken=without_patience)

    assert (execution.status, execution.error) == ("FAILED", "Lambda.TooManyRequestsException")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"], record["deliveries"]) == ("queued", "0", "0")


def test_a_retry_for_which_throttles_have_left_no_time_comes_with_the_next_delivery(
    bench: Bench, task_id: str
) -> None:
    flaky = task(task_id, "demo.flaky", probability=1, error_class="NETWORK")
    with throttled_for_a_moment(bench, task_id, ""):
        execution = bench.run(message(flaky), broken=without_time)

    assert (execution.status, execution.error) == ("FAILED", "Lambda.TooManyRequestsException")
    assert execution.states[-3:] == ("DecideOnRetry", "ReturnToQueue", "ProcessorUnavailable")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"], record["deliveries"]) == ("queued", "1", "0"), "it ran, but too late"
    entries = [entry["M"] for entry in record["history"]]
    assert [entry["status"]["S"] for entry in entries] == ["queued", "processing", "processing", "queued"]
    assert (entries[2]["attempt"]["N"], entries[2]["error"]["M"]["class"]["S"]) == ("1", "NETWORK")


@pytest.mark.parametrize("error_class", ["NETWORK", "VALIDATION"])
def test_a_task_fails_if_it_is_not_for_throttles_that_it_does_not_run_again(
    bench: Bench, task_id: str, error_class: str
) -> None:
    flaky = task(task_id, "demo.flaky", probability=1, error_class=error_class)
    if error_class == "NETWORK":
        bench.run(message(flaky), broken=without_time)
    else:
        with throttled_for_a_moment(bench, task_id, ""):
            bench.run(message(flaky))

    record = bench.record(task_id)
    assert (record["status"], record["attempts"], record["error"]["class"]["S"]) == ("failed", "1", error_class)


def test_a_task_whose_executions_never_end_with_an_outcome_fails_and_its_key_goes_on(
    bench: Bench, task_id: str
) -> None:
    with delivered_too_often(bench, task_id, ""):
        execution = bench.run(message(task(task_id)))

    assert execution.states[-6:] == FAILED_WITHOUT_A_RUN
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("failed", "1"), "this delivery did not run it"
    assert record["error"]["type"]["S"] == "NoOutcome"
    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["error"]["message"].startswith("5 executions ended without an outcome")

    bench.redrive(task_id)
    assert "deliveries" not in bench.record(task_id), "a redriven task starts anew"


def test_a_lost_reply_to_the_claim_does_not_run_a_task_that_was_delivered_too_often(
    bench: Bench, task_id: str
) -> None:
    name = str(uuid.uuid4())
    with claimed_too_often(bench, task_id, name):
        execution = bench.run(message(task(task_id)), name=name)

    assert execution.states[-6:] == FAILED_WITHOUT_A_RUN
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("failed", "1"), "this delivery did not run it"
    assert record["error"]["type"]["S"] == "NoOutcome"


def test_a_task_of_a_type_that_the_processor_does_not_know_yet_returns_and_waits_for_it(
    bench: Bench, task_id: str
) -> None:
    execution = bench.run(message(task(task_id, "of.the.next.deployment")))

    assert (execution.status, execution.error) == ("FAILED", "TaskTypeUnavailable")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("queued", "0"), "nothing ran"
    assert record["deliveries"] == "1", "its key must not wait for days if nobody ever knows the type"
