"""The table of counts in memory, for the calls that the product makes."""

from typing import Any

from testing.services.expressions import Item, Scope, compile_condition, compile_update
from testing.services.table import ConditionalCheckFailedError

Key = tuple[str, str]
_AFTER_ALL = "\U0010ffff"


class TransactionCanceledError(Exception):
    """A transaction of which no write took effect; `response` says why, as boto3's does."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("Transaction cancelled")
        self.response: dict[str, Any] = {"CancellationReasons": [{"Code": reason} for reason in reasons]}


class InMemoryCountTable:
    """Items by `scope` and `name`. Every transaction is atomic and immediately visible."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetItem."""
        item = self.items.get(_key(request["Key"]))
        return {} if item is None else {"Item": dict(item)}

    def delete_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteItem, on a condition."""
        key = _key(request["Key"])
        if not compile_condition(request["ConditionExpression"])(_scope(request, self.items.get(key, {}))):
            raise ConditionalCheckFailedError
        self.items.pop(key, None)
        return {}

    def transact_write_items(self, request: dict[str, Any]) -> dict[str, Any]:
        """TransactWriteItems of updates."""
        updates: list[dict[str, Any]] = [write["Update"] for write in request["TransactItems"]]
        keys = [_key(update["Key"]) for update in updates]
        if len(updates) > 100 or len({*keys}) < len(keys):
            raise ValueError("a transaction has up to a hundred items, each once")
        scopes = [_scope(update, self.items.get(key, {})) for update, key in zip(updates, keys, strict=True)]
        conditions = [update.get("ConditionExpression") for update in updates]
        holds = [not text or compile_condition(text)(scope) for text, scope in zip(conditions, scopes, strict=True)]
        if not all(holds):
            raise TransactionCanceledError(*("None" if held else "ConditionalCheckFailed" for held in holds))
        for update, key, scope in zip(updates, keys, scopes, strict=True):
            self.items[key] = {**compile_update(update["UpdateExpression"])(scope), **update["Key"]}
        return {}

    def query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Query of a partition: all of it, what begins with `:tenant`, or what is from `:first` to `:last`."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        begin, first, last = values.get(":tenant", ""), values.get(":first", ""), values.get(":last", _AFTER_ALL)
        found = [
            dict(item)
            for (scope, name), item in sorted(self.items.items())
            if scope == values[":scope"] and name.startswith(begin) and first <= name <= last
        ]
        return {"Items": found if request.get("ScanIndexForward", True) else found[::-1]}


def _key(key: dict[str, Any]) -> Key:
    return key["scope"]["S"], key["name"]["S"]


def _scope(request: dict[str, Any], item: Item) -> Scope:
    names = request.get("ExpressionAttributeNames", {})
    return Scope(item=item, names=names, values=request.get("ExpressionAttributeValues", {}))
