"""Parked tasks, as the gatekeeper releases them, on DynamoDB: the table of gates, and the records of the tasks."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.adapters.gate_table.items import to_gate
from functions.adapters.gate_table.layout import GATE, HASH_KEY, PARKED, RANGE_KEY
from functions.adapters.task_table.indexes import status_shard
from functions.tasks.clock import timestamp
from functions.tasks.gates.model import SETTLED, Gate
from functions.tasks.gates.releasing import Message, Place
from functions.tasks.model import Status

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_RELEASES = "attribute_exists(place) AND attribute_not_exists(head) AND attribute_not_exists(held_at)"
_RELEASED = (
    "SET #status = :queued, status_shard = :status_shard, redrive_id = :redrive_id,"
    " history = list_append(history, :entry)"
)
_TAKEN_BACK = (
    "SET #status = :queued, status_shard = :status_shard, redrive_id = :message_id,"
    " history = list_append(history, :entry) REMOVE lease_owner, lease_until"
)
_CANCELLED = (
    "SET #status = :cancelled, status_shard = :status_shard, finished_at = :now, expires_at = :expires_at,"
    " history = list_append(history, :entry) REMOVE failed_key, lease_owner, lease_until, deliveries, sequence_number"
)
LET_GO = "REMOVE head, sending, execution, handed_at"
AGAIN = "-again-"
"""In the id of a message that is sent for a head whose execution has ended without an outcome."""


class DynamoDBParkedTasks:
    """`ParkedTasks` and `HandedOver` on two DynamoDB tables."""

    def __init__(
        self, gates_table: str, task_table: str, now: Callable[[], datetime], client: "DynamoDBClient | None" = None
    ) -> None:
        self._gates = gates_table
        self._tasks = task_table
        self._now = now
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def gate(self, group: str) -> Gate | None:
        """GetItem, strongly consistent."""
        item = self._get(self._gates, _key(group, GATE))
        return to_gate(item) if item else None

    def first(self, group: str) -> Place | None:
        """Query of the group's places, strongly consistent."""
        with unavailable_on_failure("the table of gates"):
            response = self._client.query(
                TableName=self._gates,
                KeyConditionExpression="#key = :group AND begins_with(place, :parked)",
                ExpressionAttributeNames={"#key": HASH_KEY},
                ExpressionAttributeValues={":group": {"S": group}, ":parked": {"S": PARKED}},
                ConsistentRead=True,
                Limit=1,
            )
        found = response["Items"]
        return Place(name=_text(found[0], RANGE_KEY), task_id=_text(found[0], "task_id")) if found else None

    def release(self, group: str, place: Place) -> bool:
        """One transaction of the gate, the place and the record."""
        record = self._get(self._tasks, {"task_id": {"S": place.task_id}})
        if _text(record, "status") != Status.PARKED:
            return False
        parks = record["parks"]
        redrive_id = {"S": f"{place.task_id}-release-{parks['N']}"}
        gate = {
            **self._gate(group, "SET head = :task_id, sending = :redrive_id, parked = parked - :one"),
            "ExpressionAttributeValues": {
                ":task_id": {"S": place.task_id},
                ":redrive_id": redrive_id,
                ":one": {"N": "1"},
            },
        }
        released = {
            "TableName": self._tasks,
            "Key": {"task_id": {"S": place.task_id}},
            "ConditionExpression": "#status = :parked AND parks = :parks",
            "UpdateExpression": _RELEASED,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":parked": {"S": Status.PARKED},
                ":parks": parks,
                ":queued": {"S": Status.QUEUED},
                ":status_shard": {"S": status_shard(Status.QUEUED, place.task_id)},
                ":redrive_id": redrive_id,
                ":entry": {"L": [{"M": {"status": {"S": Status.QUEUED}, "at": {"S": timestamp(self._now())}}}]},
            },
        }
        return self._transact({"Update": gate}, self._cleared(group, place), {"Update": released})

    def clear(self, group: str, place: Place) -> bool:
        """One transaction of the gate and the place, on condition that the record does not say that it is parked: a
        task that was redriven may be parked at its place again.
        """
        gate = {
            **self._gate(group, "SET parked = parked - :one"),
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        is_not_parked = {
            "TableName": self._tasks,
            "Key": {"task_id": {"S": place.task_id}},
            "ConditionExpression": "attribute_not_exists(task_id) OR #status <> :parked",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":parked": {"S": Status.PARKED}},
        }
        return self._transact({"Update": gate}, self._cleared(group, place), {"ConditionCheck": is_not_parked})

    def released(self, task_id: str, message_id: str) -> Message | None:
        """GetItem, strongly consistent."""
        record = self._get(self._tasks, {"task_id": {"S": task_id}})
        if _text(record, "status") == Status.QUEUED and "redrive_id" in record:
            message_id = _text(record, "redrive_id")
        elif _text(record, "status") != Status.FAILED or AGAIN not in message_id:
            return None
        return Message(task_id=task_id, body=_text(record, "body"), deduplication_id=message_id)

    def settle(self, group: str, head: str) -> bool:
        """GetItem of the record, strongly consistent, and one conditional update."""
        record = self._get(self._tasks, {"task_id": {"S": head}})
        if _text(record, "status") not in SETTLED:
            return False
        self._update(group, "head", head, LET_GO)
        return True

    def forget(self, gate: Gate) -> None:
        """One conditional update."""
        self._update(gate.group, "execution", gate.execution or "", "REMOVE execution, handed_at")

    def send_again(self, gate: Gate) -> None:
        """One transaction of the gate and the record; the gate alone if the record has an outcome."""
        assert gate.head is not None
        assert gate.execution is not None
        message_id = f"{gate.head}{AGAIN}{hashlib.sha256(gate.execution.encode()).hexdigest()[:12]}"
        changed = self._of_execution(gate, "SET sending = :message_id REMOVE execution, handed_at")
        changed["ExpressionAttributeValues"] |= {":message_id": {"S": message_id}}
        taken_back = {
            "TableName": self._tasks,
            "Key": {"task_id": {"S": gate.head}},
            "ConditionExpression": "#status = :queued OR (#status = :processing AND lease_owner = :execution)",
            "UpdateExpression": _TAKEN_BACK,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":queued": {"S": Status.QUEUED},
                ":processing": {"S": Status.PROCESSING},
                ":execution": {"S": gate.execution},
                ":status_shard": {"S": status_shard(Status.QUEUED, gate.head)},
                ":message_id": {"S": message_id},
                ":entry": {"L": [{"M": {"status": {"S": Status.QUEUED}, "at": {"S": timestamp(self._now())}}}]},
            },
        }
        if not self._transact({"Update": changed}, {"Update": taken_back}):
            record = self._get(self._tasks, {"task_id": {"S": gate.head}})
            if _text(record, "status") not in (Status.QUEUED, Status.PROCESSING):
                self._transact({"Update": changed})

    def settle_cancelled(self, gate: Gate, at: datetime, expires_at: int) -> None:
        """One transaction of the gate and the record."""
        assert gate.head is not None
        record = {
            "TableName": self._tasks,
            "Key": {"task_id": {"S": gate.head}},
            "ConditionExpression": "#status = :processing AND lease_owner = :execution",
            "UpdateExpression": _CANCELLED,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":processing": {"S": Status.PROCESSING},
                ":cancelled": {"S": Status.CANCELLED},
                ":status_shard": {"S": status_shard(Status.CANCELLED, gate.head)},
                ":execution": {"S": gate.execution},
                ":now": {"S": timestamp(at)},
                ":expires_at": {"N": str(expires_at)},
                ":entry": {"L": [{"M": {"status": {"S": Status.CANCELLED}, "at": {"S": timestamp(at)}}}]},
            },
        }
        self._transact({"Update": record}, {"Update": self._of_execution(gate, LET_GO)})

    def note_sent(self, group: str, message_id: str) -> None:
        """One conditional update."""
        self._update(group, "sending", message_id, "REMOVE sending")

    def remove(self, group: str) -> bool:
        """One conditional deletion."""
        with unavailable_on_failure("the table of gates"):
            try:
                self._client.delete_item(
                    TableName=self._gates,
                    Key=_key(group, GATE),
                    ConditionExpression=f"{_RELEASES} AND parked = :none",
                    ExpressionAttributeValues={":none": {"N": "0"}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _of_execution(self, gate: Gate, expression: str) -> dict[str, Any]:
        """A change of the gate, on condition that it has the same head and the same execution."""
        return {
            "TableName": self._gates,
            "Key": _key(gate.group, GATE),
            "ConditionExpression": "head = :head AND execution = :of",
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {":head": {"S": gate.head}, ":of": {"S": gate.execution}},
        }

    def _gate(self, group: str, expression: str) -> dict[str, Any]:
        return {
            "TableName": self._gates,
            "Key": _key(group, GATE),
            "ConditionExpression": _RELEASES,
            "UpdateExpression": expression,
        }

    def _update(self, group: str, name: str, value: str, expression: str) -> None:
        """Change the gate, unless this attribute has another value by now."""
        with unavailable_on_failure("the table of gates"):
            try:
                self._client.update_item(
                    TableName=self._gates,
                    Key=_key(group, GATE),
                    ConditionExpression=f"{name} = :value",
                    UpdateExpression=expression,
                    ExpressionAttributeValues={":value": {"S": value}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    def _cleared(self, group: str, place: Place) -> dict[str, Any]:
        """A transaction does not clear a place twice: each deletion is counted."""
        key = _key(group, place.name)
        return {"Delete": {"TableName": self._gates, "Key": key, "ConditionExpression": "attribute_exists(task_id)"}}

    def _transact(self, *writes: dict[str, Any]) -> bool:
        items: Any = list(writes)
        with unavailable_on_failure("the tables of gates and tasks"):
            try:
                self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = [reason.get("Code") for reason in cancelled.response.get("CancellationReasons", [])]
                if not {"ConditionalCheckFailed", "TransactionConflict"} & set(reasons):
                    raise
                return False
        return True

    def _get(self, table: str, key: Any) -> Mapping[str, Any]:
        with unavailable_on_failure("the tables of gates and tasks"):
            response = self._client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return response.get("Item", {})


def _key(group: str, place: str) -> Any:
    return {HASH_KEY: {"S": group}, RANGE_KEY: {"S": place}}


def _text(item: Mapping[str, Any], name: str) -> str:
    return item.get(name, {}).get("S", "")
