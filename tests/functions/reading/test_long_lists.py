"""GET /tasks: how much a page reads, where a list is long, or what is looked for is rare in it."""

import itertools
import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from functions import reader
from functions.adapters.task_table.indexes import SHARDS, list_keys, shard
from functions.tasks.clock import timestamp
from functions.tasks.listing.model import ListRequest, TaskSummary
from functions.tasks.listing.pages import MAX_EXAMINED, Position, list_tasks
from functions.tasks.model import Status
from functions.tasks.tenancy import Tenancy
from tests.builders import an_item
from tests.functions.conftest import Pipeline
from tests.functions.reading.lists import MOMENT, NOBODY, ids, recorded, walk


class Endless:
    """A key with endless tasks, of which none or all match."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.reads: list[int] = []

    def newest_first(self, *, before: str | None, **_: Any) -> Iterator[Position]:
        first = int(before.partition("#")[2]) - 1 if before else 999_999
        numbers = range(first, 0, -1)
        return (Position(order=f"{MOMENT.format(0, 0)}#{number:06}", task_id=f"{number:06}") for number in numbers)

    def summaries(self, task_ids: Collection[str]) -> Mapping[str, TaskSummary]:
        self.reads.append(len(task_ids))
        return {
            task_id: TaskSummary(
                task_id=task_id,
                status=self.status,
                type="t",
                priority="low",
                ordering_key="k",
                attempts=0,
                created_at=MOMENT.format(0, 0),
            )
            for task_id in task_ids
        }


def test_a_page_ends_after_enough_records_and_the_next_one_continues() -> None:
    index = Endless(Status.SUCCEEDED)
    request = ListRequest(status=Status.FAILED, ordering_key="k")
    page = list_tasks(request, NOBODY, index)
    assert page.tasks == ()
    assert index.reads == [100] * (MAX_EXAMINED // 100), "as many at a time as DynamoDB accepts"
    assert page.cursor
    next_before = request.model_copy(update={"cursor": page.cursor}).before(NOBODY)
    assert next_before == f"{MOMENT.format(0, 0)}#{1_000_000 - MAX_EXAMINED:06}"


@pytest.mark.parametrize("limit", [1, 20, 100])
@pytest.mark.parametrize("filters", [{}, {"status": Status.SUCCEEDED}, {"ordering_key": "k"}])
def test_a_page_reads_no_more_records_than_it_shows(limit: int, filters: dict[str, Any]) -> None:
    index = Endless(Status.SUCCEEDED)
    assert len(list_tasks(ListRequest(limit=limit, **filters), NOBODY, index).tasks) == limit
    assert index.reads == [limit]


def test_tasks_are_spread_over_all_shards() -> None:
    counts = dict.fromkeys(SHARDS, 0)
    for number in range(1600):
        counts[shard(f"0198c0de-0000-7000-8000-{number:012}")] += 1
    assert min(counts.values()) > 50, "about a hundred each"


# Open tasks, which the counts lead to


@pytest.mark.check
@pytest.mark.nightly
def test_a_task_that_is_stuck_is_found_among_many_that_are_done_without_reading_these(pipeline: Pipeline) -> None:
    stuck = recorded(pipeline, 50, "queued")
    for number in range(100):
        if number != 50:
            recorded(pipeline, number, "queued")
            recorded(pipeline, number, "succeeded")
    index = reader.build().index
    with mock.patch.object(index, "summaries", wraps=index.summaries) as read:
        assert ids(pipeline.page(status="queued")) == [stuck]
    assert [len(call.args[0]) for call in read.call_args_list] == [1], "its second alone is read"


@pytest.mark.parametrize("tenancy", Tenancy)
@pytest.mark.parametrize("known", [False, True])
def test_a_task_that_is_not_counted_is_listed_nevertheless(pipeline: Pipeline, tenancy: Tenancy, known: bool) -> None:
    """The counts are behind, by less than a day; they may know older tasks, or none of this client."""
    now = datetime.now(UTC)
    if known:
        put_at(pipeline, now - timedelta(hours=2), "old")
    expected = [put_at(pipeline, now - timedelta(minutes=age), f"task-{age}", counted=False) for age in (50, 10, 1, 0)]
    with reader.build.given(replace(reader.build(), tenancy=tenancy)):
        assert ids(pipeline.page(status="queued")) == [*expected[::-1], *(["old"] if known else [])]


def put_at(pipeline: Pipeline, moment: datetime, task_id: str, *, counted: bool = True) -> str:
    """Put a queued task that was accepted at this moment."""
    created_at = timestamp(moment)
    keys = list_keys(task_id, created_at)
    item = an_item("queued", task_id={"S": task_id}, created_at={"S": created_at}, **keys)
    pipeline.put(item, counted=counted)
    return task_id


def test_what_the_stream_keeps_no_longer_is_not_waited_for(pipeline: Pipeline) -> None:
    """Otherwise a list would go through all tasks of a stage whose counts once missed some."""
    moment = datetime.now(UTC) - timedelta(hours=30)
    put_at(pipeline, moment, "lost", counted=False)
    assert ids(pipeline.page(status="queued")) == []
    (record,) = pipeline.records()
    pipeline.count(None, record)
    assert ids(pipeline.page(status="queued")) == ["lost"]


def test_an_open_task_that_an_earlier_release_listed_by_its_status_is_listed_once_and_not_counted(
    pipeline: Pipeline,
) -> None:
    old = recorded(pipeline, 1, "queued", status_shard={"S": f"queued#{shard('task-001')}"})
    new = put_at(pipeline, datetime.fromisoformat(MOMENT.format(0, 1)), "task-002")
    assert ids(pipeline.page(status="queued")) == [new, old]
    opened = pipeline.dynamodb.query(
        TableName=pipeline.counts_table,
        KeyConditionExpression="#scope = :open",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues={":open": {"S": "open#-"}},
    )["Items"]
    assert [item["open"] for item in opened] == [{"N": "1"}]


def test_a_minute_without_open_tasks_leaves_nothing_in_the_counts(pipeline: Pipeline) -> None:
    for status in ("queued", "processing", "succeeded"):
        recorded(pipeline, 1, status)
    items: list[Any] = pipeline.dynamodb.scan(TableName=pipeline.counts_table)["Items"]
    scopes = {item["scope"]["S"] for item in items}
    assert not [scope for scope in scopes if scope.startswith("open")]


@pytest.mark.nightly
@pytest.mark.check
def test_the_pages_of_a_backlog_over_hours_are_in_order_and_complete(pipeline: Pipeline) -> None:
    expected: list[str] = []
    for number in random.Random(2).sample(range(0, 3600, 30), 60):
        task_id = f"task-{number:04}"
        moment = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=6.01 * number)
        expected.append(put_at(pipeline, moment, task_id))
    pages = list(walk(pipeline, status="queued", limit="7"))
    assert list(itertools.chain(*pages)) == sorted(expected, reverse=True), "the later, the higher its number"
