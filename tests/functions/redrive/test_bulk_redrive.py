"""POST /redrive through the real handler, on moto's table and queues: many tasks, in order."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import redrive
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.tasks.errors import Unavailable
from functions.tasks.model import Status
from functions.tasks.redrive.model import Continuation, RedriveRequest
from functions.tasks.redrive.state import TaskState
from tests.builders import LEAVE_OUT, an_item
from tests.functions.conftest import Pipeline
from tests.functions.redrive.support import (
    FAILED_AT,
    a_dead_letter_of,
    a_failed_task,
    body,
    documented,
    listed,
    redrive_many,
    redrive_one,
    redriven_by,
    sent,
    with_clock,
)
from tests.functions.support import CONTEXT, ApiResponse, post


def test_a_dry_run_is_the_default_and_changes_nothing(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    a_dead_letter_of(pipeline, "succeeded-since", 1)
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "succeeded-since"}))
    before = pipeline.records()

    response = ApiResponse.of(redrive.handler(post(None, resource="/redrive"), CONTEXT))

    assert (response.status, response.document["dry_run"], listed(response)) == (200, True, ["a"])
    assert response.document["tasks"][0]["redrives"] == 1, "as it would be"
    assert (pipeline.records(), pipeline.messages()) == (before, [])
    assert len(pipeline.dead_letters()) == 2, "the dead letters can be received immediately"


def test_each_key_is_redriven_in_its_original_order(pipeline: Pipeline) -> None:
    for sequence, (task_id, key) in enumerate([("z", "k"), ("y", "l"), ("x", "k"), ("w", "k"), ("v", "l")]):
        a_failed_task(pipeline, task_id, sequence, key=key)

    assert redriven_by() == ["z", "x", "w", "y", "v"]
    assert [task for task in sent(pipeline) if task in "zxw"] == ["z", "x", "w"]
    assert pipeline.dead_letters() == []


@pytest.mark.parametrize(
    ("filters", "redriven"),
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
def test_filters_select_what_is_redriven(pipeline: Pipeline, filters: dict[str, Any], redriven: str) -> None:
    a_failed_task(pipeline, "a", 1)
    a_failed_task(pipeline, "b", 2, key="other", error_class="SYSTEM")
    a_failed_task(pipeline, "c", 3, type={"S": "email"}, finished_at={"S": "2026-01-31T13:30:00.000Z"})

    assert sorted(listed(redrive_many(**filters))) == list(redriven)
    assert sorted(redriven_by(**filters)) == list(redriven)
    assert sorted(dead_letter["task_id"] for dead_letter in map(body, pipeline.dead_letters())) == sorted(
        set("abc") - set(redriven)
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_long_redrive_continues_where_it_stopped(pipeline: Pipeline, dry_run: bool) -> None:
    ids = [f"task-{number:02d}" for number in range(12)]
    for sequence, task_id in enumerate(ids):
        a_failed_task(pipeline, task_id, sequence, key=f"key-{sequence // 5}")
    redriven: list[str] = []
    request: dict[str, Any] = {"dry_run": dry_run, "limit": 3}
    for _ in range(20):
        response = redrive_many(**request)
        redriven += listed(response)
        if "continuation" not in response.document:
            break
        request["continuation"] = response.document["continuation"]

    assert redriven == ids


def test_pages_of_keys_are_processed_one_after_the_other(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
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

    assert redriven_by(continuation=first.document["continuation"]) == ["b"], "otherwise it would never end"


def test_no_call_takes_longer_than_the_gateway_waits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for sequence, task_id in enumerate("abc"):
        a_failed_task(pipeline, task_id, sequence)
    moments = (datetime.now(UTC) + timedelta(seconds=3 * n) for n in range(1000))
    slow = with_clock(lambda: next(moments))
    with monkeypatch.context() as patch:
        patch.setattr(redrive, "build", lambda: slow)
        response = redrive_many(dry_run=False)

    assert 0 <= len(listed(response)) < 3
    assert "continuation" in response.document


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
def test_an_invalid_request_redrives_nothing(pipeline: Pipeline, request_body: Any, field: str) -> None:
    a_failed_task(pipeline, "a")
    response = documented(post(request_body, resource="/redrive"), "/redrive")

    assert response.status == 400
    assert response.fields == {field}
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
def test_the_refusal_of_a_request_says_what_is_expected(pipeline: Pipeline, request_body: Any, message: str) -> None:
    (error,) = documented(post(request_body, resource="/redrive"), "/redrive").document["errors"]
    assert error["message"] == message


def test_the_refusal_of_a_request_names_the_wrong_fields(pipeline: Pipeline) -> None:
    refused = redrive_many(limit=0, dry_run="no").document
    assert (refused["title"], refused["detail"]) == (
        "Invalid redrive",
        "No task was redriven. See: dry_run, limit.",
    )


def test_a_continuation_is_accepted_back_for_any_key_but_only_unchanged() -> None:
    """A key may have any printable character: these need both characters that only URL-safe base64 has."""
    given = Continuation(before=FAILED_AT, key="~~~?~???~", sequence="7").encode()
    assert {"-", "_"} <= set(given)
    assert Continuation.decode(given) == Continuation(before=FAILED_AT, key="~~~?~???~", sequence="7")
    with pytest.raises(ValueError, match="continuation"):
        Continuation.decode(given[:8] + "*" + given[8:])


def test_a_redrive_includes_what_had_failed_when_it_started() -> None:
    started = FAILED_AT
    for failed_at, redriven in ((None, True), (started, True), ("2026-01-31T12:00:02.001Z", False)):
        failed = TaskState(
            task_id="a", ordering_key="k", status=Status.FAILED, type="t", created_at="", failed_at=failed_at
        )
        assert RedriveRequest().matches(failed, started) is redriven


def test_a_table_that_does_not_respond_is_unavailable(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    a_failed_task(pipeline, "a")
    monkeypatch.setenv("TABLE_NAME", "gone")
    redrive.build.cache_clear()
    try:
        assert redrive_one("a").status == 503
        assert redrive_many().status == 503
    finally:
        redrive.build.cache_clear()


def test_unprocessed_keys_are_not_missing_records() -> None:
    class Throttled:
        def batch_get_item(self, **_: Any) -> Any:
            return {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": []}}}

    with pytest.raises(Unavailable):
        DynamoDBFailedTasks("t", Throttled()).states(["a"])  # pyright: ignore[reportArgumentType]


def test_a_record_without_an_index_entry_is_redriven_only_individually(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", failed_key=LEAVE_OUT, sequence_number=LEAVE_OUT)
    assert redriven_by() == []
    assert redrive_one("a").status == 202
