"""Failure patterns in DynamoDB: one item per pattern, and one per counted event.

Counting writes both in one transaction, so that an event counts once however often it is delivered.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.tasks.alerts.patterns import MAX_EXAMPLES, Failure, Kind, Pattern
from functions.tasks.errors import Unavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# Lambda retries a stream's records for at most a day, so an event may come again for that long.
REMEMBER_FOR = timedelta(days=1)
CLAIM_FOR = timedelta(seconds=30)
MAX_TRIES = 8


class DynamoDBPatternStore:
    """`PatternStore` on a DynamoDB table."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def count(self, failure: Failure, *, now: datetime, window: timedelta) -> bool:
        """Remember the event and count it, both or neither; retry when another writer or a new window interferes."""
        for _ in range(MAX_TRIES):
            change = self._counter_update(failure, now, window)
            with unavailable_on_failure("the table of failure patterns"):
                try:
                    self._client.transact_write_items(TransactItems=[self._remember(failure, now), {"Update": change}])
                except self._client.exceptions.TransactionCanceledException as cancelled:
                    reasons = [reason.get("Code") for reason in cancelled.response.get("CancellationReasons", [])]
                    if reasons[:1] == ["ConditionalCheckFailed"]:
                        return False
                    continue
            return True
        raise Unavailable("the table of failure patterns is too contended")

    def claim_alert(self, kind: Kind, *, now: datetime, threshold: int) -> Pattern | None:
        """Claim it on condition that the window has enough failures, is not reported, and not claimed recently."""
        with unavailable_on_failure("the table of failure patterns"):
            try:
                item = self._client.update_item(
                    TableName=self._table,
                    Key=_key(kind),
                    UpdateExpression="SET claimed_until = :claimed_until",
                    ConditionExpression="failures >= :threshold AND attribute_not_exists(told_at) "
                    "AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
                    ExpressionAttributeValues={
                        ":claimed_until": _seconds(now + CLAIM_FOR),
                        ":now": _seconds(now),
                        ":threshold": {"N": str(threshold)},
                    },
                    ReturnValues="ALL_NEW",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return _pattern(kind, item.get("Attributes", {}))

    def mark_reported(self, pattern: Pattern, *, now: datetime) -> None:
        """Note it, unless another window has replaced this one meanwhile."""
        with unavailable_on_failure("the table of failure patterns"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(pattern.kind),
                    UpdateExpression="SET told_at = :now REMOVE claimed_until",
                    ConditionExpression="#until = :until",
                    ExpressionAttributeNames={"#until": "until"},
                    ExpressionAttributeValues={":now": _seconds(now), ":until": _seconds(pattern.until)},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    def _remember(self, failure: Failure, now: datetime) -> Any:
        return {
            "Put": {
                "TableName": self._table,
                "Item": {"id": {"S": f"event#{failure.event_id}"}, "expires_at": _seconds(now + REMEMBER_FOR)},
                # DynamoDB deletes expired items within days; until then they are ignored.
                "ConditionExpression": "attribute_not_exists(id) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": _seconds(now)},
            }
        }

    def _counter_update(self, failure: Failure, now: datetime, window: timedelta) -> Any:
        """One more failure in the open window, or the first of a new one, on condition that this is still so."""
        with unavailable_on_failure("the table of failure patterns"):
            response = self._client.get_item(TableName=self._table, Key=_key(failure.kind), ConsistentRead=True)
        item: dict[str, Any] | None = response.get("Item")
        common = {
            "TableName": self._table,
            "Key": _key(failure.kind),
            "ExpressionAttributeNames": {"#until": "until"},
        }
        if item is None or int(item["until"]["N"]) <= now.timestamp():
            return common | _opening(failure, now, window)
        return common | _counting(failure, item)


def _opening(failure: Failure, now: datetime, window: timedelta) -> dict[str, Any]:
    until = now + window
    return {
        "UpdateExpression": "SET failures = :one, since = :since, #until = :until, examples = :examples, "
        "message = :message, expires_at = :expires_at REMOVE told_at, claimed_until",
        "ConditionExpression": "attribute_not_exists(id) OR #until <= :now",
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":since": {"S": failure.at},
            ":until": _seconds(until),
            ":examples": {"L": [{"S": failure.task_id}]},
            ":message": {"S": failure.message},
            ":expires_at": _seconds(until + REMEMBER_FOR),
            ":now": _seconds(now),
        },
    }


def _counting(failure: Failure, item: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {":one": {"N": "1"}, ":until": item["until"]}
    example = ""
    if len(item["examples"]["L"]) < MAX_EXAMPLES:
        values[":example"] = {"L": [{"S": failure.task_id}]}
        example = ", examples = list_append(examples, :example)"
    return {
        "UpdateExpression": f"SET failures = failures + :one{example}",
        "ConditionExpression": "#until = :until",
        "ExpressionAttributeValues": values,
    }


def _key(kind: Kind) -> Any:
    return {"id": {"S": f"pattern#{kind.type}#{kind.error_class}"}}


def _pattern(kind: Kind, item: dict[str, Any]) -> Pattern:
    return Pattern(
        kind=kind,
        failures=int(item["failures"]["N"]),
        since=item["since"]["S"],
        until=datetime.fromtimestamp(int(item["until"]["N"]), UTC),
        examples=tuple(example["S"] for example in item["examples"]["L"]),
        message=item["message"]["S"],
    )


def _seconds(moment: datetime) -> Any:
    return {"N": str(math.ceil(moment.timestamp()))}
