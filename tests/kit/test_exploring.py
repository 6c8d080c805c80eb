"""Exploring finds what a function does wrong when something around it fails, and says how to see it again."""

import re

import pytest
from pydantic import BaseModel

from functions.tasks.model import Task
from testing.exploring import ScheduleFailed, explore
from testing.taskline import Taskline


class Invoice(BaseModel):
    """Which invoice."""

    number: int


def printing(taskline: Taskline, *, idempotent: bool) -> None:
    """One invoice is printed, by a printer that can be told not to print the same twice."""
    printed: list[str] = []

    @taskline.task_type("invoice.print", data=Invoice)
    def run(task: Task, data: Invoice) -> dict[str, int]:
        if not (idempotent and task.task_id in printed):
            printed.append(task.task_id)
        return {"printed": data.number}

    task = taskline.submit("invoice.print", {"number": 7})
    taskline.settle()
    assert task.result == {"printed": 7}
    assert printed == [task.task_id], f"it was printed {len(printed)} times"


def once(taskline: Taskline) -> None:
    printing(taskline, idempotent=True)


def again(taskline: Taskline) -> None:
    printing(taskline, idempotent=False)


def test_a_function_that_minds_the_task_s_id_holds_in_every_schedule() -> None:
    explore(once)


def test_a_function_that_does_not_is_found_and_the_schedule_can_be_repeated() -> None:
    with pytest.raises(ScheduleFailed, match=r"schedule \d+ \(.*\): AssertionError: it was printed \d times") as found:
        explore(again)
    seed = int(re.findall(r"first=(\d+)", str(found.value))[0])
    with pytest.raises(ScheduleFailed, match=f"schedule {seed} "):
        explore(again, schedules=1, first=seed)


def test_a_schedule_without_faults_is_said_to_have_none() -> None:
    def wrong(taskline: Taskline) -> None:
        raise ValueError("always")

    with pytest.raises(ScheduleFailed, match="ValueError: always"):
        explore(wrong)
