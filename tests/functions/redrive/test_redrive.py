"""POST /tasks/{task_id}/redrive and POST /redrive through the real handler, on moto's table and queues."""

from typing import Any

import pytest

from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from tests.builders import a_message, an_item
from tests.functions.conftest import Pipeline
from tests.functions.redrive.support import (
    FAILED_AT,
    a_failed_task,
    record,
    redrive_many,
    redrive_one,
    redriven_by,
    sent,
    unavailable,
)


def test_a_failed_task_is_redriven_with_its_whole_message(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", key="customer-7")

    response = redrive_one("a")

    assert response.status == 202
    assert response.document["dead_letters_removed"] == 1
    (task,) = response.document["tasks"]
    assert (task["task_id"], task["ordering_key"], task["redrives"]) == ("a", "customer-7", 1)
    (message,) = pipeline.messages()
    assert message["Body"] == a_message(task_id="a", ordering_key="customer-7"), "byte for byte"
    assert message["Attributes"]["MessageGroupId"] == "customer-7"
    assert message["Attributes"]["MessageDeduplicationId"] == "a-redrive-1"


def test_the_record_becomes_queued_and_the_history_keeps_the_error(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")

    redrive_one("a")

    item = record(pipeline, "a")
    assert (item["status"], item["redrives"], item["redrive_id"]) == (
        {"S": "queued"},
        {"N": "1"},
        {"S": "a-redrive-1"},
    )
    assert item["attempts"] == {"N": "1"}, "attempts keep counting"
    gone = {"error", "finished_at", "expires_at", "failed_key"}
    assert item.keys().isdisjoint(gone), "a queued task has no outcome, does not expire and has not failed"
    document = pipeline.read("a").document
    assert document["redrives"] == 1
    last = document["history"][-1]
    assert last["status"] == "queued"
    assert last["error"] == {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"}


@pytest.mark.parametrize("status", ["queued", "processing", "succeeded"])
def test_a_task_that_has_not_failed_is_a_conflict(pipeline: Pipeline, status: str) -> None:
    history = ("queued", "processing", "succeeded")[: ["queued", "processing", "succeeded"].index(status) + 1]
    pipeline.put(an_item(*history, task_id={"S": "a"}))
    before = pipeline.records()

    response = redrive_one("a")

    assert response.status == 409
    assert (pipeline.records(), pipeline.messages()) == (before, [])


@pytest.mark.parametrize("task_id", ["no-such-task", "x" * 129, "x" * 5000])
def test_an_unknown_task_is_not_found(pipeline: Pipeline, task_id: str) -> None:
    assert redrive_one(task_id).status == 404


def test_a_redriven_task_is_not_redriven_again(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    redrive_one("a")

    assert redrive_one("a").status == 409
    assert sent(pipeline) == ["a"]


def test_a_redrive_that_crashed_before_it_sent_is_finished_by_the_next(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(SQSTaskQueue, "send", lambda *_, **__: unavailable())
        assert redrive_one("a").status == 503
    assert pipeline.read("a").document["status"] == "queued"

    assert redrive_one("a").status == 202

    (message,) = pipeline.messages()
    assert message["Attributes"]["MessageDeduplicationId"] == "a-redrive-1", "the same redrive"
    assert record(pipeline, "a")["redrives"] == {"N": "1"}


@pytest.mark.parametrize("filters", [{}, {"error_class": "NETWORK"}, {"failed_from": FAILED_AT}])
def test_a_bulk_redrive_that_crashed_is_continued_in_order_whatever_the_filter(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any]
) -> None:
    for sequence, task_id in enumerate("abc"):
        a_failed_task(pipeline, task_id, sequence)
    calls = iter([send_message, lambda *_, **__: unavailable()])
    with monkeypatch.context() as patch:
        patch.setattr(SQSTaskQueue, "send", lambda *given, **message: next(calls)(*given, **message))
        assert redrive_many(dry_run=False, **filters).status == 503
    assert redriven_by(**filters) == ["b", "c"], (
        "what was interrupted comes first, and what was sent is not sent again"
    )
    assert sent(pipeline) == ["a", "b", "c"]


send_message = SQSTaskQueue.send


def test_a_redrive_that_crashed_before_it_settled_sends_nothing_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBFailedTasks, "settle", lambda *_: unavailable())
        assert redrive_many(dry_run=False).status == 503

    assert redriven_by() == ["a"]
    assert sent(pipeline) == ["a"], "SQS drops the second message of the same redrive"


def test_two_concurrent_operators_keep_the_order(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one finds a task that the first one has marked but not sent, and sends it before the next."""
    for sequence, task_id in enumerate("ab"):
        a_failed_task(pipeline, task_id, sequence)
    second: list[str] = []

    def overtaken(self: SQSTaskQueue, **message: str) -> None:
        monkeypatch.setattr(SQSTaskQueue, "send", send_message)
        second.extend(redriven_by())
        send_message(self, **message)

    monkeypatch.setattr(SQSTaskQueue, "send", overtaken)
    first = redriven_by()

    assert (second, first) == (["a", "b"], ["a"])
    assert sent(pipeline) == ["a", "b"]


def test_a_task_that_fails_again_is_redriven_again_with_a_new_number(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", redrives={"N": "1"}, redrive_id={"S": "a-redrive-1"}, attempts=2)

    assert redrive_one("a").document["tasks"][0]["redrives"] == 2
    assert pipeline.messages()[0]["Attributes"]["MessageDeduplicationId"] == "a-redrive-2"
