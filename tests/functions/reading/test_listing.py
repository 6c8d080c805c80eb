"""GET /tasks: pages of tasks, newest first, while others are submitted and processed."""

import itertools
import random
from typing import Any
from unittest import mock

import pytest

from functions import reader
from functions.adapters.task_table.indexes import shard
from functions.adapters.task_table.lists import DynamoDBTaskIndex
from functions.tasks.model import Status
from tests.builders import A_FAILURE, LEAVE_OUT
from tests.functions.conftest import Pipeline
from tests.functions.reading.lists import MOMENT, ids, recorded, walk


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
