"""POST /tasks/{task_id}/redrive and POST /redrive through the real handler, on moto's table and queues."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import redrive
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status
from functions.tasks.redrive.model import Continuation, RedriveRequest
from functions.tasks.redrive.state import TaskState
from tests.builders import LEAVE_OUT, a_message, an_item
from tests.functions.conftest import Pipeline
from tests.functions.redrive.support import (
    FAILED_AT,
    a_failed_task,
    a_letter,
    body,
    documented,
    listed,
    record,
    redrive_many,
    redrive_one,
    redriven_by,
    sent,
    unavailable,
    with_clock,
)
from tests.functions.support import CONTEXT, Answer, post


@pytest.fixture
def pipeline(own_pipeline: Pipeline) -> Pipeline:
    return own_pipeline


def test_a_failed_task_goes_back_with_its_whole_message(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", key="customer-7")

    answer = redrive_one("a")

    assert answer.status == 202
    assert answer.document["dead_letters_removed"] == 1
    (task,) = answer.document["tasks"]
    assert (task["task_id"], task["ordering_key"], task["redrives"]) == ("a", "customer-7", 1)
    (message,) = pipeline.messages()
    assert message["Body"] == a_message(task_id="a", ordering_key="customer-7"), "byte for byte"
    assert message["Attributes"]["MessageGroupId"] == "customer-7"
    assert message["Attributes"]["MessageDeduplicationId"] == "a-redrive-1"


def test_the_record_says_that_it_is_queued_and_the_history_why(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")

    redrive_one("a")

    item = record(pipeline, "a")
    assert (item["status"], item["redrives"], item["redrive_id"]) == (
        {"S": "queued"},
        {"N": "1"},
        {"S": "a-redrive-1"},
    )
    assert item["attempts"] == {"N": "1"}, "attempts count on"
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

    answer = redrive_one("a")

    assert answer.status == 409
    assert (pipeline.records(), pipeline.messages()) == (before, [])


@pytest.mark.parametrize("task_id", ["nobody", "x" * 129, "x" * 5000])
def test_an_unknown_task_is_not_found(pipeline: Pipeline, task_id: str) -> None:
    assert redrive_one(task_id).status == 404


def test_a_task_that_was_put_back_is_not_put_back_again(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    redrive_one("a")

    assert redrive_one("a").status == 409
    assert sent(pipeline) == ["a"]


def test_a_redrive_that_died_before_it_sent_is_finished_by_the_next(
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
def test_a_bulk_redrive_that_died_goes_on_in_order_whatever_the_filter(
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


def test_a_redrive_that_died_before_it_settled_sends_nothing_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBFailedTasks, "settle", lambda *_: unavailable())
        assert redrive_many(dry_run=False).status == 503

    assert redriven_by() == ["a"]
    assert sent(pipeline) == ["a"], "SQS drops the second message of the same redrive"


def test_two_operators_at_once_keep_the_order(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one meets a task that the first one has marked and not sent, and sends it before the next."""
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


def test_a_task_that_fails_again_is_put_back_again_with_a_number_of_its_own(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", redrives={"N": "1"}, redrive_id={"S": "a-redrive-1"}, attempts=2)

    assert redrive_one("a").document["tasks"][0]["redrives"] == 2
    assert pipeline.messages()[0]["Attributes"]["MessageDeduplicationId"] == "a-redrive-2"


def test_a_dry_run_is_the_default_and_changes_nothing(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    a_letter(pipeline, "succeeded-since", 1)
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "succeeded-since"}))
    before = pipeline.records()

    answer = Answer.of(redrive.handler(post(None, resource="/redrive"), CONTEXT))

    assert (answer.status, answer.document["dry_run"], listed(answer)) == (200, True, ["a"])
    assert answer.document["tasks"][0]["redrives"] == 1, "as it would be"
    assert (pipeline.records(), pipeline.messages()) == (before, [])
    assert len(pipeline.dead_letters()) == 2, "and the dead letters can be received at once"


def test_each_key_is_put_back_in_its_original_order(pipeline: Pipeline) -> None:
    for sequence, (task_id, key) in enumerate([("z", "k"), ("y", "l"), ("x", "k"), ("w", "k"), ("v", "l")]):
        a_failed_task(pipeline, task_id, sequence, key=key)

    assert redriven_by() == ["z", "x", "w", "y", "v"]
    assert [task for task in sent(pipeline) if task in "zxw"] == ["z", "x", "w"]
    assert pipeline.dead_letters() == []


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({}, "abc"),
        ({"error_class": "SYSTEM"}, "b"),
        ({"type": "email"}, "c"),
        ({"ordering_key": "other"}, "b"),
        ({"ordering_key": "unknown"}, ""),
        ({"ordering_key": "k", "error_class": "SYSTEM"}, ""),
        ({"failed_from": "2026-01-31T13:00:00Z"}, "c"),
        ({"failed_until": "2026-01-31T14:00:00+02:00"}, ""),
        ({"failed_until": "2026-01-31T14:00:02+02:00"}, "ab"),
        ({"failed_from": "2026-01-31T12:00:00Z", "failed_until": "2026-01-31T12:30:00Z"}, "ab"),
    ],
)
def test_filters_pick_what_is_put_back(pipeline: Pipeline, filters: dict[str, Any], taken: str) -> None:
    a_failed_task(pipeline, "a", 1)
    a_failed_task(pipeline, "b", 2, key="other", error_class="SYSTEM")
    a_failed_task(pipeline, "c", 3, type={"S": "email"}, finished_at={"S": "2026-01-31T13:30:00.000Z"})

    assert sorted(listed(redrive_many(**filters))) == list(taken)
    assert sorted(redriven_by(**filters)) == list(taken)
    assert sorted(dead_letter["task_id"] for dead_letter in map(body, pipeline.dead_letters())) == sorted(
        set("abc") - set(taken)
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_long_redrive_goes_on_where_it_stopped(pipeline: Pipeline, dry_run: bool) -> None:
    ids = [f"task-{number:02d}" for number in range(12)]
    for sequence, task_id in enumerate(ids):
        a_failed_task(pipeline, task_id, sequence, key=f"key-{sequence // 5}")
    taken: list[str] = []
    request: dict[str, Any] = {"dry_run": dry_run, "limit": 3}
    for _ in range(20):
        answer = redrive_many(**request)
        taken += listed(answer)
        if "continuation" not in answer.document:
            break
        request["continuation"] = answer.document["continuation"]

    assert taken == ids


def test_pages_of_keys_are_gone_through_one_after_the_other(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.adapters.task_table.failures._PAGE", 2)
    ids = [f"task-{number}" for number in range(7)]
    for sequence, task_id in enumerate(ids):
        a_failed_task(pipeline, task_id, sequence, key=f"key-{sequence // 3}")

    assert sorted(listed(redrive_many())) == ids, "each once"
    assert sorted(redriven_by()) == ids


def test_a_task_that_fails_again_during_a_redrive_is_left_for_the_next(pipeline: Pipeline) -> None:
    for sequence, task_id in enumerate("ab"):
        a_failed_task(pipeline, task_id, sequence)
    first = redrive_many(dry_run=False, limit=1)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    a_failed_task(pipeline, "a", 0, attempts=2, redrives={"N": "1"}, finished_at={"S": soon})

    assert redriven_by(continuation=first.document["continuation"]) == ["b"], "else it would never end"


def test_no_call_takes_longer_than_the_gateway_waits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for sequence, task_id in enumerate("abc"):
        a_failed_task(pipeline, task_id, sequence)
    moments = (datetime.now(UTC) + timedelta(seconds=3 * n) for n in range(1000))
    slow = with_clock(lambda: next(moments))
    with monkeypatch.context() as patch:
        patch.setattr(redrive, "build", lambda: slow)
        answer = redrive_many(dry_run=False)

    assert 0 <= len(listed(answer)) < 3
    assert "continuation" in answer.document


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"error_class": "BAD_LUCK"}, "error_class"),
        ({"failed_from": "yesterday"}, "failed_from"),
        ({"failed_until": "2026-01-31T12:00:00"}, "failed_until"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"dry_run": "no"}, "dry_run"),
        ({"continuation": "?"}, "continuation"),
        ({"continuation": "ü"}, "continuation"),
        ({"continuation": base64.b64encode(b'{"before": 1}').decode()}, "continuation"),
        ({"all": True}, "all"),
        ([], "body"),
        ("{", "body"),
    ],
)
def test_a_wrong_request_puts_nothing_back(pipeline: Pipeline, request_body: Any, field: str) -> None:
    a_failed_task(pipeline, "a")
    answer = documented(post(request_body, resource="/redrive"), "/redrive")

    assert answer.status == 400
    assert answer.fields == {field}
    assert pipeline.messages() == []


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"error_class": "BAD_LUCK"}, "must be one of VALIDATION, NETWORK, RATE_LIMIT, SYSTEM, UNKNOWN"),
        (
            {"failed_from": "yesterday"},
            "must be an ISO 8601 date and time with a time zone, such as 2026-01-31T17:00:00Z",
        ),
        ({"continuation": "?"}, "is not a continuation from an earlier response"),
        ('{"limit": 1, "limit": 2}', "has the key 'limit' twice in one object"),
    ],
)
def test_the_refusal_of_a_request_says_what_would_be_right(
    pipeline: Pipeline, request_body: Any, message: str
) -> None:
    (error,) = documented(post(request_body, resource="/redrive"), "/redrive").document["errors"]
    assert error["message"] == message


def test_the_refusal_of_a_request_names_the_wrong_fields(pipeline: Pipeline) -> None:
    refused = redrive_many(limit=0, dry_run="no").document
    assert (refused["title"], refused["detail"]) == (
        "Invalid redrive",
        "No task was redriven. See: dry_run, limit.",
    )


def test_a_continuation_is_taken_back_whatever_the_key_is_called_and_only_as_it_was_given() -> None:
    """A key may hold any printable character: these need both characters that base64 has for URLs alone."""
    given = Continuation(before=FAILED_AT, key="~~~?~???~", sequence="7").encode()
    assert {"-", "_"} <= set(given)
    assert Continuation.decode(given) == Continuation(before=FAILED_AT, key="~~~?~???~", sequence="7")
    with pytest.raises(ValueError, match="continuation"):
        Continuation.decode(given[:8] + "*" + given[8:])


def test_a_redrive_takes_what_had_failed_when_it_began() -> None:
    began = FAILED_AT
    for failed_at, taken in ((None, True), (began, True), ("2026-01-31T12:00:02.001Z", False)):
        failed = TaskState(
            task_id="a", ordering_key="k", status=Status.FAILED, type="t", created_at="", failed_at=failed_at
        )
        assert RedriveRequest().matches(failed, began) is taken


def test_a_table_that_does_not_answer_is_unavailable(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    a_failed_task(pipeline, "a")
    monkeypatch.setenv("TABLE_NAME", "gone")
    redrive.build.cache_clear()
    try:
        assert redrive_one("a").status == 503
        assert redrive_many().status == 503
    finally:
        redrive.build.cache_clear()


def test_keys_left_out_of_an_answer_are_no_missing_records() -> None:
    class Throttled:
        def batch_get_item(self, **_: Any) -> Any:
            return {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": []}}}

    with pytest.raises(Unavailable):
        DynamoDBFailedTasks("t", Throttled()).states(["a"])  # pyright: ignore[reportArgumentType]


def test_a_record_of_before_has_no_index_entry_and_is_put_back_one_by_one(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", failed_key=LEAVE_OUT, sequence_number=LEAVE_OUT)
    assert redriven_by() == []
    assert redrive_one("a").status == 202
