"""The table of gates in memory, and transactions over it and the task table, for the calls that the product makes."""

from collections.abc import Callable
from typing import Any

from testing.services.count_table import TransactionCanceledError
from testing.services.expressions import Item, Scope, compile_condition, compile_update
from testing.services.table import ConditionalCheckFailedError, InMemoryTable

Key = tuple[str, str]


class InMemoryGates:
    """Items by `key` and `place`. Every write is atomic and immediately visible.

    `on_change` is called with the keys of each item that was written or deleted: what the table's stream gets.
    """

    def __init__(self, on_change: Callable[[Item], None] = lambda _keys: None) -> None:
        self.items: dict[Key, Item] = {}
        self.on_change = on_change

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetItem."""
        item = self.items.get(_key(request["Key"]))
        return {} if item is None else {"Item": dict(item)}

    def update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem."""
        self.check(request)
        self.update(request)
        return {}

    def delete_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteItem."""
        self.check(request)
        self.delete(request)
        return {}

    def query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Query of the places of a group, or of the index of closed gates, in order."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        if "IndexName" in request:
            gates = [item for item in self.items.values() if "closed" in item]
            return {"Items": sorted(gates, key=lambda item: (item["closed_at"]["S"], item["key"]["S"]))}
        found = [
            dict(item)
            for (group, place), item in sorted(self.items.items())
            if group == values[":group"] and place.startswith(values[":parked"])
        ]
        return {"Items": found[: request["Limit"]]}

    def check(self, request: dict[str, Any]) -> None:
        """Raise `ConditionalCheckFailedError` unless the request's condition holds."""
        condition = request.get("ConditionExpression")
        if condition and not compile_condition(condition)(self._scope(request)):
            raise ConditionalCheckFailedError

    def update(self, request: dict[str, Any]) -> None:
        """Write what the request's expression makes of the item."""
        changed = compile_update(request["UpdateExpression"])(self._scope(request))
        self._write(request["Key"], {**request["Key"], **changed})

    def put(self, request: dict[str, Any]) -> None:
        """Write the request's item."""
        item = request["Item"]
        self._write({name: item[name] for name in ("key", "place")}, dict(item))

    def delete(self, request: dict[str, Any]) -> None:
        """Delete the item, if there is one."""
        if self.items.pop(_key(request["Key"]), None) is not None:
            self.on_change(request["Key"])

    def _write(self, key: Item, item: Item) -> None:
        self.items[_key(key)] = item
        self.on_change(key)

    def _scope(self, request: dict[str, Any]) -> Scope:
        return Scope(
            item=self.items.get(_key(request.get("Key") or request["Item"]), {}),
            names=request.get("ExpressionAttributeNames", {}),
            values=request.get("ExpressionAttributeValues", {}),
        )


class InMemoryTables:
    """The tables `tasks` and `gates`, by the name that each request has. `update` makes the updates of tasks."""

    def __init__(
        self,
        tasks: InMemoryTable,
        gates: InMemoryGates,
        update: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self._tasks = tasks
        self._gates = gates
        self._update = update or tasks.update_item

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetItem."""
        return self._of(request).get_item(request)

    def update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem."""
        return self._gates.update_item(request) if self._is_gate(request) else self._update(request)

    def delete_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteItem of a gate."""
        assert self._is_gate(request), "no record is deleted"
        return self._gates.delete_item(request)

    def query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Query."""
        return self._of(request).query(request)

    def batch_get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """BatchGetItem of one table."""
        ((name, wanted),) = request["RequestItems"].items()
        table = self._of({"TableName": name})
        found = [table.get_item({**wanted, "Key": key}) for key in wanted["Keys"]]
        return {"Responses": {name: [one["Item"] for one in found if "Item" in one]}}

    def transact_write_items(self, request: dict[str, Any]) -> dict[str, Any]:
        """TransactWriteItems: all writes, or none."""
        writes = [next(iter(one.items())) for one in request["TransactItems"]]
        reasons = [self._reason(write) for _, write in writes]
        if any(reason != "None" for reason in reasons):
            raise TransactionCanceledError(*reasons)
        for kind, write in writes:
            self._make(kind, write)
        return {}

    def _reason(self, write: dict[str, Any]) -> str:
        try:
            if self._is_gate(write):
                self._gates.check(write)
            else:
                self._tasks.check(write)
        except ConditionalCheckFailedError:
            return "ConditionalCheckFailed"
        return "None"

    def _make(self, kind: str, write: dict[str, Any]) -> None:
        if kind == "ConditionCheck":
            return
        if not self._is_gate(write):
            assert kind == "Update", f"no transaction of ours makes a {kind} of a task"
            self._update(write)
            return
        {"Update": self._gates.update, "Put": self._gates.put, "Delete": self._gates.delete}[kind](write)

    def _of(self, request: dict[str, Any]) -> Any:
        return self._gates if self._is_gate(request) else self._tasks

    @staticmethod
    def _is_gate(request: dict[str, Any]) -> bool:
        return request.get("TableName") == "gates"


def _key(item: dict[str, Any]) -> Key:
    return item["key"]["S"], item["place"]["S"]
