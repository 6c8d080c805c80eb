"""Queries of an index that take as long with a million items as with ten.

MiniStack sorts a whole partition of an index for each query, and compares every item of it with the condition. For the
one form of condition that lists of tasks use, an index is kept in order here, and MiniStack sees only the items that a
page can hold.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from typing import Any

BETWEEN = re.compile(r"(\w+) = (:\w+) AND (\w+) BETWEEN (:\w+) AND (:\w+)")
Entry = tuple[str, Any, Any]
"""An item's place in the order of an index, and its key: partition and sort."""
Members = dict[str, dict[Any, Any]]


def _order(entry: Entry) -> str:
    return entry[0]


class IndexQueries:
    """Replacements of three functions; `dynamodb` is MiniStack's module."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._query, self._members = dynamodb._query, dynamodb._index_members
        self._index_item: Callable[..., None] = dynamodb._index_item
        self._ordered: dict[str, _Orders] = {}
        self._narrowed: Members | None = None

    def query(self, request: dict[str, Any]) -> Any:
        """What MiniStack calls for a Query."""
        self._narrowed = self._narrow(request)
        try:
            return self._query(request)
        finally:
            self._narrowed = None

    def index_members(self, table: dict[str, Any]) -> Members:
        """The keys of the items in each partition of each index; within a query, those that it can return."""
        return self._narrowed or self._members(table)

    def index_item(self, table: dict[str, Any], partition: Any, sort: Any, item: dict[str, Any], add: bool) -> None:
        """What MiniStack calls when an item comes into its indexes, or leaves them."""
        self._index_item(table, partition, sort, item, add)
        orders = self._ordered.get(table["TableArn"])
        if orders is None:
            return
        for name, hash_names, range_names in self._dynamodb._index_key_schemas(table):
            held = self._dynamodb._index_partition(item, hash_names, range_names)
            if held is not None and (entries := orders.partitions.get((name, held))) is not None:
                _change(entries, (_text(item, range_names[0]), partition, sort), add=add)

    def _narrow(self, request: dict[str, Any]) -> Members | None:
        """The members that the query can return, if it has the one form and begins at a bound."""
        table = self._dynamodb._tables.get(self._dynamodb._normalize_table_name(request.get("TableName")))
        condition = BETWEEN.fullmatch(request.get("KeyConditionExpression") or "")
        if not table or not condition or "ExclusiveStartKey" in request or request.get("FilterExpression"):
            return None
        hash_name, *refs = condition.groups()
        values = request.get("ExpressionAttributeValues", {})
        bounds: list[Any] = [values.get(ref, {}).get("S") for ref in (refs[0], refs[2], refs[3])]
        held, first, last = bounds
        index: Any = request.get("IndexName")
        schemas = {name: (hashes, ranges) for name, hashes, ranges in self._dynamodb._index_key_schemas(table)}
        if None in bounds or schemas.get(index) != ([hash_name], [refs[1]]):
            return None
        entries = self._entries(table, index, held, refs[1])
        return {index: {held: _page(entries, first, last, request)}}

    def _entries(self, table: dict[str, Any], index: str, held: str, range_name: str) -> list[Entry]:
        """The partition in order. It is put into it once; from then on, `index_item` keeps it there."""
        members = self._members(table)
        orders = self._ordered.get(table["TableArn"])
        if orders is None or orders.members is not members:
            orders = self._ordered[table["TableArn"]] = _Orders(members)
        entries = orders.partitions.get((index, held))
        if entries is None:
            items, keys = table["items"], members.get(index, {}).get(held, ())
            entries = sorted((_text(items[key][sort], range_name), key, sort) for key, sort in keys)
            orders.partitions[index, held] = entries
        return entries


class _Orders:
    """Partitions of one table's indexes in order. MiniStack makes its members anew when a table is restored."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self.partitions: dict[tuple[str, Any], list[Entry]] = {}


def _page(entries: list[Entry], first: str, last: str, request: dict[str, Any]) -> list[tuple[Any, Any]]:
    """One more than the limit, so that MiniStack sees that more follow; and any, so that it checks the condition."""
    low = bisect.bisect_left(entries, first, key=_order)
    high = bisect.bisect_right(entries, last, key=_order)
    count = int(request["Limit"]) + 1 if request.get("Limit") is not None else high - low
    forward = request.get("ScanIndexForward", True)
    found = entries[low : min(high, low + count)] if forward else entries[max(low, high - count) : high]
    return [(partition, sort) for _, partition, sort in found or entries[:1]]


def _change(entries: list[Entry], entry: Entry, *, add: bool) -> None:
    place = bisect.bisect_left(entries, entry)
    there = place < len(entries) and entries[place] == entry
    if add and not there:
        entries.insert(place, entry)
    if there and not add:
        del entries[place]


def _text(item: dict[str, Any], name: str) -> str:
    return item[name]["S"]
