"""GET /tasks: pages of tasks, newest first, while others are submitted and processed."""

import base64
import itertools
import json
import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import reader
from functions.adapters.task_table.indexes import SHARDS, list_keys, shard
from functions.adapters.task_table.lists import DynamoDBTaskIndex
from functions.tasks.clock import timestamp
from functions.tasks.listing.cursor import encode_cursor
from functions.tasks.listing.model import ListRequest, TaskSummary, parse_list_request
from functions.tasks.listing.pages import MAX_EXAMINED, Position, list_tasks
from functions.tasks.model import Status
from functions.tasks.tenancy import Tenancy, View
from tests.builders import A_FAILURE, LEAVE_OUT, an_item
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT, ApiResponse, get_tasks

MOMENT = "2026-01-31T12:{:02}:{:02}.000Z"
NOBODY = View()
NO_CURSOR = "is not a cursor from an earlier response with these filters"


def recorded(pipeline: Pipeline, number: int, *statuses: str, **changes: Any) -> str:
    """Put the record of a task that was accepted at second `number`; return its id."""
    task_id, created_at = f"task-{number:03}", MOMENT.format(*divmod(number, 60))
    changes = list_keys(task_id, created_at) | changes
    pipeline.put(an_item(*statuses, task_id={"S": task_id}, created_at={"S": created_at}, **changes))
    return task_id


def ids(response: ApiResponse) -> list[str]:
    assert response.status == 200, response.document
    return [task["task_id"] for task in response.document["tasks"]]


def walk(pipeline: Pipeline, **query: str) -> Iterator[list[str]]:
    """Page after page."""
    while True:
        response = pipeline.page(**query)
        yield ids(response)
        if "cursor" not in response.document:
            return
        query["cursor"] = response.document["cursor"]


def test_an_empty_table_has_an_empty_page(pipeline: Pipeline) -> None:
    assert pipeline.page().document == {"tasks": []}


def test_tasks_are_listed_newest_first_page_by_page(pipeline: Pipeline) -> None:
    posted = [recorded(pipeline, number, "queued") for number in random.Random(1).sample(range(100), 45)]
    pages = list(walk(pipeline, limit="20"))
    assert [len(page) for page in pages] == [20, 20, 5]
    assert list(itertools.chain(*pages)) == sorted(posted, reverse=True)


def test_a_full_last_page_has_no_cursor(pipeline: Pipeline) -> None:
    for number in range(6):
        recorded(pipeline, number, "queued")
    assert [len(page) for page in walk(pipeline, limit="3")] == [3, 3]


def test_new_tasks_and_changes_of_status_neither_repeat_nor_hide_older_ones(pipeline: Pipeline) -> None:
    old = [recorded(pipeline, number, "queued") for number in range(30)]
    seen: list[str] = []
    for turn, page in enumerate(walk(pipeline, limit="7")):
        seen += page
        recorded(pipeline, 100 + turn, "queued")
        recorded(pipeline, turn * 5, "queued", "processing")
    assert seen == old[::-1]


def test_a_summary_has_the_tasks_state_and_nothing_that_was_submitted(pipeline: Pipeline) -> None:
    recorded(pipeline, 1, "queued", "processing", "failed", **A_FAILURE)
    (task,) = pipeline.page().document["tasks"]
    assert task == {
        "task_id": "task-001",
        "status": "failed",
        "type": "default",
        "priority": "high",
        "ordering_key": "task-processing",
        "attempts": 1,
        "created_at": MOMENT.format(0, 1),
        "started_at": "2026-01-31T12:00:01.000Z",
        "finished_at": "2026-01-31T12:00:02.000Z",
        "error_class": "x",
    }


@pytest.mark.parametrize("status", list(Status))
def test_tasks_are_filtered_by_status(pipeline: Pipeline, status: Status) -> None:
    mine: list[str] = []
    for number, one in enumerate([*Status] * 4):
        task_id = recorded(pipeline, number, one, **(A_FAILURE if one is Status.FAILED else {}))
        mine += [task_id] if one is status else []
    assert list(itertools.chain(*walk(pipeline, status=status, limit="3"))) == mine[::-1]


def test_tasks_are_filtered_by_ordering_key_and_by_both(pipeline: Pipeline) -> None:
    for number in range(20):
        status = "processing" if number % 4 < 2 else "queued"
        recorded(pipeline, number, status, ordering_key={"S": f"key/{number % 2}"})
    assert ids(pipeline.page(ordering_key="key/1")) == [f"task-{number:03}" for number in range(19, 0, -2)]
    both = list(walk(pipeline, ordering_key="key/1", status="queued", limit="2"))
    assert both == [["task-019", "task-015"], ["task-011", "task-007"], ["task-003"]]
    assert pipeline.page(ordering_key="unknown").document == {"tasks": []}


def test_a_page_that_is_full_before_the_last_task_leads_to_another(pipeline: Pipeline) -> None:
    for number in range(3):
        recorded(pipeline, number, "queued")
    both = {"ordering_key": "task-processing", "status": "queued"}
    assert list(walk(pipeline, **both, limit="2")) == [["task-002", "task-001"], ["task-000"]]
    assert list(walk(pipeline, **both, limit="3")) == [["task-002", "task-001", "task-000"]]


def test_a_page_of_one_status_is_not_used_up_by_tasks_of_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.tasks.listing.pages.MAX_EXAMINED", 3)
    failed = recorded(pipeline, 0, "queued", "processing", "failed", **A_FAILURE)
    for number in range(1, 6):
        recorded(pipeline, number, "queued")
    assert ids(pipeline.page(status="failed")) == [failed]


def test_a_task_is_shown_as_it_is_and_not_as_the_index_says(pipeline: Pipeline) -> None:
    """An index lags behind: here, forever."""
    stale = recorded(pipeline, 1, "queued")
    recorded(pipeline, 2, "queued", "processing", status_shard={"S": f"queued#{shard('task-002')}"})
    assert ids(pipeline.page(status="queued")) == [stale]


def test_a_task_that_is_processed_is_found_among_the_queued_ones(pipeline: Pipeline) -> None:
    recorded(pipeline, 1, "queued")
    processed = recorded(pipeline, 2, "queued", "processing", status_shard={"S": f"queued#{shard('task-002')}"})
    claimed_earlier = recorded(pipeline, 3, "queued", "processing")
    assert ids(pipeline.page(status="processing")) == [claimed_earlier, processed], "as releases before wrote it, too"


def test_tasks_that_succeeded_are_found_although_no_index_has_them_by_status(pipeline: Pipeline) -> None:
    succeeded = [recorded(pipeline, number, "succeeded", status_shard=LEAVE_OUT) for number in (1, 2, 3)]
    recorded(pipeline, 4, "queued")
    recorded(pipeline, 5, "failed", **A_FAILURE)
    assert list(itertools.chain(*walk(pipeline, status="succeeded", limit="2"))) == succeeded[::-1]


def test_a_task_that_has_expired_since_is_left_out(pipeline: Pipeline) -> None:
    recorded(pipeline, 1, "queued")
    with mock.patch.object(DynamoDBTaskIndex, "summaries", return_value={}):
        assert pipeline.page().document == {"tasks": []}


def test_records_that_do_not_fit_into_one_response_are_requested_again(pipeline: Pipeline) -> None:
    for number in range(5):
        recorded(pipeline, number, "queued")
    client = reader.build().index._client  # pyright: ignore[reportAttributeAccessIssue]
    whole = client.batch_get_item

    def short(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 boto3's own name
        ((table, wanted),) = RequestItems.items()
        left = wanted["Keys"][2:]
        response = whole(RequestItems={table: {**wanted, "Keys": wanted["Keys"][:2]}})
        return {**response, "UnprocessedKeys": {table: {**wanted, "Keys": left}} if left else {}}

    with mock.patch.object(client, "batch_get_item", short):
        assert len(ids(pipeline.page())) == 5
    none = {"Responses": {}, "UnprocessedKeys": {pipeline.table: {"Keys": [{"task_id": {"S": "task-000"}}]}}}
    with mock.patch.object(client, "batch_get_item", return_value=none):
        assert pipeline.page(limit="1").status == 503, "a response without progress is an error"


# Invalid requests


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": ["done"]}, "status"),
        ({"status": [""]}, "status"),
        ({"status": ["QUEUED"]}, "status"),
        ({"ordering_key": [""]}, "ordering_key"),
        ({"ordering_key": ["two words"]}, "ordering_key"),
        ({"ordering_key": ["k" * 129]}, "ordering_key"),
        *(
            ({"limit": [text]}, "limit")
            for text in ("0", "101", "-1", "1.0", "1e1", "", " 7", "\u0667", "seven", "9" * 10)
        ),
        ({"cursor": [""]}, "cursor"),
        ({"cursor": ["!!"]}, "cursor"),
        ({"cursor": ["é"]}, "cursor"),
        ({"cursor": ["x" * 257]}, "cursor"),
        ({"page": ["2"]}, "page"),
        ({"Status": ["queued"]}, "Status"),
        ({"status": ["queued", "failed"]}, "status"),
        ({"limit": ["5", "5"]}, "limit"),
    ],
)
def test_a_wrong_parameter_is_named(pipeline: Pipeline, query: dict[str, list[str]], field: str) -> None:
    response = ApiResponse.of(reader.handler(get_tasks(query), CONTEXT))
    assert response.status == 400
    assert response.fields == {field}


def test_the_refusal_of_a_query_says_what_is_wrong() -> None:
    refused = ApiResponse.of(reader.handler(get_tasks({"status": ["queued", "failed"], "limit": ["seven"]}), CONTEXT))
    assert refused.document["title"] == "Invalid query"
    assert refused.document["detail"] == "Nothing was listed. See: status, limit."
    assert refused.message("status") == "is given more than once"
    assert refused.message("limit") == "must be a whole number"


def test_all_wrong_parameters_are_named_together() -> None:
    query = {"status": ["x"], "limit": ["x"], "a": ["1", "2"], "ordering_key": ["k", "k"]}
    assert ApiResponse.of(reader.handler(get_tasks(query), CONTEXT)).fields == {"status", "limit", "a", "ordering_key"}


def test_a_cursor_is_bound_to_its_filters(pipeline: Pipeline) -> None:
    for number in range(3):
        recorded(pipeline, number, "queued")
    cursor = pipeline.page(limit="1", status="queued").document["cursor"]
    assert ids(pipeline.page(limit="2", status="queued", cursor=cursor)) == ["task-001", "task-000"]
    for other in (
        {},
        {"status": "failed"},
        {"ordering_key": "task-processing"},
        {"status": "queued", "ordering_key": "task-processing"},
    ):
        response = pipeline.page(cursor=cursor, **other)
        assert (response.status, response.message("cursor")) == (400, NO_CURSOR)


def test_a_cursor_that_was_changed_or_made_up_is_refused(pipeline: Pipeline) -> None:
    good = encode_cursor(MOMENT.format(0, 1) + "#task", NOBODY, None, None)
    assert pipeline.page(cursor=good).status == 200
    text = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)).decode()
    forged = base64.urlsafe_b64encode(text.replace("12:00:01", "12:00:02").encode()).decode().rstrip("=")
    made_up = base64.urlsafe_b64encode(json.dumps({"after": "x"}).encode()).decode()
    for wrong in (forged, made_up, good[:-1], good + "A", good + "==", good[4:]):
        response = pipeline.page(cursor=wrong)
        assert (response.status, response.message("cursor")) == (400, NO_CURSOR), wrong


@pytest.mark.parametrize(
    ("position", "status", "key", "cursor"),
    [
        ("2026-01-31T12:00:01.000Z#task-1", None, None, "NDkyZDhmNWYyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0x"),
        (
            "2026-01-31T12:00:01.000Z#task-W",
            Status.FAILED,
            None,
            "YzMwZjBhM2UyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay1X",
        ),
        (
            "2026-01-31T12:00:01.000Z#task-1",
            None,
            "customer-42",
            "MGFmYTE1YTQyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0x",
        ),
        (
            "2026-01-31T12:00:01.000Z#task-1W",
            Status.FAILED,
            "customer-42",
            "OGMyYjMzMGUyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0xVw",
        ),
    ],
)
def test_a_cursor_outlives_a_deployment(position: str, status: Status | None, key: str | None, cursor: str) -> None:
    request = ListRequest(status=status, ordering_key=key, cursor=cursor)
    assert (request.cursor_after(position, NOBODY), request.before(NOBODY)) == (cursor, position)


@given(
    st.from_regex(r"[!-~]{1,128}", fullmatch=True),
    st.none() | st.sampled_from(Status),
    st.none() | st.from_regex(r"[!-~]{1,128}", fullmatch=True),
)
def test_every_cursor_is_accepted_back(task_id: str, status: Status | None, key: str | None) -> None:
    position = f"{MOMENT.format(0, 0)}#{task_id}"
    filters = {name: [value] for name, value in {"status": status, "ordering_key": key}.items() if value}
    cursor = ListRequest(status=status, ordering_key=key).cursor_after(position, NOBODY)
    assert parse_list_request({**filters, "cursor": [cursor]}, NOBODY).before(NOBODY) == position


# Keys with more tasks than one call examines


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
