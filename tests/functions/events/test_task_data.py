"""Failed tasks are logged with their data, others as often as a stage asks for, and none with a secret."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions import events
from functions.adapters.stream import read_ended
from functions.events import Publisher
from functions.tasks.events.samples import MAX_DATA_CHARACTERS, MAX_RUNS, as_line, is_logged
from tests.builders import TASK_ID, TIMES, a_message, an_item
from tests.functions.events.support import FakeTopic, Kept, a_change, a_failed_item
from tests.functions.support import CONTEXT

EXECUTION = "arn:aws:states:eu-west-1:111122223333:express:workflow:run:1"


def a_run(attempt: int = 1, **error: str) -> dict[str, Any]:
    """The entry that the state machine adds to the history for a failed run."""
    texts = {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"} | error
    return {
        "M": {
            "status": {"S": "processing"},
            "at": {"S": TIMES[2]},
            "attempt": {"N": str(attempt)},
            "started_at": {"S": TIMES[1]},
            "error": {"M": {name: {"S": text} for name, text in texts.items()}},
        }
    }


def with_runs(item: dict[str, Any], *runs: dict[str, Any]) -> dict[str, Any]:
    *steps, last = item["history"]["L"]
    return item | {"history": {"L": [*steps, *runs, last]}}


def ended(status: str, **changes: Any) -> dict[str, Any]:
    return an_item("queued", "processing", status, **changes)


def lines_of(
    items: Sequence[dict[str, Any]],
    share: float | None,
    monkeypatch: pytest.MonkeyPatch,
    logged: Any,
    accepts: int = 1000,
) -> list[dict[str, Any]]:
    """What the function logs about tasks that end like this, one change each."""
    topic = FakeTopic(fails_after=accepts)
    made = Publisher(topic=topic, unreadable=Kept(), types=frozenset({"default"}), data_share=share)
    monkeypatch.setattr(events, "build", lambda: made)
    batch = [a_change(an_item("queued", "processing"), item, number=n) for n, item in enumerate(items)]
    before = len(logged())
    events.handler({"Records": batch}, CONTEXT)
    lines = [json.loads(line) for line in logged()[before:].splitlines()]
    return [line for line in lines if line.get("message") == "task ended"]


def test_a_failed_task_is_logged_with_everything_that_tells_why(monkeypatch: pytest.MonkeyPatch, logged: Any) -> None:
    item = with_runs(a_failed_item(), a_run(1), a_run(2, message="gone"))
    item["history"]["L"][-1]["M"]["execution"] = {"S": EXECUTION}
    (line,) = lines_of([item], 0.0, monkeypatch, logged)
    assert (line["level"], line["task_id"], line["status"], line["type"]) == ("WARNING", TASK_ID, "failed", "default")
    assert json.loads(line["data"]) == json.loads(item["body"]["S"])
    assert line["error"] == {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"}
    assert [(run["attempt"], run["error"]["message"]) for run in line["failed_runs"]] == [(1, "no route"), (2, "gone")]
    assert line["execution"] == EXECUTION, "it leads to the execution's own log"
    assert line["cut"] is False


def test_a_record_of_an_earlier_release_does_not_name_the_execution(
    monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    (line,) = lines_of([a_failed_item()], 0.0, monkeypatch, logged)
    assert "execution" not in line


@pytest.mark.parametrize("status", ["succeeded", "cancelled"])
def test_a_failed_run_is_logged_whatever_became_of_its_task(
    status: str, monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    (line,) = lines_of([with_runs(ended(status), a_run())], 0.0, monkeypatch, logged)
    assert (line["level"], line["status"], len(line["failed_runs"])) == ("INFO", status, 1)
    assert "error" not in line, "the task has none"


def test_a_redriven_task_that_succeeds_has_no_error_any_more(monkeypatch: pytest.MonkeyPatch, logged: Any) -> None:
    item = with_runs(ended("succeeded", result={"S": '{"sent": 1}'}, error=a_failed_item()["error"]), a_run())
    (line,) = lines_of([item], 0.0, monkeypatch, logged)
    assert ("error" in line, json.loads(line["result"])) == (False, {"sent": 1})


def test_tasks_without_a_failure_are_logged_as_often_as_asked_for(
    monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    items = [ended("succeeded", task_id={"S": f"task-{n}"}) for n in range(100)]
    assert lines_of(items, 0.0, monkeypatch, logged) == []
    assert len(lines_of(items, 1.0, monkeypatch, logged)) == 100
    tasks = [read_ended(a_change(None, ended("succeeded", task_id={"S": f"task-{n}"}))) for n in range(10_000)]
    sampled = [task for task in tasks if task and is_logged(task, 0.05)]
    assert 420 <= len(sampled) <= 580, "five of a hundred, within four standard deviations"
    assert sampled == [task for task in tasks if task and is_logged(task, 0.05)], "a second look chooses the same"


@pytest.mark.parametrize("item", [a_failed_item(), ended("succeeded")])
def test_a_stage_that_asks_for_none_logs_no_data(
    item: dict[str, Any], monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    assert lines_of([item], None, monkeypatch, logged) == []


def test_a_task_that_has_not_ended_is_not_logged(monkeypatch: pytest.MonkeyPatch, logged: Any) -> None:
    waiting = with_runs(an_item("queued", "processing", "queued"), a_run())
    assert lines_of([waiting, an_item("queued", "processing")], 1.0, monkeypatch, logged) == []


def test_what_was_not_published_is_logged_when_it_is(monkeypatch: pytest.MonkeyPatch, logged: Any) -> None:
    items = [a_failed_item() | {"task_id": {"S": f"task-{n}"}} for n in range(3)]
    assert [line["task_id"] for line in lines_of(items, 0.0, monkeypatch, logged, accepts=2)] == ["task-0", "task-1"]


def test_no_line_holds_a_secret(monkeypatch: pytest.MonkeyPatch, logged: Any) -> None:
    secret = "hunter2-hunter2"
    item = with_runs(a_failed_item(message=f"password={secret}"), a_run(message=f"token: {secret}"))
    item |= {
        "body": {"S": a_message(data={"password": secret, "to": "jo@example.com"})},
        "result": {"S": json.dumps({"api_key": secret})},
    }
    (line,) = lines_of([item], 0.0, monkeypatch, logged)
    assert secret not in json.dumps(line)
    assert "jo@example.com" not in json.dumps(line)
    assert "[email]" in line["data"]


@pytest.mark.parametrize("filling", ["x", "\\", "\x01", "\U0001f600"])
def test_a_line_fits_into_the_log_however_large_the_task(filling: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: 1 MB for an event."""
    body, result = a_message(data={"a": filling * 180_000}), json.dumps(filling * 130_000)
    runs = [a_run(n, message=filling * 256) for n in range(100)]
    task = read_ended(a_change(None, with_runs(ended("failed", body={"S": body}, result={"S": result}), *runs)))
    assert task is not None
    line = as_line(task)
    assert (len(line["data"]), line["cut"]) == (MAX_DATA_CHARACTERS, True)
    assert len(line["failed_runs"]) == MAX_RUNS
    assert line["failed_runs"][-1]["attempt"] == 99, "the latest are kept"
    assert len(json.dumps(line).encode()) < 1_000_000


def test_a_secret_at_the_end_of_what_is_read_is_not_half_shown() -> None:
    filling = "word " * 6600
    body = a_message(data={"a": filling, "password": "hunter2-hunter2"})
    task = read_ended(a_change(None, ended("failed", body={"S": body})))
    assert task is not None
    assert "hunter" not in as_line(task)["data"]


@pytest.mark.parametrize("name", ["history", "body", "attempts", "status"])
def test_a_record_that_cannot_be_read_is_not_logged(name: str) -> None:
    assert read_ended(a_change(None, ended("failed") | {name: {"S": 5}})) is None
