"""Gates as operators see and change them, on DynamoDB: the table of gates, and the records of their heads."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.adapters.gate_table.items import to_gate
from functions.adapters.gate_table.layout import CLOSED, GATE, HASH_KEY, INDEX, RANGE_KEY
from functions.tasks.errors import Unavailable
from functions.tasks.gates.model import Gate, Hold
from functions.tasks.gates.steering import GatePage, Head, Skip
from functions.tasks.model import Status
from functions.tasks.tenancy import Tenant, message_group

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_HOLD = (
    "SET ordering_key = :ordering_key, closed = :closed, closed_at = if_not_exists(closed_at, :now),"
    " parked = if_not_exists(parked, :zero), held_at = if_not_exists(held_at, :now), held_reason = :reason"
)
_LET_GO = "REMOVE held_at, held_reason"
_BEHEAD = "REMOVE head, sending, execution, handed_at, held_at, held_reason"
_HAS_HEAD = {"ConditionExpression": "head = :head"}
_HAS_NONE = {"ConditionExpression": "attribute_exists(place) AND attribute_not_exists(head)"}
_SKIPPED = "SET expires_at = :expires_at, history = list_append(history, :entry)"


class DynamoDBGates:
    """`Gates` on two DynamoDB tables."""

    def __init__(self, gates_table: str, task_table: str, client: "DynamoDBClient | None" = None) -> None:
        self._gates = gates_table
        self._tasks = task_table
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def find(self, ordering_key: str, tenant: Tenant) -> Gate | None:
        """GetItem, strongly consistent. The state machine does not write whose key it is."""
        key = _key(message_group(tenant, ordering_key))
        with unavailable_on_failure("the table of gates"):
            response = self._client.get_item(TableName=self._gates, Key=key, ConsistentRead=True)
        return replace(to_gate(response["Item"]), tenant=tenant) if "Item" in response else None

    def hold(self, ordering_key: str, tenant: Tenant, hold: Hold) -> None:
        """One update, which creates the gate if there is none."""
        values: dict[str, Any] = {
            ":ordering_key": {"S": ordering_key},
            ":closed": {"S": CLOSED},
            ":now": {"S": hold.at},
            ":zero": {"N": "0"},
            ":reason": {"S": hold.reason},
            **({} if tenant is None else {":tenant": {"S": tenant}}),
        }
        with unavailable_on_failure("the table of gates"):
            self._client.update_item(
                TableName=self._gates,
                Key=_key(message_group(tenant, ordering_key)),
                UpdateExpression=_HOLD if tenant is None else f"{_HOLD}, tenant = :tenant",
                ExpressionAttributeValues=values,
            )

    def let_go(self, gate: Gate) -> bool:
        """One conditional update."""
        return self._update(gate, _LET_GO)

    def behead(self, gate: Gate) -> bool:
        """One conditional update."""
        return self._update(gate, _BEHEAD)

    def skip(self, gate: Gate, skip: Skip) -> bool:
        """One transaction of the gate and the record. The history says what happened, in texts only: so every release
        can read it.
        """
        entry = {
            "status": {"S": Status.FAILED},
            "at": {"S": skip.at},
            "skipped_by": {"S": skip.by},
            "reason": {"S": skip.reason},
        }
        record: dict[str, Any] = {
            "TableName": self._tasks,
            "Key": {"task_id": {"S": gate.head}},
            "UpdateExpression": _SKIPPED,
            "ConditionExpression": "#status = :failed",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":failed": {"S": Status.FAILED},
                ":expires_at": {"N": str(skip.expires_at)},
                ":entry": {"L": [{"M": entry}]},
            },
        }
        updates: Any = [{"Update": self._change(gate, _BEHEAD)}, {"Update": record}]
        with unavailable_on_failure("the table of gates"):
            try:
                self._client.transact_write_items(TransactItems=updates)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = [reason.get("Code") for reason in cancelled.response.get("CancellationReasons", [])]
                if not {"ConditionalCheckFailed", "TransactionConflict"} & set(reasons):
                    raise
                return False
        return True

    def closed(self, after: str | None, limit: int) -> GatePage:
        """Query the index, which lags a moment behind, and read the gates that it names, strongly consistent."""
        request: dict[str, Any] = {"ExclusiveStartKey": _start(after)} if after is not None else {}
        with unavailable_on_failure("the table of gates"):
            response: Mapping[str, Any] = self._client.query(
                TableName=self._gates,
                IndexName=INDEX,
                KeyConditionExpression="closed = :closed",
                ExpressionAttributeValues={":closed": {"S": CLOSED}},
                Limit=limit,
                **request,
            )
        gates = self._batch(self._gates, [{name: item[name] for name in _key("")} for item in response["Items"]])
        return GatePage(
            gates=sorted(map(to_gate, gates), key=lambda gate: (gate.closed_at, gate.ordering_key)),
            following=_following(response.get("LastEvaluatedKey", {})),
        )

    def heads(self, task_ids: Collection[str]) -> Mapping[str, Head]:
        """BatchGetItem, strongly consistent."""
        keys = [{"task_id": {"S": task_id}} for task_id in sorted(set(task_ids))]
        return {
            item["task_id"]["S"]: Head(
                status=Status(item["status"]["S"]),
                tenant=item.get("tenant", {}).get("S"),
                cancel_requested_at=item.get("cancel_requested_at", {}).get("S"),
            )
            for item in self._batch(self._tasks, keys, ("task_id", "status", "tenant", "cancel_requested_at"))
        }

    def _update(self, gate: Gate, expression: str) -> bool:
        with unavailable_on_failure("the table of gates"):
            try:
                self._client.update_item(**self._change(gate, expression))
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _change(self, gate: Gate, expression: str) -> dict[str, Any]:
        """An update of the gate, on condition that it still has this head, or none."""
        condition: dict[str, Any] = dict(_HAS_NONE)
        if gate.head is not None:
            condition = {**_HAS_HEAD, "ExpressionAttributeValues": {":head": {"S": gate.head}}}
        return {"TableName": self._gates, "Key": _key(gate.group), "UpdateExpression": expression, **condition}

    def _batch(self, table: str, keys: list[Any], names: tuple[str, ...] = ()) -> list[Mapping[str, Any]]:
        """All items with these keys; of each only the attributes with these names, if some are given."""
        found: list[Mapping[str, Any]] = []
        projection: dict[str, Any] = {}
        if names:
            aliases = {f"#{name}": name for name in names}
            projection = {"ProjectionExpression": ", ".join(aliases), "ExpressionAttributeNames": aliases}
        while keys:
            request: Any = {table: {"Keys": keys, "ConsistentRead": True, **projection}}
            with unavailable_on_failure("the tables of gates and tasks"):
                response = self._client.batch_get_item(RequestItems=request)
            unprocessed: Any = response.get("UnprocessedKeys", {})
            left: list[Any] = unprocessed[table]["Keys"] if unprocessed else []
            if len(left) == len(keys):
                raise Unavailable("a table returned none of the requested items")
            found += response["Responses"].get(table, [])
            keys = left
        return found


def _key(group: str) -> Any:
    return {HASH_KEY: {"S": group}, RANGE_KEY: {"S": GATE}}


def _following(last: Mapping[str, Any]) -> str | None:
    return json.dumps([last["closed_at"]["S"], last[HASH_KEY]["S"]]) if last else None


def _start(place: str) -> Any:
    closed_at, group = json.loads(place)
    return {**_key(group), "closed": {"S": CLOSED}, "closed_at": {"S": closed_at}}
