"""An in-memory DynamoDB table with conditional writes, for the calls that the product makes."""

from collections.abc import Callable
from typing import Any

from functions.adapters.task_table.failed_index import INDEX, INDEXED
from functions.adapters.task_table.indexes import HASH_KEYS, RANGE_KEY
from testing.services.expressions import Item, Scope, compile_condition, compile_update


class ConditionalCheckFailedError(Exception):
    """The condition of a write did not hold: nothing was written."""


class InMemoryTable:
    """Items by `task_id`. Every write is atomic and immediately visible, as in strongly consistent reads.

    `on_change` is called with each item before (None if it is new) and after a write: what the table's stream gets.
    """

    def __init__(self, on_change: Callable[[Item | None, Item], None] = lambda _before, _after: None) -> None:
        self.items: dict[str, Item] = {}
        self.on_change = on_change

    def put_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """PutItem."""
        item: Item = request["Item"]
        key = item["task_id"]["S"]
        self._check(request, self.items.get(key, {}))
        self._write(key, dict(item))
        return {}

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetItem; a projection returns the attributes that it names."""
        item = self.items.get(request["Key"]["task_id"]["S"])
        if item is None:
            return {}
        names: dict[str, str] = request.get("ExpressionAttributeNames", {})
        if projection := request.get("ProjectionExpression"):
            wanted = {names.get(name.strip(), name.strip()) for name in projection.split(",")}
            item = {name: value for name, value in item.items() if name in wanted}
        return {"Item": dict(item)}

    def update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem; creates the item if it does not exist."""
        key = request["Key"]["task_id"]["S"]
        scope = self._check(request, self.items.get(key, {}))
        changed = compile_update(request["UpdateExpression"])(scope)
        self._write(key, {**request["Key"], **changed})
        if request.get("ReturnValues") == "ALL_NEW":
            return {"Attributes": dict(self.items[key])}
        if request.get("ReturnValues") == "UPDATED_NEW":
            before = scope.item
            return {"Attributes": {name: value for name, value in changed.items() if before.get(name) is not value}}
        return {}

    def batch_get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """BatchGetItem of one table."""
        ((name, wanted),) = request["RequestItems"].items()
        shared = {key: value for key, value in wanted.items() if key != "Keys"}
        responses = [self.get_item({"Key": key, **shared}) for key in wanted["Keys"]]
        return {"Responses": {name: [response["Item"] for response in responses if "Item" in response]}}

    def query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Query of the index of failed tasks, for one key; or of an index for lists, from the end of a range."""
        values = request["ExpressionAttributeValues"]
        if request["IndexName"] == INDEX:
            return {"Items": [item for item in self._failed() if item["failed_key"] == values[":key"]]}
        found = self._listed(HASH_KEYS[request["IndexName"]], values)
        page = found[: request["Limit"]]
        return {"Items": page, **({"LastEvaluatedKey": page[-1]} if len(found) > len(page) else {})}

    def scan(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Scan of the index of failed tasks, as one page."""
        return {"Items": [{"failed_key": item["failed_key"]} for item in self._failed()]}

    def check(self, request: dict[str, Any]) -> None:
        """Raise `ConditionalCheckFailedError` unless the request's condition holds."""
        self._check(request, self.items.get(request["Key"]["task_id"]["S"], {}))

    def _write(self, key: str, item: Item) -> None:
        before = self.items.get(key)
        self.items[key] = item
        self.on_change(before, item)

    def _listed(self, hash_key: str, values: dict[str, Any]) -> list[Item]:
        first, before = (values[name]["S"] for name in (":first", ":before"))
        partition = [item for item in self.items.values() if item.get(hash_key) == values[":name"]]
        in_range = [item for item in partition if RANGE_KEY in item and first <= item[RANGE_KEY]["S"] <= before]
        keys = [{name: item[name] for name in ("task_id", hash_key, RANGE_KEY)} for item in in_range]
        return sorted(keys, key=lambda item: item[RANGE_KEY]["S"], reverse=True)

    def _failed(self) -> list[Item]:
        indexed = [item for item in self.items.values() if item.keys() >= {"failed_key", "sequence_number"}]
        projected = {*INDEXED, "task_id", "failed_key", "sequence_number"}
        in_order = sorted(indexed, key=lambda item: item["sequence_number"]["S"])
        return [{name: value for name, value in item.items() if name in projected} for item in in_order]

    def _check(self, request: dict[str, Any], item: Item) -> Scope:
        scope = Scope(
            item=item,
            names=request.get("ExpressionAttributeNames", {}),
            values=request.get("ExpressionAttributeValues", {}),
        )
        condition = request.get("ConditionExpression")
        if condition and not compile_condition(condition)(scope):
            raise ConditionalCheckFailedError
        return scope
