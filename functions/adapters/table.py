"""The task table on DynamoDB: one item a task, keyed by `task_id`.

The state machine writes the same items (`statemachine/task.asl.json`); the attribute names here are its names.
"""

from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status
from functions.tasks.record import Record

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class DynamoDBRecordStore:
    """`RecordStore` on a DynamoDB table."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def put_new(self, record: Record) -> Record:
        """Put the item on condition that its id is new, or read the one that is there.

        That may be our own: the SDK tries again when a reply was lost. `Unavailable` when it expired in between.
        """
        with unavailable_on_failure("the task table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_to_item(record),
                    ConditionExpression="attribute_not_exists(task_id)",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                kept = self.get(record.task_id)
                if kept is None:
                    raise Unavailable(f"the record of {record.task_id} went away while it was looked at") from None
                return kept
        return record

    def get(self, task_id: str) -> Record | None:
        """Read the item, strongly consistent: a client that was answered 202 finds its task."""
        with unavailable_on_failure("the task table"):
            answer = self._client.get_item(TableName=self._table, Key={"task_id": {"S": task_id}}, ConsistentRead=True)
        return _from_item(answer["Item"]) if "Item" in answer else None


def _to_item(record: Record) -> dict[str, Any]:
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
    }
    return item if record.request_hash is None else item | {"request_hash": {"S": record.request_hash}}


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
        started_at=optional("started_at"),
        finished_at=optional("finished_at"),
        result=optional("result"),
        error=_texts(item["error"]["M"]) if "error" in item else None,
        history=tuple(_from_entry(entry["M"]) for entry in item["history"]["L"]),
        redrives=int(item["redrives"]["N"]) if "redrives" in item else 0,
        request_hash=optional("request_hash"),
    )


def _from_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """A step of the history: texts, and the error of a failure that was put back."""
    return {name: _texts(value["M"]) if "M" in value else value["S"] for name, value in entry.items()}


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: value["S"] for name, value in attributes.items()}
