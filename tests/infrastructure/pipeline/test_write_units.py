"""What a task costs in write units of its table: counted from the writes that are made and the indexes that exist.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from testing.taskline import Taskline
from tests.infrastructure.recording import Stack

UNIT = 1024  # bytes
ARN = "arn:aws:states:eu-central-1:123456789012:express:taskline-prod-workflow:" + ":".join(["0" * 36] * 2)
TYPICAL = {
    "title": "Render the invoice of November",
    "description": "Render invoice 4711 of ACME as PDF",
    "ordering_key": "customer-4711",
}
Item = Mapping[str, Any]


class Bill:
    """The units of each write to the table, in order; `largest` is the size of the largest item, in bytes."""

    def __init__(self, stack: Stack) -> None:
        table = stack.one("aws:dynamodb/table:Table", "tasks-table")
        self._key = table.inputs["hashKey"]
        self._indexes = table.inputs["globalSecondaryIndexes"]
        self.writes: list[int] = []
        self.largest = 0

    def add(self, before: Item | None, after: Item) -> None:
        sizes = [size_of(with_arns(item)) for item in (before, after) if item]
        self.largest = max(self.largest, *sizes)
        self.writes.append(units(max(sizes)) + sum(self._in_index(index, before, after) for index in self._indexes))

    def _in_index(self, index: Any, before: Item | None, after: Item) -> int:
        """Nothing if its entry stays as it is; one write to add, change or delete it, two if its key changes."""
        keys = [key["attributeName"] for key in index["keySchemas"]]
        old, new = (self._entry(index, keys, item) for item in (before, after))
        if old == new:
            return 0
        if old and new and all(old[key] == new[key] for key in keys):
            return units(max(size_of(old), size_of(new)))
        return sum(units(size_of(entry)) for entry in (old, new) if entry)

    def _entry(self, index: Any, keys: list[str], item: Item | None) -> Item | None:
        if item is None or not item.keys() >= {*keys}:
            return None
        assert index["projectionType"] in ("KEYS_ONLY", "INCLUDE")
        held = {*keys, self._key, *index.get("nonKeyAttributes", ())}
        return {name: value for name, value in item.items() if name in held}


def units(size: int) -> int:
    return math.ceil(size / UNIT)


def size_of(item: Item) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + size_of_value(value) for name, value in item.items())


def size_of_value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "M":
        return 3 + size_of(held) + len(held)
    if kind == "L":
        return 3 + sum(1 + size_of_value(one) for one in held)
    return {"S": lambda: len(held.encode()), "N": lambda: len(held) // 2 + 2, "BOOL": lambda: 1}[kind]()


def with_arns(item: Item) -> Item:
    """The item as it is on AWS, where the name of an execution is long."""
    made = dict(item)
    if "lease_owner" in made:
        made["lease_owner"] = {"S": ARN.partition(":express:")[2].partition(":")[2]}
    steps = [
        {**one["M"], **({"execution": {"S": ARN}} if "execution" in one["M"] else {})} for one in made["history"]["L"]
    ]
    return {**made, "history": {"L": [{"M": step} for step in steps]}}


@pytest.fixture
def bill(stack: Stack) -> Bill:
    return Bill(stack)


@pytest.fixture
def pipeline(bill: Bill) -> Taskline:
    made = Taskline()
    made.world.table.on_change = bill.add
    return made


def test_a_typical_task_that_succeeds_costs_seven_units(pipeline: Taskline, bill: Bill) -> None:
    pipeline.submit("demo.echo", {"invoice": 4711, "format": "pdf"}, **TYPICAL)
    pipeline.settle()
    assert bill.writes == [4, 1, 2], f"accepted, claimed, recorded; the largest item has {bill.largest} bytes"


def test_a_task_that_waits_and_is_cancelled_costs_seven_units(pipeline: Taskline, bill: Bill) -> None:
    task = pipeline.submit("demo.echo", {"invoice": 4711}, **TYPICAL)
    task.cancel()
    assert bill.writes == [4, 3], "its entry in the index by status moves"


def test_a_task_that_fails_costs_one_unit_more_than_its_entries_in_two_indexes(pipeline: Taskline, bill: Bill) -> None:
    task = pipeline.submit("demo.flaky", {"probability": 1, "error_class": "VALIDATION"}, **TYPICAL)
    pipeline.settle()
    assert task.status == "failed"
    assert bill.writes[:2] == [4, 1]
    assert bill.writes[2] <= 5, "the record of up to two KB, a move in the index by status, one among failed tasks"
