"""Counters in DynamoDB, and the position up to which each shard of the stream is counted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.adapters.count_table.layout import item_key, position_key
from functions.tasks.counting.cells import OPEN_TASKS, Cell, Kind
from functions.tasks.counting.keeping import Addition
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# A stream keeps its records for a day: nothing of a shard comes again later than that.
KEEP_POSITION = timedelta(days=3)
# Minutes for as long as well: lists of open tasks see by them what is counted (`functions/tasks/listing/opened.py`).
KEEP_BUCKET = {Kind.MINUTE: timedelta(hours=26), Kind.HOUR: timedelta(hours=26)}
_EMPTY = " AND ".join(f"(attribute_not_exists({status}) OR {status} = :zero)" for status in Status)
_NOTHING_OPEN = f"attribute_not_exists(#{OPEN_TASKS}) OR #{OPEN_TASKS} = :zero"
_START = {Kind.MINUTE: "%Y-%m-%dT%H:%M", Kind.HOUR: "%Y-%m-%dT%H"}


class DynamoDBCounts:
    """`Counts` on a DynamoDB table. `pause` waits for a moment before another try, at random."""

    def __init__(
        self,
        table_name: str,
        *,
        now: Callable[[], datetime],
        pause: Callable[[], None],
        client: "DynamoDBClient | None" = None,
    ) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")
        self._now = now
        self._pause = pause

    def position(self, shard: str) -> int | None:
        """GetItem, strongly consistent."""
        with unavailable_on_failure("the table of counts"):
            response = self._client.get_item(TableName=self._table, Key=position_key(shard), ConsistentRead=True)
        item: Mapping[str, Any] | None = response.get("Item")
        return int(item["position"].get("S", "")) if item else None

    def add(self, addition: Addition) -> bool:
        """One transaction. When another one interferes, wait a moment."""
        updates = [{"Update": self._position(addition)}]
        for cell, amounts in addition.amounts.items():
            if changed := {name: amount for name, amount in amounts.items() if amount}:
                updates.append({"Update": self._update(cell, changed, addition.shard)})
        with unavailable_on_failure("the table of counts"):
            try:
                self._client.transact_write_items(TransactItems=updates)  # pyright: ignore[reportArgumentType]
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = [reason.get("Code") for reason in cancelled.response.get("CancellationReasons", [])]
                if not {"ConditionalCheckFailed", "TransactionConflict"} & set(reasons):
                    raise
                self._pause()
                return False
        return True

    def drop_empty(self, cells: Sequence[Cell]) -> None:
        """DeleteItem, on condition that every number is zero: of a cell of open tasks, that of all of them."""
        for cell in cells:
            try:
                self._drop_if_empty(cell)
            except Unavailable:
                return

    def _drop_if_empty(self, cell: Cell) -> None:
        condition: dict[str, Any] = {"ConditionExpression": _EMPTY}
        if cell.kind is Kind.OPEN:
            condition = {
                "ConditionExpression": _NOTHING_OPEN,
                "ExpressionAttributeNames": {f"#{OPEN_TASKS}": OPEN_TASKS},
            }
        with unavailable_on_failure("the table of counts"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=item_key(cell, ""),
                    ExpressionAttributeValues={":zero": {"N": "0"}},
                    **condition,
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    def _position(self, addition: Addition) -> dict[str, Any]:
        values = {":until": {"S": str(addition.until)}, ":expires_at": _seconds(self._now() + KEEP_POSITION)}
        before = {} if addition.after is None else {":after": {"S": str(addition.after)}}
        return {
            "TableName": self._table,
            "Key": position_key(addition.shard),
            "UpdateExpression": "SET #position = :until, expires_at = :expires_at",
            "ConditionExpression": "#position = :after" if before else "attribute_not_exists(#position)",
            "ExpressionAttributeNames": {"#position": "position"},
            "ExpressionAttributeValues": values | before,
        }

    def _update(self, cell: Cell, amounts: Mapping[str, int], shard: str) -> dict[str, Any]:
        names = {f"#{number}": name for number, name in enumerate(amounts)}
        values: dict[str, Any] = {f":{number}": {"N": str(amount)} for number, amount in enumerate(amounts.values())}
        steps = [f"#{number} = if_not_exists(#{number}, :zero) + :{number}" for number in range(len(amounts))]
        values[":zero"] = {"N": "0"}
        if cell.kind in KEEP_BUCKET:
            steps.append("expires_at = :expires_at")
            values[":expires_at"] = _seconds(_start(cell) + KEEP_BUCKET[cell.kind])
        return {
            "TableName": self._table,
            "Key": item_key(cell, shard),
            "UpdateExpression": f"SET {', '.join(steps)}",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }


def _start(cell: Cell) -> datetime:
    return datetime.strptime(cell.subject, _START[cell.kind]).replace(tzinfo=UTC)


def _seconds(moment: datetime) -> dict[str, str]:
    return {"N": str(int(moment.timestamp()))}
