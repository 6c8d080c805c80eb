"""What a task costs in write units of its table: counted from the writes that are made and the indexes that exist."""

from collections.abc import Mapping
from typing import Any

import pytest

from infrastructure.cost.writes import BilledTable, size_of, with_arns
from testing.taskline import Taskline
from tests.infrastructure.recording import Stack

TYPICAL = {
    "title": "Render the invoice of November",
    "description": "Render invoice 4711 of ACME as PDF",
    "ordering_key": "customer-4711",
    "caller": "a1b2c3d4e5",  # its tenant is in the record
}
Item = Mapping[str, Any]


class Bill:
    """The units of each write to the table, in order; `largest` is the size of the largest item, in bytes."""

    def __init__(self, stack: Stack) -> None:
        self._table = BilledTable.from_inputs(stack.one("aws:dynamodb/table:Table", "tasks-table").inputs)
        self.writes: list[int] = []
        self.largest = 0

    def add(self, before: Item | None, after: Item) -> None:
        items = [with_arns(item) if item else None for item in (before, after)]
        self.largest = max(self.largest, *(size_of(item) for item in items if item))
        self.writes.append(self._table.write(items[0], with_arns(after)).total)


@pytest.fixture
def bill(stack: Stack) -> Bill:
    return Bill(stack)


@pytest.fixture
def pipeline(bill: Bill) -> Taskline:
    made = Taskline()
    made.world.table.on_change = bill.add
    return made


def test_a_typical_task_that_succeeds_costs_five_units(pipeline: Taskline, bill: Bill) -> None:
    pipeline.submit("demo.echo", {"invoice": 4711, "format": "pdf"}, **TYPICAL)
    pipeline.settle()
    assert bill.writes == [3, 1, 1], f"accepted, claimed, recorded; the largest item has {bill.largest} bytes"


def test_a_task_that_waits_and_is_cancelled_costs_five_units(pipeline: Taskline, bill: Bill) -> None:
    task = pipeline.submit("demo.echo", {"invoice": 4711}, **TYPICAL)
    task.cancel()
    assert bill.writes == [3, 2], "it comes into the index by status"


def test_a_task_that_fails_costs_one_unit_more_than_its_entries_in_two_indexes(pipeline: Taskline, bill: Bill) -> None:
    task = pipeline.submit("demo.flaky", {"probability": 1, "error_class": "VALIDATION"}, **TYPICAL)
    pipeline.settle()
    assert task.status == "failed"
    assert bill.writes[0] == 3
    assert bill.writes[1] <= 2, "its data alone make the record larger than one KB"
    assert bill.writes[2] <= 4, "the record of up to two KB, an entry in the index by status, one among failed tasks"
