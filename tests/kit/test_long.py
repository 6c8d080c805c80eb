"""Tasks that take long, and those that a worker ends, with the kit."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from functions.tasks.errors import TaskNetworkError, TaskValidationError
from functions.tasks.model import Task
from functions.tasks.needs import Needs, Pool
from functions.tasks.runs.progress import report_progress
from testing.pipeline.world import CANCEL_GRACE
from testing.taskline import Refused, SubmittedTask, Taskline


class Nothing(BaseModel):
    """The data of a task that needs none."""


def printed(taskline: Taskline) -> SubmittedTask:
    """A task whose worker is a printer."""
    wait, sign = timedelta(hours=2), timedelta(minutes=10)

    @taskline.task_type("a.printer", data=Nothing, timeout=wait, heartbeat=sign, task_token=True)
    def call(task: Task, data: Nothing) -> None:
        assert task.token

    return taskline.submit("a.printer")


def test_a_task_of_twelve_minutes_runs_once_and_its_key_waits(taskline: Taskline) -> None:
    taskline.takes("demo.long", 720)
    task, behind = taskline.submit("demo.long", {"milliseconds": 0}), taskline.submit("demo.echo")
    other = taskline.submit("demo.echo", ordering_key="another")
    taskline.at(300, lambda: None)
    taskline.settle()
    assert (task.status, len(task.runs), task.runs[0].seconds) == ("succeeded", 1, 720)
    assert behind.runs[0].at - task.runs[0].at >= 720
    assert other.runs[0].at - task.runs[0].at < 1


def test_a_run_that_takes_longer_than_its_type_says_times_out_and_is_tried_again(taskline: Taskline) -> None:
    taskline.takes("demo.long", 1000)
    task = taskline.submit("demo.long", {"milliseconds": 0})
    taskline.settle()
    assert (task.status, task.attempts) == ("failed", 4)
    assert task.error is not None
    assert task.error.type == "Sandbox.Timedout"


def test_a_task_whose_execution_was_aborted_runs_again(taskline: Taskline) -> None:
    taskline.takes("demo.long", 60)
    taskline.crash("RecordResult")
    task, behind = taskline.submit("demo.long", {"milliseconds": 0}), taskline.submit("demo.echo")
    taskline.settle()
    assert (task.status, len(task.runs), behind.status) == ("succeeded", 2, "succeeded")
    taskline.assert_order(task, behind)


def test_a_failure_is_dead_lettered_although_its_execution_died_before(taskline: Taskline) -> None:
    taskline.crash("SendToDeadLetterQueue")

    @taskline.task_type("a.failure", data=Nothing, timeout=timedelta(minutes=1), needs=Needs(pool=Pool("long")))
    def call(task: Task, data: Nothing) -> None:
        raise TaskNetworkError("down")

    task = taskline.submit("a.failure")
    taskline.settle()
    assert (task.status, task.dead_letter is not None) == ("failed", True)


def test_a_failed_task_that_is_redriven_before_its_execution_lets_its_key_go_keeps_it(taskline: Taskline) -> None:
    """The execution that failed comes to the gate when the next one has the key already."""
    taskline.fault("SettleGate")
    taskline.takes("a.second.try", 30)

    @taskline.task_type("a.second.try", data=Nothing, timeout=timedelta(minutes=1), needs=Needs(pool=Pool("long")))
    def call(task: Task, data: Nothing) -> None:
        if task.attempt == 1:
            raise TaskValidationError("not yet")

    task, behind = taskline.submit("a.second.try"), taskline.submit("demo.echo")

    def redrive_once_failed() -> None:
        if task.status == "failed":
            task.redrive()

    for tenths in range(300, 330):
        taskline.at(tenths / 10, redrive_once_failed)
    taskline.settle()
    assert (task.status, len(task.runs)) == ("succeeded", 2)
    assert behind.runs[0].at - task.runs[1].at >= 30


def test_a_worker_completes_a_task_by_its_token(taskline: Taskline) -> None:
    task = printed(taskline)
    taskline.at(300, lambda: task.heartbeat(percent=40))
    taskline.at(600, lambda: task.complete({"pages": 12}))
    taskline.settle()
    assert (task.status, task.result, task.progress, len(task.runs)) == ("succeeded", {"pages": 12}, 40, 1)
    with pytest.raises(Refused, match="Token expired"):
        task.complete()


def test_a_lost_worker_is_noticed_by_its_heartbeat_and_the_task_is_tried_again(taskline: Taskline) -> None:
    task = printed(taskline)
    taskline.at(1500, task.complete)
    taskline.settle()
    assert (task.status, [round(run.at - task.runs[0].at, -2) for run in task.runs]) == ("succeeded", [0, 600, 1200])


def test_a_worker_fails_and_the_type_s_policy_says_whether_there_is_another_run(taskline: Taskline) -> None:
    task = printed(taskline)
    taskline.at(60, lambda: task.fail("NETWORK", "no paper"))
    taskline.at(120, lambda: task.fail("VALIDATION", "no such page"))
    taskline.settle()
    assert (task.status, task.attempts, task.error and task.error.message) == ("failed", 2, "no such page")


def test_a_worker_learns_that_its_task_was_cancelled_and_stops(taskline: Taskline) -> None:
    task, behind = printed(taskline), taskline.submit("demo.echo")
    taskline.at(60, task.cancel)
    seen: list[bool] = []
    taskline.at(90, lambda: seen.append(task.heartbeat()))
    taskline.at(91, lambda: task.fail(cancelled=True))
    taskline.settle()
    assert (task.status, seen, behind.status) == ("cancelled", [True], "succeeded")


def test_a_worker_that_does_not_stop_has_a_minute_until_its_task_is_settled(taskline: Taskline) -> None:
    task, behind = printed(taskline), taskline.submit("demo.echo")
    taskline.at(60, task.cancel)
    taskline.settle()
    assert (task.status, behind.status) == ("cancelled", "succeeded")
    assert 119.9 <= behind.runs[0].at - task.runs[0].at < 122


def test_the_kit_gives_a_cancelled_task_as_long_as_a_stage_that_does_not_set_it() -> None:
    declared = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.yaml").read_text())["config"]
    assert timedelta(seconds=declared["taskline:cancelGraceSeconds"]["default"]) == CANCEL_GRACE


def test_a_function_that_reports_progress_is_stopped_by_its_next_report(taskline: Taskline) -> None:
    @taskline.task_type("a.long.one", data=Nothing, timeout=timedelta(minutes=5), needs=Needs(pool=Pool("long")))
    def call(task: Task, data: Nothing) -> None:
        report_progress(50)
        if task.attempt == 1:
            raise TaskNetworkError("again, please")

    task = taskline.submit("a.long.one")
    taskline.takes("a.long.one", 30)
    taskline.at(20, task.cancel)
    taskline.settle()
    assert (task.status, task.attempts, task.progress) == ("cancelled", 2, 50)


def test_the_token_of_another_task_is_refused(taskline: Taskline) -> None:
    task, other = printed(taskline), taskline.submit("a.printer", ordering_key="another")
    refused: list[Refused] = []

    def mistake() -> None:
        with pytest.raises(Refused) as caught:
            taskline.api.bring_back("complete", other.task_id, {"token": task.token}, None)
        refused.append(caught.value)

    taskline.at(60, mistake)
    taskline.at(61, task.complete)
    taskline.at(61, other.complete)
    taskline.settle()
    assert [one.status for one in refused] == [409]


def test_a_short_task_cannot_report_progress(taskline: Taskline) -> None:
    @taskline.task_type("a.short.one", data=Nothing)
    def call(task: Task, data: Nothing) -> None:
        report_progress(101)

    assert taskline.run("a.short.one").error_type == "ValueError"


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ({"task_token": True}, "needs a timeout"),
        ({"timeout": timedelta(minutes=20)}, "at most, or let a worker do the work"),
        ({"timeout": timedelta(days=400), "task_token": True}, "365 days"),
        ({"timeout": timedelta(seconds=1)}, "whole seconds, 2 or more"),
        ({"timeout": timedelta(minutes=1), "heartbeat": timedelta(seconds=9)}, "nobody who would send it"),
        ({"timeout": timedelta(minutes=1), "heartbeat": timedelta(minutes=1), "task_token": True}, "not shorter"),
    ],
)
def test_what_no_type_can_be_is_refused_where_it_is_declared(taskline: Taskline, about: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        taskline.task_type("a.type", data=Nothing, **about)(lambda task, data: None)
