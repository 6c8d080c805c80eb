"""Lists of tasks from the task table: its indexes find them, BatchGetItem reads them.

Of open tasks, the index by status has only a few, and where the others are in the list by time, the counts say.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.adapters.task_table.indexes import (
    BY_KEY,
    BY_STATUS,
    BY_TIME,
    HASH_KEYS,
    RANGE_KEY,
    SHARDS,
    list_prefix,
    list_range,
    status_partitions,
)
from functions.adapters.task_table.records import first_start
from functions.tasks.errors import Unavailable
from functions.tasks.listing.model import TaskSummary
from functions.tasks.listing.opened import Entries, OpenCounts, OpenSearch, Span
from functions.tasks.listing.pages import Position
from functions.tasks.model import OPEN, Status
from functions.tasks.tenancy import View

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_SUMMARY = ("task_id", "status", "type", "priority", "ordering_key", "attempts", "created_at", "started_at",
            "finished_at", "error", "tenant", "history")  # fmt: skip
_NAMES = {f"#{name}": name for name in _SUMMARY}
_MARGIN = 4  # extra entries per shard: shards are even only on average


_OPEN_SHARE = 64  # entries per shard, of which most are examined

Entry = Mapping[str, Any]
Page = tuple[list[Entry], str | None]
"""Entries of a partition, and the position before which others follow; None if there are no others."""


@dataclass(frozen=True, kw_only=True)
class OpenTasks:
    """How open tasks are found: what is counted of them, how long counting takes, and the time."""

    counts: OpenCounts
    delay: timedelta
    now: Callable[[], datetime]


class DynamoDBTaskIndex:
    """`TaskIndex` and `TimeList` on a DynamoDB table.

    `parallel_map` is `map`, or does the same with several threads.
    """

    def __init__(
        self,
        table_name: str,
        opened: OpenTasks,
        client: "DynamoDBClient | None" = None,
        parallel_map: Callable[[Callable[[str], Page], Sequence[str]], Iterable[Page]] = map,
    ) -> None:
        self._table = table_name
        self._opened = opened
        self._client: DynamoDBClient = client or new_client("dynamodb")
        self._parallel_map = parallel_map

    def newest_first(
        self, *, view: View, status: Status | None, ordering_key: str | None, before: str | None, page: int
    ) -> Iterator[Position]:
        """Query the view's range of every partition that can hold such tasks, all at once, and merge the results."""
        index, partitions = _partitions(status, ordering_key)
        prefix = list_prefix(view.tenant)
        bounds = _bounds(view, None if before is None else prefix + before)
        found = self._merged(index, partitions, bounds, page // len(partitions) + _MARGIN)
        if index == BY_STATUS and status in OPEN:
            found = _once(heapq.merge(found, self._open(view, bounds), key=_order, reverse=True))
        for item in found:
            yield Position(order=_order(item).removeprefix(prefix), task_id=_text(item, "task_id"))

    def newest(self, first: str, end: str, count: int) -> Entries:
        """A page of each partition of the list by time."""
        share = count // len(SHARDS)
        pages = list(self._parallel_map(lambda name: self._page(BY_TIME, name, (first, end), share), SHARDS))
        since = max((before for _, before in pages if before is not None), default=first)
        positions = [_order(item) for entries, _ in pages for item in entries]
        return Entries(positions=[position for position in positions if position >= since], since=since)

    def _open(self, view: View, bounds: tuple[str, str]) -> Iterator[Entry]:
        """Those parts of the list by time that can have open tasks."""
        opened = self._opened
        search = OpenSearch(counts=opened.counts, entries=self, delay=opened.delay, now=opened.now())
        whole = Span(first=bounds[0], end=bounds[1])
        prefix = list_prefix(view.tenant)
        for span in search.of_everyone(whole) if view.everything else search.of_tenant(prefix, whole):
            yield from self._merged(BY_TIME, SHARDS, (span.first, span.end), _OPEN_SHARE)

    def _merged(self, index: str, partitions: Sequence[str], bounds: tuple[str, str], share: int) -> Iterator[Entry]:
        """The entries of all partitions within the bounds, newest first."""
        first = self._parallel_map(lambda name: self._page(index, name, bounds, share), partitions)
        found = [
            self._partition(index, name, bounds, share, page) for name, page in zip(partitions, first, strict=True)
        ]
        yield from heapq.merge(*found, key=_order, reverse=True)

    def summaries(self, task_ids: Collection[str]) -> Mapping[str, TaskSummary]:
        """BatchGetItem, strongly consistent, until all are read: a response is limited to 16 MB."""
        keys: list[Any] = [{"task_id": {"S": task_id}} for task_id in task_ids]
        found: list[Any] = []
        while keys:
            request = {
                "Keys": keys,
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(_NAMES),
                "ExpressionAttributeNames": _NAMES,
            }
            with unavailable_on_failure("the task table"):
                response = self._client.batch_get_item(RequestItems={self._table: request})  # pyright: ignore[reportArgumentType]
            unprocessed: Any = response.get("UnprocessedKeys", {})
            left: list[Any] = unprocessed[self._table]["Keys"] if unprocessed else []
            if len(left) == len(keys):
                raise Unavailable("the task table returned none of the requested records")
            found += response["Responses"].get(self._table, [])
            keys = left
        return {summary.task_id: summary for summary in map(_to_summary, found)}

    def _partition(self, index: str, name: str, bounds: tuple[str, str], share: int, page: Page) -> Iterator[Entry]:
        """The entries of one partition: those of its first page, and then of the others."""
        while True:
            entries, before = page
            yield from entries
            if before is None:
                return
            page = self._page(index, name, (bounds[0], before), share)

    def _page(self, index: str, name: str, bounds: tuple[str, str], share: int) -> Page:
        """Entries of one partition from the upper bound, which is excluded, to the lower one."""
        first, before = bounds
        with unavailable_on_failure("the task table"):
            response = self._client.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression=f"{HASH_KEYS[index]} = :name AND {RANGE_KEY} BETWEEN :first AND :before",
                ExpressionAttributeValues={
                    ":name": {"S": name},
                    ":first": {"S": first},
                    ":before": {"S": before},
                },
                ScanIndexForward=False,
                Limit=share,
            )
        entries: list[Mapping[str, Any]] = [*response["Items"]]
        following = _order(entries[-1]) if "LastEvaluatedKey" in response else None
        # BETWEEN includes its bounds, and positions are unique.
        return [item for item in entries if _order(item) != before], following


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Each entry once: a task may be in both indexes."""
    last = ""
    for entry in entries:
        if _order(entry) != last:
            yield entry
        last = _order(entry)


def _bounds(view: View, before: str | None) -> tuple[str, str]:
    """The view's range, up to this position. Whatever a made-up cursor says, it stays within the range."""
    first, last = list_range(view)
    return first, last if before is None else max(first, min(before, last))


def _partitions(status: Status | None, ordering_key: str | None) -> tuple[str, Sequence[str]]:
    """The index that suits the filters best, and the values of its hash key."""
    if ordering_key is not None:
        return BY_KEY, (ordering_key,)
    if status not in (None, Status.SUCCEEDED):
        return BY_STATUS, status_partitions(status)
    return BY_TIME, SHARDS


def _to_summary(item: Mapping[str, Any]) -> TaskSummary:
    return TaskSummary(
        task_id=_text(item, "task_id"),
        status=Status(_text(item, "status")),
        type=_text(item, "type"),
        priority=_text(item, "priority"),
        ordering_key=_text(item, "ordering_key"),
        attempts=int(item["attempts"]["N"]),
        created_at=_text(item, "created_at"),
        started_at=first_start(item),
        finished_at=item.get("finished_at", {}).get("S"),
        error_class=item.get("error", {}).get("M", {}).get("class", {}).get("S"),
        tenant=item.get("tenant", {}).get("S"),
    )


def _order(item: Mapping[str, Any]) -> str:
    return _text(item, RANGE_KEY)


def _text(item: Mapping[str, Any], name: str) -> str:
    return item[name]["S"]
