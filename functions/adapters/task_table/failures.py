"""Failed tasks in the task table: found through the sparse index `failed`, marked and settled in the records.

The state machine writes `failed_key` when a task fails and removes it when it succeeds; redrive removes it once the
message is sent. The index (`infrastructure/pipeline/table.py`) holds what `TaskState` needs, without the bodies.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3

from functions.adapters.clients import CONFIG, unavailable_on_failure
from functions.adapters.task_table.failed_index import INDEX, INDEXED
from functions.adapters.task_table.indexes import status_shard
from functions.tasks.clock import timestamp
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status
from functions.tasks.redrive.state import KeysPage, Mark, TaskState, redrive_id

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_STATE = (*INDEXED, "task_id", "ordering_key", "sequence_number", "lease_until", "redriven_at", "failed_key")
_PAGE = 200
_MAX_ERROR_CHARACTERS = 256  # per message in the history: a record is limited to 400 KB in total
_FROM_FAILED = "#status = :failed"
_FROM_UNDELIVERED = "(#status = :queued OR (#status = :processing AND lease_until < :now_ms))"
_MARK = (
    "SET #status = :queued, status_shard = :status_shard, redrives = :redrives, redrive_id = :redrive_id,"
    " redriven_at = :now, failed_key = ordering_key, history = list_append(history, :entry)"
    " REMOVE #error, finished_at, expires_at, deliveries, progress, cancel_requested_at"
)


class DynamoDBFailedTasks:
    """`FailedTasks` on a DynamoDB table."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or boto3.client("dynamodb", config=CONFIG)

    def states(self, task_ids: Collection[str]) -> Mapping[str, TaskState]:
        """BatchGetItem, strongly consistent. A response with unprocessed keys counts as none."""
        if not task_ids:
            return {}
        names = {f"#{name}": name for name in _STATE}
        request = {
            "Keys": [{"task_id": {"S": task_id}} for task_id in sorted(set(task_ids))],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        with unavailable_on_failure("the task table"):
            response = self._client.batch_get_item(RequestItems={self._table: request})  # pyright: ignore[reportArgumentType]
        if response.get("UnprocessedKeys"):
            raise Unavailable("the task table did not process all keys")
        return {state.task_id: state for state in map(_to_state, response["Responses"][self._table])}

    def of_key(self, ordering_key: str) -> Iterator[TaskState]:
        """Query the index, in the order of sequence numbers."""
        start: dict[str, Any] = {}
        while True:
            with unavailable_on_failure("the task table"):
                response = self._client.query(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression="failed_key = :key",
                    ExpressionAttributeValues={":key": {"S": ordering_key}},
                    **start,
                )
            yield from map(_to_state, response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def keys(self, page: str | None) -> KeysPage:
        """Scan the index for keys. A key whose tasks started on the previous page belongs to that page."""
        start: dict[str, str] = json.loads(page) if page else {}
        request: dict[str, Any] = {"IndexName": INDEX, "ProjectionExpression": "failed_key", "Limit": _PAGE}
        if start:
            request["ExclusiveStartKey"] = {name: {"S": value} for name, value in start.items()}
        with unavailable_on_failure("the task table"):
            response: Mapping[str, Any] = self._client.scan(TableName=self._table, **request)
        found = {_text(item, "failed_key") for item in response["Items"]} - {start.get("failed_key", "")}
        after: Mapping[str, Any] = response.get("LastEvaluatedKey", {})
        last = {name: _text(after, name) for name in after}
        return KeysPage(keys=tuple(sorted(found)), next_page=json.dumps(last) if last else None)

    def mark(self, state: TaskState, now: datetime) -> Mark | None:
        """One conditional update. Only a redrive changes the number of redrives, so it identifies the state."""
        redrives = state.redrives + 1
        condition, seen = _unchanged(state, now)
        marked: dict[str, Any] = {
            ":queued": {"S": Status.QUEUED},
            ":status_shard": {"S": status_shard(Status.QUEUED, state.task_id)},
            ":redrives": {"N": str(redrives)},
            ":redrive_id": {"S": redrive_id(state.task_id, redrives)},
            ":now": {"S": timestamp(now)},
            ":entry": {"L": [{"M": _entry(state, now)}]},
        }
        response = self._update(
            state.task_id,
            UpdateExpression=_MARK,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status", "#error": "error"},
            ExpressionAttributeValues=marked | seen,
            ReturnValues="ALL_NEW",
        )
        return _to_mark(response["Attributes"]) if response else None

    def interrupted(self, task_id: str) -> Mark | None:
        """GetItem, strongly consistent."""
        with unavailable_on_failure("the task table"):
            response = self._client.get_item(
                TableName=self._table, Key={"task_id": {"S": task_id}}, ConsistentRead=True
            )
        item = response.get("Item", {})
        marked = item.keys() >= {"failed_key", "redrives"} and _text(item, "status") == Status.QUEUED
        return _to_mark(item) if marked else None

    def settle(self, mark: Mark) -> None:
        """Remove the task from the index, unless it has failed or was redriven again."""
        try:
            self._update(
                mark.task_id,
                UpdateExpression="REMOVE failed_key",
                ConditionExpression="redrives = :redrives AND (#status = :queued OR #status = :processing)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":redrives": {"N": str(mark.redrives)},
                    ":queued": {"S": Status.QUEUED},
                    ":processing": {"S": Status.PROCESSING},
                },
            )
        except Unavailable:
            return

    def _update(self, task_id: str, **request: Any) -> dict[str, Any] | None:
        """UpdateItem; None when the condition is not met."""
        with unavailable_on_failure("the task table"):
            try:
                response = self._client.update_item(TableName=self._table, Key={"task_id": {"S": task_id}}, **request)
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return {**response}


def _unchanged(state: TaskState, now: datetime) -> tuple[str, dict[str, Any]]:
    """The condition that the record is as it was seen, and its values."""
    values: dict[str, Any]
    if state.status is Status.FAILED:
        condition, values = _FROM_FAILED, {":failed": {"S": Status.FAILED}}
    else:
        now_ms = str(int(now.timestamp() * 1000))
        condition = _FROM_UNDELIVERED
        values = {":processing": {"S": Status.PROCESSING}, ":now_ms": {"N": now_ms}}
    if not state.redrives:
        return f"{condition} AND attribute_not_exists(redrives)", values
    return f"{condition} AND redrives = :before", values | {":before": {"N": str(state.redrives)}}


def _entry(state: TaskState, now: datetime) -> dict[str, Any]:
    """The history keeps why the task had failed, because the update removes the record's `error`."""
    entry: dict[str, Any] = {"status": {"S": Status.QUEUED}, "at": {"S": timestamp(now)}}
    if state.error:
        shortened = {**state.error, "message": state.error.get("message", "")[:_MAX_ERROR_CHARACTERS]}
        entry["error"] = {"M": {name: {"S": text} for name, text in shortened.items()}}
    return entry


def _to_mark(item: Mapping[str, Any]) -> Mark:
    return Mark(
        task_id=_text(item, "task_id"),
        ordering_key=_text(item, "ordering_key"),
        tenant=_text(item, "tenant") or None,
        body=_text(item, "body"),
        redrives=_number(item, "redrives"),
    )


def _to_state(item: Mapping[str, Any]) -> TaskState:
    """From a record, or from the index, where the ordering key is `failed_key`."""
    error = item.get("error", {}).get("M", {})
    redriven_at = _text(item, "redriven_at")
    return TaskState(
        task_id=_text(item, "task_id"),
        ordering_key=_text(item, "ordering_key") or _text(item, "failed_key"),
        status=Status(_text(item, "status")),
        type=_text(item, "type"),
        created_at=_text(item, "created_at"),
        attempts=_number(item, "attempts"),
        redrives=_number(item, "redrives"),
        sequence_number=_text(item, "sequence_number") or None,
        error={name: value["S"] for name, value in error.items() if "S" in value},
        failed_at=_text(item, "finished_at") or None,
        lease_until=_number(item, "lease_until"),
        redriven_at=datetime.fromisoformat(redriven_at) if redriven_at else None,
        unsettled="failed_key" in item and _text(item, "status") == Status.QUEUED,
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    return item.get(name, {}).get("S", "")


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item.get(name, {}).get("N", 0))
