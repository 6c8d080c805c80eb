"""The machine that this project ships, under moto, with the real processor."""

import json
import uuid
from typing import Any

import pytest

from asl.testing.moto import SyncExecutions
from functions.processor import handler
from statemachine.loader import load_definition
from tests.asl.testing.machines import client, create, start
from tests.workflow.machine import message, task

# Powertools warns of every run that counted nothing.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
TABLE, GATES = "tasks", "gates"
PROCESSOR = "arn:aws:lambda:eu-west-1:123456789012:function:processor:live"


@pytest.fixture
def dead_letters(express: SyncExecutions) -> str:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
    return client("sqs").create_queue(QueueName="dead-letters.fifo", Attributes=attributes)["QueueUrl"]


@pytest.fixture
def machine(express: SyncExecutions, dead_letters: str) -> str:
    """The shipped machine with its table, its queue and its function."""
    for name, keys in ((TABLE, ("task_id",)), (GATES, ("key", "place"))):
        client("dynamodb").create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    express.functions["processor"] = handler
    values = {
        "TableName": TABLE,
        "GatesTableName": GATES,
        "HaltingTypes": "[]",
        "LongTypes": "[]",
        "LongMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:long",
        "ProcessorFunction": PROCESSOR,
        "DeadLetterQueueUrl": dead_letters,
    }
    times = {"ProcessTimeoutSeconds": 31, "WorkflowTimeoutSeconds": 211, "LeaseSeconds": 221}
    limits = {"RetryUntilSeconds": 100, "MaxDeliveries": 5, "RetentionSeconds": 3600}
    return create(json.dumps(load_definition(values | times | limits)), name="taskline")


def record(task_id: str) -> dict[str, Any]:
    """The task's record, without the type names of DynamoDB."""
    item = client("dynamodb").get_item(TableName=TABLE, Key={"task_id": {"S": task_id}})["Item"]
    return {name: next(iter(value.values())) for name, value in item.items()}


def letters(queue: str) -> list[dict[str, Any]]:
    received = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in received.get("Messages", [])]


def deliver(machine: str, task_id: str, kind: str = "demo.echo", **data: Any) -> str:
    return start(machine, message(task(task_id, kind, **data)))["status"]


@pytest.fixture
def task_id() -> str:
    return str(uuid.uuid4())


def test_a_task_is_claimed_processed_and_recorded(express: SyncExecutions, machine: str, task_id: str) -> None:
    assert deliver(machine, task_id, answer=42) == "SUCCEEDED"
    assert express.last.states == [
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    ]
    assert (record(task_id)["status"], json.loads(record(task_id)["result"])) == ("succeeded", {"answer": 42})


def test_a_second_delivery_has_no_second_effect(express: SyncExecutions, machine: str, task_id: str) -> None:
    deliver(machine, task_id)
    before = record(task_id)
    assert deliver(machine, task_id) == "SUCCEEDED"
    assert express.last.states == [
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "LookUpTask",
        "DecideOnDuplicate",
        "AlreadyDone",
    ]
    assert record(task_id) == before


def test_a_permanent_failure_becomes_a_dead_letter(machine: str, task_id: str, dead_letters: str) -> None:
    assert deliver(machine, task_id, "demo.flaky", probability=1, error_class="VALIDATION") == "SUCCEEDED"
    (letter,) = letters(dead_letters)
    assert (letter["task_id"], letter["error"]["class"]) == (task_id, "VALIDATION")
    assert record(task_id)["status"] == "failed"


def test_transient_failures_are_retried_on_the_virtual_clock(
    express: SyncExecutions, machine: str, task_id: str, dead_letters: str
) -> None:
    deliver(machine, task_id, "demo.flaky", probability=1, error_class="NETWORK")
    assert (record(task_id)["status"], record(task_id)["attempts"]) == ("failed", "4")
    assert express.last.states.count("ProcessTask") == 4
    assert len(letters(dead_letters)) == 1


def test_without_its_processor_the_message_returns_to_the_queue(
    express: SyncExecutions, machine: str, task_id: str, dead_letters: str
) -> None:
    del express.functions["processor"]
    assert deliver(machine, task_id) == "FAILED"
    assert letters(dead_letters) == []
