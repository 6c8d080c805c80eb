"""A task's life is found by the id of the request that submitted it, as by its own: on every line that names it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.local.laptop import SHORT_TIMES, Laptop, eventually

pytestmark = [pytest.mark.check, pytest.mark.nightly]


class Line(NamedTuple):
    """A line of a log."""

    group: str
    text: str

    @property
    def document(self) -> Mapping[str, Any]:
        return json.loads(self.text)


class Life(NamedTuple):
    """A task that failed once and was retried, with the lines that name it."""

    task_id: str
    request: str
    lines: list[Line]

    def of(self, group: str) -> list[Line]:
        return [line for line in self.lines if line.group.endswith(group)]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    config = {**SHORT_TIMES, "taskline:executionDataSampling": "1"}
    laptop = Laptop(tmp_path_factory.mktemp("correlation") / "state", config=config)
    laptop.start()
    try:
        yield _lived(laptop)
    finally:
        laptop.ensure_stopped()


def _lived(laptop: Laptop) -> Life:
    task_id = laptop.post(type="demo.flaky", data={"probability": 1, "error_class": "UNKNOWN"})
    laptop.finished(task_id, seconds=60)
    eventually(lambda: [line for line in _lines(laptop, task_id) if "task ended" in line.text])
    eventually(lambda: [line for line in _lines(laptop, task_id) if "ExecutionSucceeded" in line.text])
    lines = _lines(laptop, task_id)
    (accepted,) = (line.document for line in lines if line.group.endswith("-validator"))
    return Life(task_id, accepted["correlation_id"], lines)


def _lines(laptop: Laptop, task_id: str) -> list[Line]:
    """All lines of all groups that name the task, and those of its execution."""
    logs = laptop.clients.get("logs")
    groups = [
        one["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for one in page["logGroups"]
    ]
    found: list[Line] = []
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        found += [Line(group, event["message"]) for page in pages for event in page["events"]]
    started = [
        line.document["execution_arn"] for line in found if "ExecutionStarted" in line.text and task_id in line.text
    ]
    return [line for line in found if task_id in line.text or (started and started[0] in line.text)]


def test_each_line_of_a_function_that_names_the_task_has_the_id_of_its_request(life: Life) -> None:
    lines = [line for line in life.lines if line.group.startswith("/aws/lambda/")]
    named = {line.group.rpartition("-")[2]: line.document for line in lines if life.task_id in line.text}
    assert named.keys() >= {"validator", "processor", "events"}, "from the request to the task's end"
    for line in lines:
        if life.task_id in line.text:
            assert line.document["correlation_id"] == life.request, line


def test_each_run_and_its_retry_have_it(life: Life) -> None:
    failed = [line.document for line in life.of("-processor") if line.document.get("message") == "failed"]
    assert [one["attempt"] for one in failed] == [1, 2]
    assert {(one["task_id"], one["correlation_id"]) for one in failed} == {(life.task_id, life.request)}


def test_the_input_of_the_execution_has_both_ids_and_each_of_its_events_the_execution(life: Life) -> None:
    events = [line.document for line in life.lines if "/states/" in line.group]
    started, *others = sorted(events, key=lambda one: int(one["id"]))
    (message,) = json.loads(started["details"]["input"])
    assert json.loads(message["body"])["task_id"] == life.task_id
    assert message["messageAttributes"]["correlation_id"]["stringValue"] == life.request
    assert len(others) > 5
    assert {one["execution_arn"] for one in others} == {started["execution_arn"]}


def test_the_last_line_of_the_life_has_both(life: Life) -> None:
    (ended,) = (line.document for line in life.of("-events") if line.document["message"] == "task ended")
    assert (ended["task_id"], ended["correlation_id"]) == (life.task_id, life.request)
