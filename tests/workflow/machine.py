"""Starts executions of the shipped state machine as the pipe does, and reads which path each one took."""

import json
import time
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from functions.adapters.task_table.failures import DynamoDBFailedTasks
from local.emulator.clients import Clients
from tests.workflow.engines import Break, Definition, Execution, Runner


class Bench:
    """The deployed state machine with the table, the queue and the function that it works with."""

    def __init__(self, clients: Clients, outputs: Mapping[str, Any], runner: Runner) -> None:
        self.clients = clients
        self.dynamodb = clients.get("dynamodb")
        self.sqs = clients.get("sqs")
        self.outputs = outputs
        self.arn: str = outputs["state_machine_arn"]
        self.runner = runner
        shipped = clients.stepfunctions.describe_state_machine(stateMachineArn=self.arn)
        self.definition: Definition = json.loads(shipped["definition"])
        self.role: str = shipped["roleArn"].rpartition("/")[2]
        self.processor: str = self.definition["States"]["ProcessTask"]["Arguments"]["FunctionName"].split(":")[6]
        self.seen: set[tuple[str, str]] = set()

    def run(self, message: list[dict[str, Any]], *, name: str | None = None, broken: Break | None = None) -> Execution:
        """Start a synchronous execution; `broken` injects a fault into a copy of the definition."""
        variant = None
        if broken is not None:
            variant = json.loads(json.dumps(self.definition))
            broken(variant)
        execution = self.runner.run(self.arn, variant, json.dumps(message), name or str(uuid.uuid4()))
        self.seen |= execution.transitions
        return execution

    def execution_id(self, name: str) -> str:
        """The id that an execution with this name will have."""
        return self.runner.execution_id(self.arn, name)

    def lease_owner(self, name: str) -> str:
        """What the lease of an execution with this name says: its run, which is the end of its ARN."""
        return self.execution_id(name).rpartition(":")[2]

    def record(self, task_id: str) -> dict[str, Any]:
        """The task's record, with DynamoDB's type names stripped off the top level."""
        item = self.dynamodb.get_item(
            TableName=self.outputs["table_name"], Key={"task_id": {"S": task_id}}, ConsistentRead=True
        )["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def put_record(self, task_id: str, **attributes: dict[str, Any]) -> None:
        """Write a record as an earlier execution might have left it."""
        self.dynamodb.put_item(TableName=self.outputs["table_name"], Item={"task_id": {"S": task_id}, **attributes})

    @contextmanager
    def gate(self, **attributes: dict[str, Any]) -> Generator[None]:
        """The gate of the group `key` is closed, as an earlier execution might have left it; it is open at the end."""
        table = self.definition["States"]["CheckGate"]["Arguments"]["TableName"]
        if attributes:
            item = {"key": {"S": "key"}, "place": {"S": "gate"}, **attributes}
            self.dynamodb.put_item(TableName=table, Item=item)
        try:
            yield
        finally:
            for item in self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]:
                self.dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("key", "place")})

    def redrive(self, task_id: str) -> None:
        """Mark the record as a redrive does. The test sends the message itself."""
        tasks = DynamoDBFailedTasks(self.outputs["table_name"], self.dynamodb)
        assert tasks.mark(tasks.states([task_id])[task_id], datetime.now(UTC)), "only a failed task can be redriven"

    def steal_lease(self, task_id: str) -> None:
        """Let another execution own the task's lease."""
        self.dynamodb.update_item(
            TableName=self.outputs["table_name"],
            Key={"task_id": {"S": task_id}},
            UpdateExpression="SET lease_owner = :other",
            ExpressionAttributeValues={":other": {"S": "another-execution"}},
        )

    def wait_until_processing(self, task_id: str, seconds: float = 5) -> None:
        """Return once an execution has claimed the task."""
        deadline = time.monotonic() + seconds
        while not self.is_processing(task_id):
            assert time.monotonic() < deadline, f"{task_id} was not claimed within {seconds} s"
            time.sleep(0.01)

    def is_processing(self, task_id: str) -> bool:
        """Whether an execution has claimed the task and not yet recorded its outcome."""
        key = {"task_id": {"S": task_id}}
        item = self.dynamodb.get_item(TableName=self.outputs["table_name"], Key=key).get("Item", {})
        return item.get("status", {}).get("S") == "processing"

    def dead_letters(self) -> list[dict[str, Any]]:
        """All dead letters, removed from their queue; `group` is the message group of each."""
        dead_letters: list[dict[str, Any]] = []
        url = self.outputs["dead_letter_queue_url"]
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
        ).get("Messages", []):
            for message in messages:
                dead_letters.append(json.loads(message["Body"]) | {"group": message["Attributes"]["MessageGroupId"]})
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dead_letters


def without_table(state: str) -> Break:
    """Let one state use a table that does not exist."""

    def broken(definition: Definition) -> None:
        definition["States"][state]["Arguments"]["TableName"] = "no-such-table"

    return broken


def without_a_way_to_park(definition: Definition) -> None:
    """Let another transaction interfere whenever a task is parked."""
    update = definition["States"]["ParkTask"]["Arguments"]["TransactItems"][1]["Update"]
    update["ConditionExpression"] = "attribute_exists(interference)"
    del update["ExpressionAttributeValues"][":task_id"]


def without_another_try(definition: Definition) -> None:
    """The same, and let an execution try once."""
    without_a_way_to_park(definition)
    definition["States"]["DecideOnParking"]["Choices"][0]["Condition"] = False


def without_handing_over(definition: Definition) -> None:
    """Let another transaction interfere whenever a task is handed over, and let an execution try once."""
    update = definition["States"]["HandOver"]["Arguments"]["TransactItems"][1]["Update"]
    update["ConditionExpression"] = "attribute_exists(interference)"
    definition["States"]["DecideOnParking"]["Choices"][0]["Condition"] = False


def without_long_machine(definition: Definition) -> None:
    """Let the machine of tasks that take long be gone."""
    arguments = definition["States"]["StartLongTask"]["Arguments"]
    arguments["StateMachineArn"] = arguments["StateMachineArn"].replace("long-workflow", "no-workflow")


def without_patience(definition: Definition) -> None:
    """Let a throttled task return to the queue at once."""
    definition["States"]["DecideOnThrottle"]["Choices"][0]["Condition"] = False


def without_time(definition: Definition) -> None:
    """Let an execution have no time left for a retry."""
    definition["States"]["DecideOnRetry"]["Choices"][0]["Condition"] = False


def message(
    body: Any,
    *,
    message_id: str = "11111111-2222-3333-4444-555555555555",
    group: str = "key",
    deduplication_id: str = "id",
) -> list[Any]:
    """The array of one SQS message that EventBridge Pipes sends. A body that is not a string is sent as JSON."""
    return [
        {
            "messageId": message_id,
            "receiptHandle": "handle",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": str(int(time.time() * 1000)),
                "SequenceNumber": "18849496460467696128",
                "MessageGroupId": group,
                "SenderId": "AIDAEXAMPLE",
                "MessageDeduplicationId": deduplication_id,
                "ApproximateFirstReceiveTimestamp": str(int(time.time() * 1000)),
            },
            "messageAttributes": {},
            "md5OfBody": "00000000000000000000000000000000",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:taskline-dev-tasks.fifo",
            "awsRegion": "us-east-1",
        }
    ]


def task(task_id: str, task_type: str = "demo.echo", **data: Any) -> dict[str, Any]:
    """The body of a message."""
    return {
        "title": "t",
        "description": "d",
        "priority": "low",
        "type": task_type,
        "data": data,
        "ordering_key": "key",
        "task_id": task_id,
        "created_at": "2026-01-01T00:00:00.000Z",
    }
