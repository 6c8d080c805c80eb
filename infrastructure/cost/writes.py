"""What a write to the task table costs in write units: counted from the item before and after it, and the indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNIT_BYTES = 1024
TRANSACTION_FACTOR = 2
_EXECUTION_ARN = "arn:aws:states:us-east-1:123456789012:express:taskline-prod-workflow:" + ":".join(["0" * 36] * 2)
Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class WriteUnits:
    """The units of one write: of the record itself, and of each index that it changes, by the index's name."""

    record: int
    indexes: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return self.record + sum(self.indexes.values())


@dataclass(frozen=True, kw_only=True)
class BilledTable:
    """A table as its writes are billed: its key, and the indexes as the provider declares them."""

    key: str
    indexes: Sequence[Mapping[str, Any]]

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> BilledTable:
        """From the inputs of an `aws.dynamodb.Table`."""
        return cls(key=inputs["hashKey"], indexes=inputs.get("globalSecondaryIndexes") or ())

    def write(self, before: Item | None, after: Item) -> WriteUnits:
        """The units of a write that makes `after` of `before`, None for a new item."""
        units_of_index = {index["name"]: self._in_index(index, before, after) for index in self.indexes}
        return WriteUnits(
            record=units(max(size_of(item) for item in (before, after) if item)),
            indexes={name: count for name, count in units_of_index.items() if count},
        )

    def _in_index(self, index: Mapping[str, Any], before: Item | None, after: Item) -> int:
        """Nothing if its entry stays as it is; one write to add, change or delete it, two if its key changes."""
        keys = [key["attributeName"] for key in index["keySchemas"]]
        old, new = (self._entry(index, keys, item) for item in (before, after))
        if old == new:
            return 0
        if old and new and all(old[key] == new[key] for key in keys):
            return units(max(size_of(old), size_of(new)))
        return sum(units(size_of(entry)) for entry in (old, new) if entry)

    def _entry(self, index: Mapping[str, Any], keys: Sequence[str], item: Item | None) -> Item | None:
        if item is None or not item.keys() >= {*keys}:
            return None
        if index["projectionType"] == "ALL":
            return item
        held = {*keys, self.key, *(index.get("nonKeyAttributes") or ())}
        return {name: value for name, value in item.items() if name in held}


def units(size: int) -> int:
    """The write units of an item of so many bytes."""
    return math.ceil(size / UNIT_BYTES)


def size_of(item: Item) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + size_of_value(value) for name, value in item.items())


def size_of_value(value: Mapping[str, Any]) -> int:
    """Bytes of a value in DynamoDB's JSON, of the types that records have."""
    ((kind, held),) = value.items()
    if kind == "M":
        return 3 + size_of(held) + len(held)
    if kind == "L":
        return 3 + sum(1 + size_of_value(one) for one in held)
    return {"S": lambda: len(held.encode()), "N": lambda: len(held) // 2 + 2, "BOOL": lambda: 1}[kind]()


def with_arns(item: Item) -> Item:
    """A record of the test kit as it would be on AWS, where the name of an execution is long."""
    made = dict(item)
    if "lease_owner" in made:
        made["lease_owner"] = {"S": _EXECUTION_ARN.partition(":express:")[2].partition(":")[2]}
    steps = [
        {**one["M"], **({"execution": {"S": _EXECUTION_ARN}} if "execution" in one["M"] else {})}
        for one in made["history"]["L"]
    ]
    return {**made, "history": {"L": [{"M": step} for step in steps]}}
