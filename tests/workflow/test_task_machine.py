"""The shipped state machine, on the laptop's engine under its own role: the effects of each path through it."""

import itertools
import json
import random
import threading
import time
import uuid
from datetime import datetime
from typing import Any

import pytest

from functions.adapters.task_table.indexes import shard
from statemachine.budget import successors
from statemachine.loader import raw_definition
from tests.workflow.engines import Definition, Execution
from tests.workflow.machine import Bench, message, task, without_a_way_to_park, without_table
from tests.workflow.scenarios import AT_A_GATE, WITHOUT_AN_OUTCOME, behind_a_gate

HOUR_MS = 3_600_000


@pytest.fixture
def task_id() -> str:
    return str(uuid.uuid4())


def statuses(record: dict[str, Any]) -> list[str]:
    return [entry["M"]["status"]["S"] for entry in record["history"]]


def draws(seed: int, runs: int) -> list[bool]:
    """Which of the first runs of `demo.flaky` fail at a probability of one half."""
    return [random.Random(f"{seed}/{run}").random() < 0.5 for run in range(1, runs + 1)]


def lease_in(milliseconds: int) -> dict[str, str]:
    return {"N": str(int(time.time() * 1000) + milliseconds)}


def test_a_task_is_claimed_processed_and_recorded(bench: Bench, task_id: str) -> None:
    execution = bench.run(message(task(task_id, answer=42)))

    assert execution.status == "SUCCEEDED"
    assert execution.states == (
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    )
    record = bench.record(task_id)
    assert record["status"] == "succeeded"
    assert json.loads(record["result"]) == {"answer": 42}
    assert record["attempts"] == "1"
    assert statuses(record) == ["queued", "processing", "succeeded"]
    assert int(record["expires_at"]) > time.time(), "a finished record expires, but not now"


def test_a_producer_that_wrote_no_record_gets_one(bench: Bench, task_id: str) -> None:
    body = json.dumps(task(task_id, "demo.echo", precise=0.1))

    bench.run(message(body, group="customer-7"))

    record = bench.record(task_id)
    assert record["body"] == body, "the message is kept unchanged"
    assert (record["ordering_key"], record["type"], record["priority"]) == ("customer-7", "demo.echo", "low")


def test_a_message_delivered_twice_has_one_effect(bench: Bench, task_id: str) -> None:
    bench.run(message(task(task_id)))
    before = bench.record(task_id)

    again = bench.run(message(task(task_id)))

    assert again.status == "SUCCEEDED", "the second message may be deleted"
    assert again.states == ("CheckGate", "DecideOnGate", "ClaimTask", "LookUpTask", "DecideOnDuplicate", "AlreadyDone")
    assert bench.record(task_id) == before


def test_a_permanent_failure_is_recorded_and_sent_to_the_dead_letter_queue(bench: Bench, task_id: str) -> None:
    sent = message(task(task_id, "demo.flaky", probability=1, error_class="VALIDATION"))

    execution = bench.run(sent)

    assert execution.status == "SUCCEEDED", "the key advances after a failed task"
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("failed", "1")
    assert record["error"]["class"]["S"] == "VALIDATION"
    assert record["error"]["type"]["S"] == "TaskValidationError"
    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["message"] == sent[0], "the original message is untouched"
    assert dead_letter["error"]["message"] == "attempt 1 failed, as it was asked to"
    assert record["created_at"] <= dead_letter["first_failed_at"] <= dead_letter["failed_at"]
    assert (dead_letter["ordering_key"], dead_letter["attempts"]) == ("key", 1)
    assert dead_letter["group"] == task_id, "each dead letter can be received separately"


@pytest.mark.parametrize(
    ("fields", "key"),
    [({"ordering_key": "customer-7"}, "customer-7"), ({}, "a-group"), ({"ordering_key": 7}, "a-group")],
)
def test_a_dead_letter_has_the_ordering_key_that_the_client_named(
    bench: Bench, task_id: str, fields: dict[str, Any], key: str
) -> None:
    """The message's group is a hash where each client has its own tasks."""
    sent = task(task_id, "demo.flaky", probability=1, error_class="VALIDATION")
    del sent["ordering_key"]
    bench.run(message(sent | fields, group="a-group"))
    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["ordering_key"] == key


@pytest.mark.check
def test_transient_failures_are_retried_up_to_the_limit_of_their_class(bench: Bench) -> None:
    most_attempts = {"NETWORK": "4", "RATE_LIMIT": "4", "SYSTEM": "4", "UNKNOWN": "2"}
    task_ids = {error_class: str(uuid.uuid4()) for error_class in most_attempts}

    def fail(error_class: str) -> Execution:
        failing = task(task_ids[error_class], "demo.flaky", probability=1, error_class=error_class)
        return bench.run(message(failing, group=error_class))

    executions = [fail(error_class) for error_class in most_attempts]

    assert {execution.status for execution in executions} == {"SUCCEEDED"}
    for error_class, attempts in most_attempts.items():
        record = bench.record(task_ids[error_class])
        assert (record["status"], record["attempts"]) == ("failed", attempts), error_class
        assert record["error"]["class"]["S"] == error_class


def test_a_rate_limit_is_retried_and_the_first_failure_is_recorded(bench: Bench, task_id: str) -> None:
    bench.run(message(task(task_id, "demo.flaky", probability=1, error_class="RATE_LIMIT")))

    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["first_failed_at"] < dead_letter["failed_at"], "three more runs are in between"
    assert bench.record(task_id)["first_failed_at"] == dead_letter["first_failed_at"]


def test_a_run_that_takes_too_long_is_a_failure_of_the_task(bench: Bench, task_id: str) -> None:
    def short_timeout(definition: Definition) -> None:
        definition["States"]["ProcessTask"].update(TimeoutSeconds=1, Retry=[])

    bench.run(message(task(task_id, "demo.slow", milliseconds=1500)), broken=short_timeout)

    record = bench.record(task_id)
    assert (record["status"], record["error"]["class"]["S"]) == ("failed", "SYSTEM")
    assert record["error"]["type"]["S"] == "States.Timeout"


@pytest.mark.parametrize(
    "body",
    ["{not json", '"text"', "[]", "{}", '{"task_id": 7}', '{"task_id": ""}', '{"task_id": "two words"}', "null",
     json.dumps({"task_id": "x" * 101})],
)  # fmt: skip
def test_a_malformed_message_goes_to_the_dead_letter_queue_with_the_reason(bench: Bench, body: str) -> None:
    message_id = str(uuid.uuid4())

    execution = bench.run(message(body, message_id=message_id))

    assert execution.status == "SUCCEEDED", "its group advances"
    (dead_letter,) = [
        dead_letter for dead_letter in bench.dead_letters() if dead_letter["message"]["messageId"] == message_id
    ]
    assert dead_letter["error"]["class"] == "VALIDATION"
    assert dead_letter["error"]["type"] == "InvalidMessage"
    assert dead_letter["group"] == message_id, "each dead letter can be received separately"
    assert dead_letter["ordering_key"] == "key", "all that is known of it: the message's group"
    assert dead_letter["message"]["body"] == body


def test_a_message_with_an_invalid_task_is_a_recorded_failure(bench: Bench, task_id: str) -> None:
    bench.run(message({"task_id": task_id, "title": 7}))

    record = bench.record(task_id)
    assert (record["status"], record["error"]["type"]["S"]) == ("failed", "InvalidMessage")
    assert "title" in record["error"]["message"]["S"]


def test_a_failed_task_that_comes_back_sends_its_dead_letter_again(bench: Bench, task_id: str) -> None:
    failing = message(task(task_id, "demo.flaky", probability=1, error_class="VALIDATION"))

    def without_dead_letter_queue(definition: Definition) -> None:
        definition["States"]["SendToDeadLetterQueue"]["Arguments"]["QueueUrl"] += "-gone"

    died = bench.run(failing, broken=without_dead_letter_queue)
    assert died.status == "FAILED", "a dead letter that could not be sent keeps the message in the queue"
    assert bench.record(task_id)["status"] == "failed"

    again = bench.run(failing)

    assert again.states[-3:] == ("SendToDeadLetterQueue", "DecideOnHead", "TaskFailed")
    (dead_letter,) = [one for one in bench.dead_letters() if one["task_id"] == task_id]
    assert dead_letter["error"]["class"] == "VALIDATION"
    assert dead_letter["attempts"] == 1, "sending the dead letter again is not another attempt"


def test_a_failed_task_is_in_the_index_until_it_has_succeeded(bench: Bench, task_id: str) -> None:
    bench.run(message(task(task_id, "demo.flaky", probability=1, error_class="VALIDATION"), group="customer-7"))
    record = bench.record(task_id)
    assert record["failed_key"] == "customer-7"
    assert record["sequence_number"] == "18849496460467696128"

    bench.redrive(task_id)
    again = message(task(task_id), group="customer-7", deduplication_id=f"{task_id}-redrive-1")
    again[0]["attributes"]["SequenceNumber"] = "99999999999999999999"
    assert bench.run(again).status == "SUCCEEDED"

    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("succeeded", "2"), "attempts are counted on"
    assert "failed_key" not in record
    assert "sequence_number" not in record, "what has succeeded needs no position any more"


def test_an_old_message_of_a_redriven_task_does_not_run_it_before_its_turn(bench: Bench, task_id: str) -> None:
    old = message(task(task_id, "demo.flaky", probability=1, error_class="VALIDATION"))
    bench.run(old)
    bench.redrive(task_id)

    execution = bench.run(old)

    assert execution.states == (
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "LookUpTask",
        "DecideOnDuplicate",
        "Superseded",
    )
    assert execution.status == "SUCCEEDED", "it may be deleted"
    assert bench.record(task_id)["status"] == "queued", "the redrive's own message runs it"


def test_the_message_of_a_cancelled_task_has_no_effect_and_its_key_advances(bench: Bench, task_id: str) -> None:
    bench.put_record(task_id, status={"S": "cancelled"}, attempts={"N": "0"}, history={"L": []})
    before = bench.record(task_id)

    execution = bench.run(message(task(task_id)))

    assert execution.states == (
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "LookUpTask",
        "DecideOnDuplicate",
        "Cancelled",
    )
    assert (execution.status, execution.output) == ("SUCCEEDED", {"task_id": task_id, "status": "cancelled"})
    assert bench.record(task_id) == before


def test_the_history_lists_every_run_that_failed(bench: Bench, task_id: str) -> None:
    bench.run(message(task(task_id, "demo.flaky", probability=1, error_class="NETWORK")))

    history = [entry["M"] for entry in bench.record(task_id)["history"]]
    assert [entry["status"]["S"] for entry in history] == ["queued", "processing", *["processing"] * 4, "failed"]
    runs = history[2:6]
    assert [run["attempt"]["N"] for run in runs] == ["1", "2", "3", "4"]
    assert [float(run["retry_in"]["N"]) >= 0 for run in runs[:3]] == [True] * 3
    assert "retry_in" not in runs[3], "no run followed the last one"
    assert runs[0]["error"]["M"] == {
        "class": {"S": "NETWORK"},
        "type": {"S": "TaskNetworkError"},
        "message": {"S": "attempt 1 failed, as it was asked to"},
    }
    moments = [moment for run in runs for moment in (run["started_at"]["S"], run["at"]["S"])]
    assert moments == sorted(moments)
    for run, following in itertools.pairwise(runs):
        waited = datetime.fromisoformat(following["started_at"]["S"]) - datetime.fromisoformat(run["at"]["S"])
        assert waited.total_seconds() >= float(run["retry_in"]["N"]) - 0.01


def test_a_claim_names_its_execution_in_the_history(bench: Bench, task_id: str) -> None:
    name = str(uuid.uuid4())
    bench.run(message(task(task_id)), name=name)
    claim = bench.record(task_id)["history"][1]["M"]
    assert (claim["status"], claim["execution"]) == ({"S": "processing"}, {"S": bench.execution_id(name)})


def test_a_success_keeps_nothing_of_its_lease(bench: Bench, task_id: str) -> None:
    """Each KB of a record is paid with each write."""
    bench.run(message(task(task_id)))
    assert bench.record(task_id).keys().isdisjoint({"lease_owner", "lease_until", "deliveries"})


def test_a_success_keeps_the_history_of_earlier_runs(bench: Bench, task_id: str) -> None:
    flaky = {"probability": 0.5, "error_class": "NETWORK"}
    seed = next(seed for seed in range(99) if draws(seed, 3) == [True, True, False])
    bench.run(message(task(task_id, "demo.flaky", seed=seed, **flaky)))

    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("succeeded", "3")
    assert statuses(record) == ["queued", "processing", "processing", "processing", "succeeded"]
    assert [entry["M"].get("attempt") for entry in record["history"]] == [None, None, {"N": "1"}, {"N": "2"}, None]


@pytest.mark.check
def test_the_longest_history_of_one_execution_is_small(bench: Bench, task_id: str) -> None:
    """At most ten runs (`RetryPolicy`), each with a short message: a record has 400 KB for everything."""

    def wordy(definition: Definition) -> None:
        catch = definition["States"]["ProcessTask"]["Catch"][0]
        catch["Assign"]["failure"]["message"] = "ü" * 1024

    bench.run(message(task(task_id, "demo.flaky", probability=1, error_class="NETWORK")), broken=wordy)
    record = bench.record(task_id)
    assert len(record["error"]["message"]["S"]) == 1024
    runs = [entry["M"] for entry in record["history"] if "attempt" in entry["M"]]
    assert [len(run["error"]["M"]["message"]["S"]) for run in runs] == [256] * 4


@pytest.mark.parametrize(("error", "status"), [("VALIDATION", "failed"), (None, None)])
def test_a_failed_task_is_listed_by_its_status_and_one_that_succeeded_is_not(
    bench: Bench, task_id: str, error: str | None, status: str | None
) -> None:
    data = {"probability": 1, "error_class": error} if error else {}
    bench.run(message(task(task_id, "demo.flaky" if error else "demo.echo", **data)))
    record = bench.record(task_id)
    assert record.get("status_shard") == (f"{status}#{shard(task_id)}" if status else None)
    assert record["list_order"] == f"{record['created_at']}#{task_id}"


def test_a_task_that_another_execution_processes_has_to_wait(bench: Bench, task_id: str) -> None:
    bench.put_record(task_id, status={"S": "processing"}, lease_owner={"S": "other"}, lease_until=lease_in(HOUR_MS))

    execution = bench.run(message(task(task_id)))

    assert (execution.status, execution.error) == ("FAILED", "TaskInProgress")
    assert bench.record(task_id)["lease_owner"] == "other"


def test_an_expired_lease_is_taken_over(bench: Bench, task_id: str) -> None:
    bench.put_record(
        task_id,
        status={"S": "processing"},
        lease_owner={"S": "dead"},
        lease_until=lease_in(-1),
        attempts={"N": "1"},
        history={"L": []},
    )

    execution = bench.run(message(task(task_id)))

    assert execution.status == "SUCCEEDED"
    assert bench.record(task_id)["attempts"] == "2", "the run of the execution that died is counted"


def test_a_claim_whose_response_was_lost_continues(bench: Bench, task_id: str) -> None:
    name = str(uuid.uuid4())
    bench.put_record(
        task_id,
        status={"S": "processing"},
        lease_owner={"S": bench.lease_owner(name)},
        lease_until=lease_in(HOUR_MS),
        attempts={"N": "1"},
        deliveries={"N": "1"},
        history={"L": []},
    )

    execution = bench.run(message(task(task_id)), name=name)

    refused = ("CheckGate", "DecideOnGate", "ClaimTask", "LookUpTask", "DecideOnDuplicate")
    assert execution.states == (
        *refused,
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    )
    assert bench.record(task_id)["attempts"] == "1"


def test_a_record_that_cannot_be_looked_up_keeps_the_message(bench: Bench, task_id: str) -> None:
    bench.run(message(task(task_id)))

    execution = bench.run(message(task(task_id)), broken=without_table("LookUpTask"))

    assert (execution.status, execution.error) == ("FAILED", "TaskInProgress")


@pytest.mark.parametrize(
    "data",
    [
        {"task_type": "demo.slow", "milliseconds": 700},
        {"task_type": "demo.flaky", "probability": 1, "error_class": "NETWORK"},
    ],
)
def test_an_execution_that_lost_its_lease_changes_nothing(bench: Bench, task_id: str, data: dict[str, Any]) -> None:
    def steal() -> None:
        bench.wait_until_processing(task_id)
        bench.steal_lease(task_id)

    thief = threading.Thread(target=steal)
    thief.start()
    execution = bench.run(message(task(task_id, **data)))
    thief.join()

    assert (execution.status, execution.error) == ("FAILED", "LeaseLost")
    record = bench.record(task_id)
    assert (record["status"], record["lease_owner"]) == ("processing", "another-execution")
    assert "result" not in record
    assert "error" not in record


def test_a_missing_processor_is_not_a_failure_of_the_task(bench: Bench, task_id: str) -> None:
    def without_processor(definition: Definition) -> None:
        arguments = definition["States"]["ProcessTask"]["Arguments"]
        arguments["FunctionName"] = arguments["FunctionName"].replace(":live", "-gone:live")

    execution = bench.run(message(task(task_id)), broken=without_processor)

    assert (execution.status, execution.error) == ("FAILED", "Lambda.ResourceNotFoundException")
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("queued", "0"), "nothing ran, so nothing is counted"
    assert "status_shard" not in record, "open tasks are listed by the counts"

    assert bench.run(message(task(task_id))).status == "SUCCEEDED", "the processor is back"
    record = bench.record(task_id)
    assert (record["status"], record["attempts"]) == ("succeeded", "1")


def test_a_lease_that_cannot_be_released_still_keeps_the_message(bench: Bench, task_id: str) -> None:
    def without_processor_and_table(definition: Definition) -> None:
        arguments = definition["States"]["ProcessTask"]["Arguments"]
        arguments["FunctionName"] = arguments["FunctionName"].replace(":live", "-gone:live")
        without_table("ReturnToQueue")(definition)

    execution = bench.run(message(task(task_id)), broken=without_processor_and_table)

    assert (execution.status, execution.error) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_a_task_that_cannot_be_parked_returns_to_the_queue_after_a_while(bench: Bench, task_id: str) -> None:
    with behind_a_gate(bench, task_id, ""):
        execution = bench.run(message(task(task_id)), broken=without_a_way_to_park)
    assert (execution.status, execution.error) == ("FAILED", "GateUnknown")
    assert execution.states.count("ParkTask") > 1


def test_every_state_and_every_transition_was_seen(bench: Bench) -> None:
    """Runs last in this file: the tests above must have taken every path but those that are played here."""
    for scenario in (*WITHOUT_AN_OUTCOME, *AT_A_GATE):
        scenario.play(bench)
    states = raw_definition()["States"]
    every = {(name, after) for name, state in states.items() for after in successors(state)}

    assert every - bench.seen == set(), "a transition that no test has taken"
    assert bench.seen - every == set()
