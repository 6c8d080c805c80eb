"""A task from its submission to its end, as a test of a task type sees it."""

import json
from datetime import timedelta

import pytest
from pydantic import BaseModel

from functions.tasks.errors import ErrorClass, TaskNetworkError
from functions.tasks.model import Task
from functions.tasks.retry import RetryPolicy
from testing.taskline import NotSettled, Refused, SubmittedTask, Taskline, new_task


class Invoice(BaseModel):
    """Which invoice, and how often the printer is busy."""

    number: int
    busy: int = 0


@pytest.fixture
def printed(taskline: Taskline) -> list[int]:
    """The numbers of the invoices that were printed, by a type that only this test knows."""
    numbers: list[int] = []

    @taskline.task_type("invoice.print", data=Invoice, retry=RetryPolicy(attempts=3, base=2, cap=2))
    def print_invoice(task: Task, data: Invoice) -> dict[str, int]:
        if task.attempt <= data.busy:
            raise TaskNetworkError("the printer is busy")
        numbers.append(data.number)
        return {"printed": data.number}

    return numbers


def test_a_task_succeeds_with_what_its_function_returned(taskline: Taskline, printed: list[int]) -> None:
    task = taskline.submit("invoice.print", {"number": 7})
    taskline.settle()
    assert task.result == {"printed": 7}
    assert (task.status, task.attempts, task.error, task.dead_letter, printed) == ("succeeded", 1, None, None, [7])
    assert task.states == [
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    ]
    assert [entry["status"] for entry in task.history] == ["queued", "processing", "succeeded"]


def test_back_offs_pass_on_the_virtual_clock(taskline: Taskline, printed: list[int]) -> None:
    task = taskline.submit("invoice.print", {"number": 7, "busy": 2})
    taskline.settle()
    assert (task.result, task.attempts) == ({"printed": 7}, 3)
    assert len(task.back_offs) == 2
    assert all(0 <= seconds <= 2 for seconds in task.back_offs)
    assert sum(task.back_offs) < taskline.elapsed < sum(task.back_offs) + 1
    assert task.created_at is not None
    assert task.started_at is not None
    assert task.finished_at is not None
    assert task.finished_at - task.started_at > timedelta(seconds=sum(task.back_offs))


def test_a_failure_has_its_class_its_dead_letter_and_its_runs(taskline: Taskline, printed: list[int]) -> None:
    task = taskline.submit("invoice.print", {"number": 7, "busy": 9})
    taskline.settle()
    assert task.error is not None
    assert (task.error_class, task.error.type) == (ErrorClass.NETWORK, "TaskNetworkError")
    assert task.error.message == "the printer is busy"
    assert [run.error_class for run in task.runs] == [ErrorClass.NETWORK] * 3
    assert "print_invoice" in task.runs[0].traceback
    assert task.dead_letter is not None
    assert (task.dead_letter["attempts"], taskline.dead_letters) == (3, [task.dead_letter])
    with pytest.raises(AssertionError, match=r"(?s)has no result.*the printer is busy"):
        _ = task.result


def test_tasks_of_a_key_run_in_order_and_others_at_the_same_time(taskline: Taskline, printed: list[int]) -> None:
    taskline.takes("invoice.print", 10)
    first = taskline.submit("invoice.print", {"number": 1, "busy": 1}, ordering_key="a")
    second, third = taskline.submit_batch(
        [new_task("invoice.print", {"number": number}, ordering_key=key) for number, key in ((2, "a"), (3, "b"))]
    )
    taskline.settle()
    assert printed == [3, 1, 2]
    assert _moments(third)[1] < _moments(first)[1] <= _moments(second)[0]
    taskline.assert_order()
    with pytest.raises(AssertionError, match=r"ran .* s before the end of task"):
        taskline.assert_order(second, first)


def _moments(task: SubmittedTask) -> tuple[float, float]:
    assert task.started_at is not None
    assert task.finished_at is not None
    return task.started_at.timestamp(), task.finished_at.timestamp()


def test_a_failed_task_is_redriven_by_itself_or_with_others(taskline: Taskline) -> None:
    @taskline.task_type("at.last", data=Invoice)
    def at_last(task: Task, data: Invoice) -> int:
        if task.attempt <= data.busy:
            raise ValueError(f"attempt {task.attempt}")
        return task.attempt

    tasks = [taskline.submit("at.last", {"number": number, "busy": 3}) for number in (1, 2)]
    taskline.settle()
    assert [task.error_class for task in tasks] == ["UNKNOWN", "UNKNOWN"]
    tasks[0].redrive()
    taskline.settle()
    assert (tasks[0].result, tasks[1].status) == (4, "failed")
    assert taskline.redrive(error_class="UNKNOWN") == [tasks[1].task_id]
    taskline.settle()
    assert [task.result for task in tasks] == [4, 4]
    taskline.assert_order()


def test_a_queued_task_can_be_cancelled_by_its_own_client(taskline: Taskline, printed: list[int]) -> None:
    task = taskline.submit("invoice.print", {"number": 7}, caller="a-client")
    task.cancel()
    taskline.settle()
    assert (task.status, printed) == ("cancelled", [])
    done = taskline.submit("invoice.print", {"number": 8})
    taskline.settle()
    with pytest.raises(Refused, match="409 Not queued"):
        done.cancel()


def test_what_the_api_refuses_is_an_exception_that_names_each_field(taskline: Taskline, printed: list[int]) -> None:
    with pytest.raises(Refused, match=r"400 Invalid task: data\.number is required") as refused:
        taskline.submit("invoice.print", {})
    assert refused.value.errors == {"data.number": "is required"}
    with pytest.raises(Refused, match="is not a known task type"):
        taskline.submit_batch([new_task("invoice.print", {"number": 1}), new_task("invoice.prnt")])
    taskline.settle()
    assert printed == [1], "the valid task of a batch is accepted"


def test_a_repeated_request_is_the_same_task(taskline: Taskline, printed: list[int]) -> None:
    tasks = [taskline.submit("invoice.print", {"number": 7}, idempotency_key="a-key") for _ in range(2)]
    taskline.settle()
    assert (tasks[0], printed) == (tasks[1], [7])


def test_calls_can_be_made_while_virtual_time_passes(taskline: Taskline, printed: list[int]) -> None:
    taskline.takes("invoice.print", 10)
    taskline.skip(100)
    task = taskline.submit("invoice.print", {"number": 7})
    seen: list[str] = []
    taskline.at(5, lambda: seen.append(task.status))
    taskline.at(20, lambda: taskline.submit("invoice.print", {"number": 8}))
    taskline.settle()
    assert (seen, printed) == (["processing"], [7, 8])
    assert 130 < taskline.elapsed < 131


def test_what_does_not_settle_is_listed_with_what_it_waits_for(taskline: Taskline, printed: list[int]) -> None:
    task = taskline.submit("invoice.print", {"number": 7}, ordering_key="a-key")
    taskline.fault("ProcessTask", "Lambda.ResourceNotFoundException", times=3)
    with pytest.raises(NotSettled, match="not settled after 60 virtual seconds") as caught:
        taskline.settle(within=60)
    for part in (task.task_id, "'a-key'", "queued", "visible again in", "Lambda.ResourceNotFoundException"):
        assert part in str(caught.value)
    taskline.settle()
    assert task.result == {"printed": 7}


def test_a_planned_call_may_not_settle(taskline: Taskline) -> None:
    taskline.at(1, taskline.settle)
    with pytest.raises(RuntimeError, match="already running"):
        taskline.settle()


def test_two_pipelines_in_a_test_know_nothing_of_each_other(taskline: Taskline, printed: list[int]) -> None:
    with Taskline(handler_seconds=5) as other:

        @other.task_type("invoice.print", data=Invoice)
        def settle_outer(task: Task, data: Invoice) -> str:
            taskline.settle()
            return f"printed {printed}"

        taskline.submit("invoice.print", {"number": 7})
        inner = other.submit("invoice.print", {"number": 8})
        other.settle()
        assert (inner.result, printed) == ("printed [7]", [7])
        assert len(taskline.tasks) == len(other.tasks) == 1


def test_a_task_of_a_retired_type_that_waits_still_runs(taskline: Taskline) -> None:
    @taskline.task_type("invoice.fax", data=Invoice, retired=True)
    def fax(task: Task, data: Invoice) -> dict[str, int]:
        return {"faxed": data.number}

    with pytest.raises(Refused, match="is retired, and takes no new tasks"):
        taskline.submit("invoice.fax", {"number": 7})
    waiting = {**new_task("invoice.fax", {"number": 7}, ordering_key="k"), "task_id": "waiting"}
    taskline.send(json.dumps(waiting))
    taskline.settle()
    assert [run.result for run in taskline.runs] == [{"faxed": 7}]
