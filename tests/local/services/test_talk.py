"""What the terminal says about tasks: one line each, and where a function failed."""

import json
import re
from typing import Any

import pytest

from local.services.talk import Talk
from tests.local.laptop import Laptop, eventually

STARTED, FINISHED = "2026-11-26T12:00:00.100Z", "2026-11-26T12:00:00.112Z"


def image(status: str, **more: Any) -> dict[str, Any]:
    texts = {"task_id": "a-task", "status": status, "type": "text.count", "ordering_key": "moby-dick"}
    return {name: {"S": value} for name, value in texts.items()} | {"attempts": {"N": "1"}} | more


def ended(status: str, **more: Any) -> dict[str, Any]:
    return image(status, started_at={"S": STARTED}, finished_at={"S": FINISHED}, **more)


def record(new: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": new, **({"OldImage": old} if old else {})}}


def said(*records: dict[str, Any], as_json: bool = False) -> list[str]:
    lines: list[str] = []
    Talk(lines.append, as_json=as_json).changes(records)
    return lines


def test_a_task_that_has_ended_is_a_line_with_what_it_was_and_how_long_it_took() -> None:
    (line,) = said(record(ended("succeeded"), image("processing")))
    assert re.fullmatch(r"\d\d:\d\d:00  succeeded  text\.count  moby-dick  12 ms", line)


def test_a_failure_says_why_and_how_often_it_ran() -> None:
    error = {"M": {"class": {"S": "NETWORK"}, "type": {"S": "TaskNetworkError"}, "message": {"S": "busy " * 99}}}
    (line,) = said(record(ended("failed", error=error, attempts={"N": "4"}), image("processing")))
    assert "failed     text.count  moby-dick  12 ms  4 runs  NETWORK: busy busy" in line
    assert len(line) < 240, "a long message is cut"


def test_a_task_that_never_ran_took_no_time() -> None:
    (line,) = said(record(image("cancelled", finished_at={"S": FINISHED}, attempts={"N": "0"}), image("queued")))
    assert line.endswith("cancelled  text.count  moby-dick")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (image("queued"), None),
        (image("processing"), image("queued")),
        (ended("succeeded"), ended("succeeded")),
        ({}, ended("succeeded")),
    ],
    ids=["submitted", "claimed", "changed after its end", "removed"],
)
def test_other_changes_are_no_line(new: dict[str, Any], old: dict[str, Any] | None) -> None:
    assert said(record(new, old)) == []


def test_machines_get_json() -> None:
    (line,) = said(record(ended("succeeded"), image("processing")), as_json=True)
    assert json.loads(line) == {
        "at": FINISHED,
        "task_id": "a-task",
        "status": "succeeded",
        "type": "text.count",
        "ordering_key": "moby-dick",
        "attempts": 1,
        "milliseconds": 12,
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_a_traceback_in_a_log_is_told_with_its_task(as_json: bool) -> None:
    lines: list[str] = []
    line = {"message": "raised", "task_id": "a-task", "attempt": 2, "traceback": "Traceback ...\nValueError: no\n"}
    others = ['no JSON with "traceback"', '["traceback"]', '{"traceback": 5}', '{"message": "failed"}']
    Talk(lines.append, as_json=as_json).logged([{"message": text} for text in (*others, json.dumps(line))])
    (told,) = lines
    if as_json:
        assert json.loads(told) == {"task_id": "a-task", "attempt": 2, "traceback": line["traceback"]}
    else:
        assert told == "Run 2 of task a-task failed:\nTraceback ...\nValueError: no"


def test_the_laptop_says_how_a_task_ended_and_where_it_failed(laptop: Laptop) -> None:
    key = "told"
    good = laptop.post(ordering_key=key, type="demo.echo", data={})
    bad = laptop.post(ordering_key=key, type="demo.flaky", data={"probability": 1, "error_class": "VALIDATION"})
    laptop.finished(good)
    laptop.finished(bad)
    eventually(lambda: f"Run 1 of task {bad} failed:\nTraceback (most recent call last):" in laptop.output)
    eventually(lambda: re.search(rf"^\d\d:\d\d:\d\d  succeeded  demo\.echo  {key}  \d+ ms$", laptop.output, re.M))
    eventually(
        lambda: re.search(rf"failed     demo\.flaky  {key}  \d+ ms  VALIDATION: attempt 1 failed", laptop.output)
    )
    assert 'demo.py", line' in laptop.output
    assert f"{laptop.api}/docs" in laptop.output
