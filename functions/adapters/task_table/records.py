"""The task table on DynamoDB: one item per task, keyed by `task_id`.

The state machine writes the same items (`statemachine/task.asl.json`); the attribute names are the same.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import (
    CORRELATION_ID,
    CorrelationId,
    new_client,
    no_correlation,
    unavailable_on_failure,
)
from functions.adapters.task_table.indexes import list_keys, status_shard
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.tenancy import View

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


# A redriven task that is cancelled also leaves the index of failed tasks: its redrive is over.
_CANCEL = (
    "SET #status = :cancelled, status_shard = :status_shard, finished_at = :now, expires_at = :expires_at,"
    " history = list_append(history, :entry) REMOVE failed_key"
)


class DynamoDBRecordStore:
    """`RecordStore` and `CancellableRecords` on a DynamoDB table.

    A new record has the id of the current request, if there is one: the line about the task's end has it, too.
    """

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient | None" = None,
        correlation_id: CorrelationId = no_correlation,
    ) -> None:
        self._table = table_name
        self._correlation_id = correlation_id
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def put_new(self, record: Record) -> Record:
        """Put the item on condition that its id is new, or read the existing one.

        That may be our own: the SDK retries when a reply is lost. `Unavailable` when it expired in between.
        """
        with unavailable_on_failure("the task table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_to_item(record, self._correlation_id()),
                    ConditionExpression="attribute_not_exists(task_id)",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                kept = self.get(record.task_id)
                if kept is None:
                    raise Unavailable(f"the record of {record.task_id} expired before it could be read back") from None
                return kept
        return record

    def get(self, task_id: str) -> Record | None:
        """Read the item, strongly consistent: after a 202, a client finds its task."""
        with unavailable_on_failure("the task table"):
            response = self._client.get_item(
                TableName=self._table, Key={"task_id": {"S": task_id}}, ConsistentRead=True
            )
        return _from_item(response["Item"]) if "Item" in response else None

    def cancel(self, task_id: str, view: View, *, at: str, expires_at: int) -> Record | None:
        """One conditional update. If an execution claims the task at the same time, exactly one of them wins."""
        return self._change(
            task_id,
            view,
            ConditionExpression="(#status = :queued OR #status = :parked)",
            UpdateExpression=_CANCEL,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":queued": {"S": Status.QUEUED},
                ":parked": {"S": Status.PARKED},
                ":cancelled": {"S": Status.CANCELLED},
                ":status_shard": {"S": status_shard(Status.CANCELLED, task_id)},
                ":now": {"S": at},
                ":expires_at": {"N": str(expires_at)},
                ":entry": {"L": [{"M": {"status": {"S": Status.CANCELLED}, "at": {"S": at}}}]},
            },
        )

    def request_cancel(self, task_id: str, view: View, *, at: str) -> Record | None:
        """One conditional update; a repeated request changes nothing."""
        return self._change(
            task_id,
            view,
            ConditionExpression="#status = :processing AND attribute_exists(#long)",
            UpdateExpression="SET cancel_requested_at = if_not_exists(cancel_requested_at, :now)",
            ExpressionAttributeNames={"#status": "status", "#long": "long"},
            ExpressionAttributeValues={":processing": {"S": Status.PROCESSING}, ":now": {"S": at}},
        )

    def _change(self, task_id: str, view: View, **update: Any) -> Record | None:
        """The record after an update whose condition holds for a task in the view; None if it does not."""
        visible, values = _visible(view)
        update["ConditionExpression"] += visible
        update["ExpressionAttributeValues"] |= values
        with unavailable_on_failure("the task table"):
            try:
                response = self._client.update_item(
                    TableName=self._table, Key={"task_id": {"S": task_id}}, ReturnValues="ALL_NEW", **update
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return _from_item({**response["Attributes"]})


def _visible(view: View) -> tuple[str, dict[str, Any]]:
    """The condition that a task is in the view, and its values."""
    if view.everything:
        return "", {}
    if view.tenant is None:
        return " AND attribute_not_exists(tenant)", {}
    return " AND tenant = :tenant", {":tenant": {"S": view.tenant}}


def _to_item(record: Record, request: str | None) -> dict[str, Any]:
    item: dict[str, Any] = {
        "task_id": {"S": record.task_id},
        "status": {"S": record.status},
        "ordering_key": {"S": record.ordering_key},
        "type": {"S": record.type},
        "priority": {"S": record.priority},
        "created_at": {"S": record.created_at},
        "body": {"S": record.body},
        "attempts": {"N": str(record.attempts)},
        "history": {"L": [{"M": {name: {"S": text} for name, text in entry.items()}} for entry in record.history]},
        **list_keys(record.task_id, record.created_at, record.tenant),
    }
    optional = {
        "request_hash": record.request_hash,
        "tenant": record.tenant,
        "batch_id": record.batch_id,
        CORRELATION_ID: request,
    }
    return item | {name: {"S": text} for name, text in optional.items() if text is not None}


def _from_item(item: dict[str, Any]) -> Record:
    def text(name: str) -> str:
        return item[name]["S"]

    def optional(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return Record(
        task_id=text("task_id"),
        status=Status(text("status")),
        ordering_key=text("ordering_key"),
        type=text("type"),
        priority=text("priority"),
        created_at=text("created_at"),
        body=text("body"),
        attempts=int(item["attempts"]["N"]),
        started_at=first_start(item),
        finished_at=optional("finished_at"),
        result=optional("result"),
        error=_texts(item["error"]["M"]) if "error" in item else None,
        history=tuple(_from_entry(entry["M"]) for entry in item["history"]["L"]),
        redrives=int(item["redrives"]["N"]) if "redrives" in item else 0,
        request_hash=optional("request_hash"),
        tenant=optional("tenant"),
        batch_id=optional("batch_id"),
        progress=_from_entry(item["progress"]["M"]) if "progress" in item else None,
        cancel_requested_at=optional("cancel_requested_at"),
    )


def first_start(item: Mapping[str, Any]) -> str | None:
    """When the task was first claimed, by its history. Records of earlier releases have it as an attribute."""
    if "started_at" in item:
        return item["started_at"]["S"]
    steps = (entry["M"] for entry in item["history"]["L"])
    return next((step["at"]["S"] for step in steps if step["status"]["S"] == Status.PROCESSING), None)


def _from_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """A step of the history: strings, and for failed runs also numbers and errors."""
    return {name: _from_value(value) for name, value in entry.items()}


def _from_value(value: dict[str, Any]) -> Any:
    if "N" in value:
        return json.loads(value["N"])
    return _texts(value["M"]) if "M" in value else value["S"]


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: value["S"] for name, value in attributes.items()}
