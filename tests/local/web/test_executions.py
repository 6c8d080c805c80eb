"""The console of the laptop edition shows what an execution did, found from its task, and the task from it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from taskline.console.executions.loading import Hint, Loaded, load
from taskline.console.executions.model import Outcome, StepStatus
from taskline.console.executions.subject import executions_of
from tests.local.laptop import Laptop, eventually


def loaded(laptop: Laptop, task: dict[str, Any]) -> Loaded:
    """The last execution of a task, as soon as its log is there."""
    *_, last = executions_of(task["history"])
    hint = Hint(started=last.started, ended=last.ended)
    states, logs = laptop.clients.stepfunctions, laptop.clients.logs

    def read() -> Loaded:
        return load(states, logs, last.arn, now=round(time.time() * 1000), hint=hint, is_laptop=True)

    eventually(lambda: read().execution.end is not None)
    return read()


def test_a_task_leads_to_its_execution_and_back(laptop: Laptop) -> None:
    task = laptop.finished(laptop.post(ordering_key="shown"))
    found = loaded(laptop, task).execution
    assert found.task_id == task["task_id"]
    assert found.outcome is Outcome.SUCCEEDED
    assert found.gaps == (), "the log of the laptop is whole, in the form that the console reads on AWS"
    assert [visit.state for visit in found.visits] == [
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    ]


def test_a_failed_task_shows_where_it_failed(laptop: Laptop) -> None:
    failing = {"probability": 1, "error_class": "VALIDATION"}
    task = laptop.finished(laptop.post(ordering_key="broken", type="demo.flaky", data=failing))
    states = loaded(laptop, task).execution.states
    assert states["ProcessTask"].status is StepStatus.CAUGHT
    assert states["RecordFailure"].status is StepStatus.SUCCEEDED
    assert states["RecordResult"].status is StepStatus.NOT_REACHED


def test_a_task_that_takes_long_shows_its_way_through_the_other_machine(laptop: Laptop) -> None:
    task = laptop.finished(laptop.post(ordering_key="long", type="demo.long", data={"milliseconds": 0}))
    found = loaded(laptop, task).execution
    assert found.machine.endswith("long-workflow")
    assert (found.task_id, found.outcome, found.gaps) == (task["task_id"], Outcome.SUCCEEDED, ())
    way = [visit.state for visit in found.visits]
    assert way[-4:] == ["RecordResult", "DecideOnHead", "SettleGate", "HeadSettled"]


def test_a_worker_s_task_is_seen_to_wait(laptop: Laptop) -> None:
    task = laptop.post(ordering_key="worker", type="demo.worker")
    eventually(lambda: "progress" in laptop.read(task))
    *_, last = executions_of(laptop.read(task)["history"])
    states, logs = laptop.clients.stepfunctions, laptop.clients.logs
    found = load(states, logs, last.arn, now=round(time.time() * 1000), is_laptop=True).execution
    assert (found.outcome, found.states["AwaitWorker"].status) == (Outcome.RUNNING, StepStatus.RUNNING)
    assert laptop.request("DELETE", f"/v1/tasks/{task}").status == 202
    states.stop_execution(executionArn=last.arn)


@pytest.mark.check
def test_the_page_of_the_execution_is_served(laptop: Laptop) -> None:
    task = laptop.finished(laptop.post(ordering_key="served", title="<b>bold</b>"))
    found = loaded(laptop, task).execution
    for view in ("graph", "timeline", "steps", "events"):
        query = urlencode({"arn": found.arn, "task": task["task_id"], "view": view})
        answer = laptop.request("GET", f"/executions?{query}")
        assert answer.status == 200
        assert b"RecordResult" in answer.body
        assert b"<b>bold" not in answer.body
