"""Tasks without an `ordering_key` on a stage where each has a key of its own (`defaultOrdering: unordered`)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions import reader, validator
from tests.builders import a_task
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT, ApiResponse, from_caller, get_task, post, post_batch

KEY = {"Idempotency-Key": "order-4711"}


@pytest.fixture(autouse=True)
def _unordered(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DEFAULT_ORDERING", "unordered")
    validator.build.cache_clear()
    yield
    validator.build.cache_clear()


def groups(pipeline: Pipeline) -> list[str]:
    return [message["Attributes"]["MessageGroupId"] for message in pipeline.messages()]


def test_each_task_without_a_key_has_its_own_id_as_its_key_everywhere(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task()).document
    task_id = document["task_id"]
    (message,) = pipeline.messages()
    assert message["Attributes"]["MessageGroupId"] == document["ordering_key"] == task_id
    assert json.loads(message["Body"])["ordering_key"] == task_id, "what a redrive sends again"
    read = ApiResponse.of(reader.handler(get_task(task_id), CONTEXT)).document
    assert read["ordering_key"] == task_id
    assert read["links"]["same_key"] == f"/v1/tasks?ordering_key={task_id}"


def test_no_two_tasks_without_a_key_share_a_message_group(pipeline: Pipeline) -> None:
    for caller in (None, "a1b2c3", "a1b2c3"):
        pipeline.submit(from_caller(post(a_task()), caller))
    assert len(set(groups(pipeline))) == 3


@pytest.mark.parametrize("key", ["customer-42", "task-processing"])
def test_tasks_with_a_key_share_its_group(pipeline: Pipeline, key: str) -> None:
    """Also with the key that is the default elsewhere: whoever names it wants it."""
    for _ in range(2):
        assert pipeline.post(a_task(ordering_key=key)).document["ordering_key"] == key
    assert groups(pipeline) == [key, key]


def test_a_batch_s_tasks_without_a_key_do_not_wait_for_each_other(pipeline: Pipeline) -> None:
    given = [a_task(), a_task(ordering_key="a"), a_task(), a_task(ordering_key="a")]
    results = pipeline.submit(post_batch(given)).document["results"]
    tasks = [result["task"] for result in results]
    assert [task["ordering_key"] for task in tasks] == [tasks[0]["task_id"], "a", tasks[2]["task_id"], "a"]
    assert sorted(groups(pipeline)) == sorted(task["ordering_key"] for task in tasks)


@pytest.mark.parametrize("make", [post, lambda task, headers: post_batch([task], headers=headers)])
def test_a_repeated_request_finds_its_task_and_its_group(pipeline: Pipeline, make: Any) -> None:
    first, second = (pipeline.submit(make(a_task(), headers=KEY)) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(pipeline.records()) == len(set(groups(pipeline))) == 1
    assert first.status == second.status


@pytest.mark.parametrize("first", [{}, {"ordering_key": "task-processing"}])
def test_naming_the_default_key_and_leaving_it_out_are_two_requests(pipeline: Pipeline, first: dict[str, Any]) -> None:
    second = {} if first else {"ordering_key": "task-processing"}
    assert pipeline.submit(post(a_task(**first), headers=KEY)).status == 202
    assert pipeline.submit(post(a_task(**second), headers=KEY)).status == 422


def test_a_request_that_is_repeated_after_the_setting_changed_keeps_its_key(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = pipeline.submit(post(a_task(), headers=KEY)).document
    monkeypatch.setenv("DEFAULT_ORDERING", "one-key")
    validator.build.cache_clear()
    again = pipeline.submit(post(a_task(), headers=KEY)).document
    assert (again["task_id"], again["ordering_key"]) == (document["task_id"], document["ordering_key"])
