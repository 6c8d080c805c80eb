"""Mistakes in counting."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest import mock

from functions import counter
from functions.adapters.count_table import changes
from functions.adapters.count_table.counts import DynamoDBCounts
from functions.tasks.counting import keeping
from functions.tasks.counting.cells import RecordChange
from functions.tasks.counting.keeping import Addition

_add = DynamoDBCounts.add
_read = counter.read_change


def _counts_again() -> AbstractContextManager[object]:
    """Without a position, what is delivered again is counted again."""
    return mock.patch.object(keeping, "_after", lambda _position, waiting: waiting)


def _passes_over_a_batch_that_begins_before_the_position() -> AbstractContextManager[object]:
    def after(position: int | None, waiting: Sequence[RecordChange]) -> Sequence[RecordChange]:
        return [] if position is not None and waiting and waiting[0].position <= position else waiting

    return mock.patch.object(keeping, "_after", after)


def _writes_the_position_first() -> AbstractContextManager[object]:
    def add(self: DynamoDBCounts, addition: Addition) -> bool:
        if not _add(self, replace(addition, amounts={})):
            return False
        return _add(self, replace(addition, after=addition.until))

    return mock.patch.object(DynamoDBCounts, "add", add)


def _writes_the_position_last() -> AbstractContextManager[object]:
    def add(self: DynamoDBCounts, addition: Addition) -> bool:
        if not _add(self, replace(addition, until=addition.after or 0)):
            return False
        return _add(self, replace(addition, after=addition.after or 0, amounts={}))

    return mock.patch.object(DynamoDBCounts, "add", add)


def _moves_the_position_from_anywhere() -> AbstractContextManager[object]:
    position = DynamoDBCounts._position  # pyright: ignore[reportPrivateUsage]

    def unconditional(self: DynamoDBCounts, addition: Addition) -> dict[str, Any]:
        update = position(self, addition)
        del update["ConditionExpression"]
        return update

    return mock.patch.object(DynamoDBCounts, "_position", unconditional)


def _takes_a_cancelled_transaction_for_done() -> AbstractContextManager[object]:
    def add(self: DynamoDBCounts, addition: Addition) -> bool:
        _add(self, addition)
        return True

    return mock.patch.object(DynamoDBCounts, "add", add)


def _keeps_expired_records() -> AbstractContextManager[object]:
    def read(record: Mapping[str, Any]) -> RecordChange:
        change = _read(record)
        return change if change.after else replace(change, before=None)

    return mock.patch.object(counter, "read_change", read)


def _mixes_tenants() -> AbstractContextManager[object]:
    counted = changes.counted

    def everyones(item: Any) -> Any:
        found = counted(item)
        return found and replace(found, tenant=None)

    return mock.patch.object(changes, "counted", everyones)


COUNTING_MISTAKES: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "what is delivered again is counted again": _counts_again,
    "a batch that begins before the position is passed over": _passes_over_a_batch_that_begins_before_the_position,
    "the position is written before the counts": _writes_the_position_first,
    "the position is written after the counts": _writes_the_position_last,
    "the position moves from anywhere": _moves_the_position_from_anywhere,
    "a cancelled transaction is taken for done": _takes_a_cancelled_transaction_for_done,
    "expired records stay in the counts": _keeps_expired_records,
    "the counts of a client are not its own": _mixes_tenants,
}
