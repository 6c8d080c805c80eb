"""Table and queues."""

from pathlib import Path
from typing import Any

import pytest

from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.intake.submission import MAX_BODY_BYTES
from infrastructure.pipeline.processing import receives_before_giving_up
from tests.infrastructure.recording import Resource, Stack, arn, run
from tests.infrastructure.stages import evaluated

QUEUES = ["tasks", "dead-letters"]
DAY = 24 * 3600
PROTECTED = {"tasks-table", "gates-table", "counts-table", "tasks-queue", "dead-letters-queue", "event-failures-queue"}


@pytest.fixture(scope="module")
def table(stack: Stack) -> Resource:
    return stack.one("aws:dynamodb/table:Table", "tasks-table")


def queue(stack: Stack, name: str) -> Resource:
    return stack.one("aws:sqs/queue:Queue", f"{name}-queue")


def test_the_table_is_keyed_by_task_id(table: Resource) -> None:
    assert table.inputs["hashKey"] == "task_id"
    assert {"name": "task_id", "type": "S"} in table.inputs["attributes"]
    assert "rangeKey" not in table.inputs
    assert DynamoDBRecordStore.__module__ == "functions.adapters.task_table.records", "which puts and gets by this key"


def index_of(table: Resource, name: str) -> Any:
    (index,) = (one for one in table.inputs["globalSecondaryIndexes"] if one["name"] == name)
    return index


def test_failed_tasks_are_found_by_key_in_their_original_order(table: Resource) -> None:
    index = index_of(table, "failed")
    assert index["keySchemas"] == [
        {"attributeName": "failed_key", "keyType": "HASH"},
        {"attributeName": "sequence_number", "keyType": "RANGE"},
    ]
    assert index["projectionType"] == "INCLUDE"
    assert "body" not in index["nonKeyAttributes"], "bodies are read when a task is redriven, one at a time"


@pytest.mark.parametrize(
    ("name", "hash_key"), [("by_time", "list_shard"), ("by_status", "status_shard"), ("by_key", "ordering_key")]
)
def test_tasks_are_listed_in_the_order_of_their_acceptance(table: Resource, name: str, hash_key: str) -> None:
    assert index_of(table, name) == {
        "name": name,
        "keySchemas": [
            {"attributeName": hash_key, "keyType": "HASH"},
            {"attributeName": "list_order", "keyType": "RANGE"},
        ],
        "projectionType": "KEYS_ONLY",
    }, "keys only: each further attribute would be written again at every change of status"


def test_only_keys_are_declared(table: Resource) -> None:
    indexes = table.inputs["globalSecondaryIndexes"]
    assert {index["name"] for index in indexes} == {"failed", "by_time", "by_status", "by_key"}
    keys = {key["attributeName"] for index in indexes for key in index["keySchemas"]} | {"task_id"}
    declared = [attribute["name"] for attribute in table.inputs["attributes"]]
    assert sorted(declared) == sorted(keys), "DynamoDB rejects an attribute that is not a key"


def test_the_state_machine_writes_the_keys_of_the_indexes(stack: Stack, table: Resource) -> None:
    keys = [key for index in table.inputs["globalSecondaryIndexes"] for key in index["keySchemas"]]
    definition = stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine").inputs["definition"]
    for key in keys:
        assert f"{key['attributeName']} = " in definition


@pytest.mark.parametrize(
    ("property_name", "value"),
    [
        ("billingMode", "PAY_PER_REQUEST"),
        ("pointInTimeRecovery", {"enabled": True}),
        ("ttl", {"attributeName": "expires_at", "enabled": True}),
        ("streamEnabled", True),
        ("streamViewType", "NEW_AND_OLD_IMAGES"),
        ("deletionProtectionEnabled", False),
    ],
)
def test_the_table_has_its_promised_properties(table: Resource, property_name: str, value: Any) -> None:
    assert table.inputs[property_name] == value


def test_the_table_is_encrypted_with_a_key_that_costs_nothing(table: Resource) -> None:
    assert "serverSideEncryption" not in table.inputs, "named, it would be a key that every request pays for"


def test_the_state_machine_writes_the_attribute_that_expires(stack: Stack, table: Resource) -> None:
    machine = stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine")
    assert f"{table.inputs['ttl']['attributeName']} = :expires_at" in machine.inputs["definition"]


@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize(
    ("property_name", "value"),
    [
        ("fifoQueue", True),
        ("deduplicationScope", "messageGroup"),
        ("fifoThroughputLimit", "perMessageGroupId"),
        ("contentBasedDeduplication", False),
        ("sqsManagedSseEnabled", True),
    ],
)
def test_a_queue_is_fifo_with_high_throughput_and_encrypted(
    stack: Stack, name: str, property_name: str, value: Any
) -> None:
    assert queue(stack, name).inputs[property_name] == value


@pytest.mark.parametrize("name", QUEUES)
def test_the_name_of_a_fifo_queue_says_so(stack: Stack, name: str) -> None:
    assert queue(stack, name).inputs["name"] == f"taskline-dev-{name}.fifo"


@pytest.mark.parametrize(("name", "days"), [("tasks", 4), ("dead-letters", 14)])
def test_messages_are_kept(stack: Stack, name: str, days: int) -> None:
    assert queue(stack, name).inputs["messageRetentionSeconds"] == days * DAY


def test_the_task_queue_takes_no_message_that_intake_would_refuse(stack: Stack) -> None:
    assert queue(stack, "tasks").inputs["maxMessageSize"] == MAX_BODY_BYTES


@pytest.mark.parametrize("name", ["dead-letters", "event-failures"])
def test_other_queues_take_what_sqs_takes(stack: Stack, name: str) -> None:
    """A dead letter holds the whole message, and more."""
    assert "maxMessageSize" not in queue(stack, name).inputs


def test_sqs_gives_up_a_message_only_after_days(stack: Stack) -> None:
    """The state machine counts deliveries itself: those that find no processor must not lose a task."""
    policy = queue(stack, "tasks").json("redrivePolicy")
    assert policy["deadLetterTargetArn"] == arn("sqs", "taskline-dev-dead-letters.fifo")
    assert policy["maxReceiveCount"] == 1000


@pytest.mark.parametrize("visibility", [60, 300, 3600, 12 * 3600])
def test_sqs_gives_up_a_message_before_it_would_delete_it(visibility: int) -> None:
    receives = receives_before_giving_up(visibility)
    assert 5 < receives <= 1000
    assert receives * visibility <= 3 * DAY


def test_the_dead_letter_queue_is_the_end_of_the_line(stack: Stack) -> None:
    assert "redrivePolicy" not in queue(stack, "dead-letters").inputs


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_takes_only_tls(stack: Stack, name: str) -> None:
    policy = stack.one("aws:sqs/queuePolicy:QueuePolicy", f"{name}-policy")
    (statement,) = policy.json("policy")["Statement"]
    assert policy.inputs["queueUrl"].endswith(f"/taskline-dev-{name}.fifo"), "the policy is this queue's"
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "sqs:*"
    assert statement["Resource"] == arn("sqs", f"taskline-dev-{name}.fifo")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_protected_data_cannot_be_deleted(layer: Path) -> None:
    protected = run("dev", layer, protectData=True)
    assert {one.name for one in protected if one.protect} == PROTECTED
    assert protected.one("aws:dynamodb/table:Table", "tasks-table").inputs["deletionProtectionEnabled"] is True


def test_production_protects_its_data() -> None:
    assert {one.name for one in evaluated("prod") if one.protect} == PROTECTED


def test_the_number_of_deliveries_can_be_set(layer: Path) -> None:
    machine = run("dev", layer, maxReceiveCount=7).one("aws:sfn/stateMachine:StateMachine", "workflow-machine")
    (choice,) = machine.json("definition")["States"]["DecideOnDelivery"]["Choices"]
    assert choice["Condition"] == "{% $deliveries > 7 %}"
