"""POST /tasks/batch: each task has its own result, in order, and none overtakes another of its key."""

import json
import threading
from typing import Any

import pytest

from functions import validator
from functions.tasks.intake.batch import MAX_BATCH_BYTES, Batch
from functions.tasks.intake.idempotency import IdempotencyKey
from tests.builders import a_task
from tests.functions.conftest import ID_SECRET, Pipeline
from tests.functions.support import ApiResponse, from_caller, post, post_batch

KEY = {"Idempotency-Key": "import-2026-11"}
REPLAYED = "Idempotent-Replayed"
INVALID = a_task(title="")
TOO_LARGE = a_task(type="demo.echo", data={"x": "x" * 200_000})


def tasks(*keys: str) -> list[dict[str, Any]]:
    """One task per key, with its position in its title."""
    return [a_task(title=f"{key}{position}", ordering_key=key) for position, key in enumerate(keys)]


def statuses(response: ApiResponse) -> list[int]:
    assert response.status == 207, response.document
    return [result["status"] for result in response.document["results"]]


def titles(messages: list[dict[str, Any]]) -> list[str]:
    return [json.loads(message["Body"])["title"] for message in messages]


def test_every_task_is_accepted_and_its_result_is_at_its_position(pipeline: Pipeline) -> None:
    response = pipeline.submit(post_batch(tasks("a", "b", "a")))
    assert statuses(response) == [202] * 3
    results = response.document["results"]
    assert [result["task"]["title"] for result in results] == ["a0", "b1", "a2"]
    for result in results:
        assert result["location"] == f"/v1/tasks/{result['task']['task_id']}"
        assert pipeline.read(result["task"]["task_id"]).document == result["task"], "recorded as returned"
    assert len(pipeline.messages()) == 3
    assert REPLAYED not in response.headers
    assert "Retry-After" not in response.headers


def test_the_tasks_of_a_key_are_queued_in_the_order_given(pipeline: Pipeline) -> None:
    pipeline.submit(post_batch(tasks(*"abcabcabcabcabcabcabcabca")))
    queued = titles(pipeline.messages())
    for key in "abc":
        of_key = [int(title[1:]) for title in queued if title[0] == key]
        assert of_key == sorted(of_key)
    assert len(queued) == 25


def test_times_and_ids_show_the_order_of_a_batch(pipeline: Pipeline) -> None:
    results = pipeline.submit(post_batch(tasks(*"aaaa"))).document["results"]
    made = [(result["task"]["created_at"], result["task"]["task_id"]) for result in results]
    assert made == sorted(made)
    assert len({at for at, _ in made}) == 4


def test_invalid_tasks_do_not_fail_the_others(pipeline: Pipeline) -> None:
    given = [a_task(title="one"), INVALID, "not a task", TOO_LARGE, a_task(data={"n": 1}, type="demo.slow"), a_task()]
    response = pipeline.submit(post_batch(given))
    assert statuses(response) == [202, 400, 400, 413, 400, 202]
    problems = [result["problem"] for result in response.document["results"] if "problem" in result]
    assert [[wrong["field"] for wrong in problem["errors"]] for problem in problems[:3]] == [
        ["title"],
        ["body"],
        ["body"],
    ], "fields are named as in the response to a single task"
    assert [problem["instance"] for problem in problems] == [f"/v1/tasks/batch#/tasks/{n}" for n in (1, 2, 3, 4)]
    assert [problem["status"] for problem in problems] == [400, 400, 413, 400]
    assert len(pipeline.records()) == len(pipeline.messages()) == 2


def test_a_batch_of_invalid_tasks_has_a_result_for_each(pipeline: Pipeline) -> None:
    assert statuses(pipeline.submit(post_batch([INVALID, INVALID], headers=KEY))) == [400, 400]
    pipeline.assert_untouched()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ("{}", "tasks"),
        ('{"tasks": []}', "tasks"),
        ('{"tasks": {}}', "tasks"),
        ('{"tasks": null}', "tasks"),
        (json.dumps({"tasks": [a_task()] * 26}), "tasks"),
        (json.dumps({"tasks": [a_task()], "more": 1}), "more"),
        ('{"tasks": [1], "tasks": [1]}', "body"),
    ],
)
def test_an_invalid_batch_is_refused_as_a_whole(pipeline: Pipeline, body: str, field: str) -> None:
    response = pipeline.submit(post_batch(body))
    assert (response.status, response.fields) == (400, {field})
    pipeline.assert_untouched()


def test_the_refusal_of_a_batch_says_why_and_that_nothing_was_accepted(pipeline: Pipeline) -> None:
    refused = pipeline.submit(post_batch('{"tasks": [1], "tasks": [1]}')).document
    assert (refused["title"], refused["detail"]) == ("Invalid batch", "No task was accepted. See: body.")
    assert refused["errors"] == [{"field": "body", "message": "has the key 'tasks' twice in one object"}]


def test_a_batch_that_is_too_large_is_refused_as_a_whole(pipeline: Pipeline) -> None:
    body = json.dumps({"tasks": [a_task()]})
    assert pipeline.submit(post_batch(body + " " * (MAX_BATCH_BYTES - len(body)))).status == 207
    pipeline.clear()
    refused = pipeline.submit(post_batch(body + " " * (MAX_BATCH_BYTES - len(body) + 1)))
    assert (refused.status, refused.document["title"]) == (413, "Batch too large")
    assert refused.document["detail"] == "A batch may be up to 1024 KiB. Send several smaller ones."
    assert refused.document["errors"] == [{"field": "body", "message": "is too large"}]
    pipeline.assert_untouched()


def test_a_batch_is_json(pipeline: Pipeline) -> None:
    assert pipeline.submit(post_batch([a_task()], headers={"Content-Type": "text/csv"})).status == 415


def test_a_task_in_a_batch_may_be_nested_as_deep_as_alone(pipeline: Pipeline) -> None:
    nested = json.dumps(a_task(type="demo.echo"))[:-1] + f', "data": {{"x": {"[" * 30 + "1" + "]" * 30}}}}}'
    assert pipeline.post(nested).status == 202
    assert statuses(pipeline.submit(post_batch(f'{{"tasks": [{nested}]}}'))) == [202]


def test_any_other_method_is_refused_with_the_allowed_one(pipeline: Pipeline) -> None:
    response = pipeline.submit(post_batch([a_task()], httpMethod="GET"))
    assert (response.status, response.headers["Allow"]) == (405, "POST")


# With an idempotency key


def test_the_same_batch_again_returns_the_original_tasks(pipeline: Pipeline) -> None:
    given = [*tasks("a", "b"), INVALID, *tasks("a")]
    first = pipeline.submit(post_batch(given, headers=KEY))
    second = pipeline.submit(post_batch(given, headers=KEY))
    assert statuses(first) == statuses(second) == [202, 202, 400, 202]
    assert second.headers[REPLAYED] == "true"
    assert [result.get("replayed") for result in second.document["results"]] == [True, True, None, True]
    assert [result.get("task") for result in first.document["results"]] == [
        result.get("task") for result in second.document["results"]
    ]
    assert len(pipeline.records()) == len(pipeline.messages()) == 3


@pytest.mark.parametrize(
    "other",
    [tasks("a"), tasks("a", "b", "c"), tasks("b", "a"), tasks("a", "c"), [INVALID, *tasks("a", "b")]],
    ids=["shorter", "longer", "another order", "another task", "another position"],
)
def test_a_key_with_another_batch_is_refused_and_changes_nothing(
    pipeline: Pipeline, other: list[dict[str, Any]]
) -> None:
    pipeline.submit(post_batch(tasks("a", "b"), headers=KEY))
    before = pipeline.records()
    response = pipeline.submit(post_batch(other, headers=KEY))
    assert (response.status, response.fields) == (422, {"Idempotency-Key"})
    assert pipeline.records() == before


def test_a_refused_task_is_part_of_what_identifies_a_batch(pipeline: Pipeline) -> None:
    pipeline.submit(post_batch([*tasks("a"), INVALID], headers=KEY))
    response = pipeline.submit(post_batch([*tasks("a"), a_task(title="", description="another")], headers=KEY))
    assert response.status == 422, "another invalid task makes another request"


def test_a_key_always_gives_the_tasks_of_a_batch_the_same_ids(pipeline: Pipeline) -> None:
    """With other ids, a batch that is repeated across a deployment would be accepted a second time."""
    results = pipeline.submit(post_batch([*tasks("a"), INVALID, *tasks("b", "c")], headers=KEY)).document["results"]
    key = IdempotencyKey(caller=None, text=KEY["Idempotency-Key"], secret=ID_SECRET.encode())
    accepted = [result["task"]["task_id"] for result in results if "task" in result]
    assert accepted == [key.task_id(0), key.task_id(1), key.task_id(2)], "refused tasks are not numbered"


@pytest.mark.parametrize("given", [tasks("a"), tasks("a", "b"), [INVALID, *tasks("a")]])
def test_the_key_of_a_batch_cannot_be_used_for_a_single_task(pipeline: Pipeline, given: list[dict[str, Any]]) -> None:
    pipeline.submit(post_batch(given, headers=KEY))
    before = pipeline.records()
    assert pipeline.submit(post(tasks("a")[0], headers=KEY)).status == 422
    assert pipeline.records() == before


def test_each_caller_has_its_own_batches(pipeline: Pipeline) -> None:
    for caller in (None, "a1b2c3"):
        assert pipeline.submit(from_caller(post_batch(tasks("a", "b"), headers=KEY), caller)).status == 207
    assert len(pipeline.records()) == 4


def test_the_keys_of_a_batch_are_submitted_in_parallel(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each send waits for that of the other key: one after the other, they would never finish."""
    built = validator.build()
    barrier, send = threading.Barrier(2, timeout=10), built.queue.send

    def meet(**message: str) -> None:
        barrier.wait()
        send(**message)

    monkeypatch.setattr(built.queue, "send", meet)
    assert statuses(pipeline.submit(post_batch(tasks("a", "b")))) == [202, 202]


def test_a_batch_holds_tasks(pipeline: Pipeline) -> None:
    assert Batch.model_json_schema()["properties"]["tasks"]["items"] == {"$ref": "#/$defs/NewTask"}


def test_the_log_holds_ids_and_never_bodies(pipeline: Pipeline, logged: Any) -> None:
    response = pipeline.submit(post_batch([a_task(title="s3cret"), a_task(title="s3cret" * 100)]))
    assert response.document["results"][0]["task"]["task_id"] in logged()
    assert "s3cret" not in logged()
