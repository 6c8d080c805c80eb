"""Two functions of MiniStack that cost more with every task, replaced.

Before each SendMessage to a FIFO queue, MiniStack walks through all deduplication ids of the last five minutes: twelve
thousand at forty tasks per second, when a task costs 4 ms more than the first. And it holds the records of a table's
stream for a day, about 25 KB per task, though their one reader has them immediately. There are settings for neither.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

READ_RECORD_SECONDS = 10.0  # a reader that lost a response continues behind the last record that it has

OnRead = Callable[[str, list[dict[str, Any]]], None]
"""Called with a table's name and the records that its reader has processed since the last call."""


def prune_expired(queue: dict[str, Any]) -> None:
    """Drop the ids that were sent more than five minutes ago: the first entries, since all last equally long."""
    cache: dict[str, dict[str, Any]] = queue["dedup_cache"]
    now = time.time()
    while cache and cache[oldest := next(iter(cache))]["expire"] <= now:
        del cache[oldest]


class ReadRecords:
    """Drops stream records soon after they were read; those that were not read stay for MiniStack's own day.

    A reader that asks for what follows a position has processed everything before it.
    """

    def __init__(
        self, dynamodb: Any, on_read: OnRead = lambda _name, _records: None, now: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._on_read = on_read
        self._now = now
        self._trim, self._since = dynamodb._trim_stream_records, dynamodb.stream_records_since
        self._read_until: dict[str, int] = {}

    def since(self, table: str, position: int, limit: int, **scope: Any) -> list[Any]:
        """What MiniStack returns from this position on."""
        before = self._read_until.get(table, 0)
        if position > before:
            self._read_until[table] = position
            records, trimmed = self._held(table, **scope)
            self._on_read(table, records[max(0, before - trimmed) : max(0, position - trimmed)])
        return self._since(table, position, limit, **scope)

    def trim(self, table: str, **scope: Any) -> None:
        """Drop what is a day old, and what was read."""
        self._trim(table, **scope)
        records, trimmed = self._held(table, **scope)
        read = min(self._read_until.get(table, 0) - trimmed, len(records))
        cutoff = self._now() - READ_RECORD_SECONDS
        count = next((number for number in range(read) if _written(records[number]) >= cutoff), read)
        if count <= 0:
            return
        del records[:count]
        account, region = scope.get("account_id"), scope.get("region")
        if account is None or region is None:
            self._dynamodb._stream_trimmed[table] = trimmed + count
        else:
            self._dynamodb._stream_trimmed.set_scoped(account, region, table, trimmed + count)

    def _held(self, table: str, **scope: Any) -> tuple[list[dict[str, Any]], int]:
        """The records that are held, and how many were dropped before them."""
        account, region = scope.get("account_id"), scope.get("region")
        dynamodb = self._dynamodb
        return dynamodb._live_stream_records(table, account, region), dynamodb._trimmed_count(table, account, region)


def _written(record: dict[str, Any]) -> float:
    """Epoch seconds. A restored record has none, and is kept."""
    change: dict[str, Any] = record.get("dynamodb") or {}
    return change.get("ApproximateCreationDateTime") or math.inf
