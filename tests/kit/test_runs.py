"""One run of a function, as the processor makes it."""

import time

import pytest
from pydantic import BaseModel

from functions.tasks.errors import ErrorClass, TaskRateLimitError
from functions.tasks.model import Task
from testing.taskline import RealTimeWarning, Taskline


class Text(BaseModel):
    """A text."""

    text: str


def test_a_run_has_the_result_as_the_record_would_have_it(taskline: Taskline) -> None:
    run = taskline.run("demo.echo", {"a": [1, 2.5, None]})
    assert (run.result, run.failed, run.error_class, run.traceback) == ({"a": [1, 2.5, None]}, False, None, "")


def test_data_is_validated_and_a_failed_run_says_so(taskline: Taskline) -> None:
    run = taskline.run("demo.slow", {"milliseconds": -1})
    assert run.error_class is ErrorClass.VALIDATION
    assert (run.error_type, run.retry_in) == ("InvalidMessage", None)
    assert run.message == "data.milliseconds Input should be greater than or equal to 0"


def test_a_failed_run_tells_when_the_next_one_is_and_keeps_secrets_out(taskline: Taskline) -> None:
    @taskline.task_type("text.send", data=Text)
    def send(task: Task, data: Text) -> None:
        raise TaskRateLimitError(f"slow down, {data.text}", retry_after=20)

    run = taskline.run("text.send", {"text": "someone@example.com"}, attempt=2)
    assert (run.error_class, run.retry_in) == (ErrorClass.RATE_LIMIT, 20)
    assert run.message is not None
    assert "someone@" not in run.message
    assert "someone@example.com" in run.traceback, "the traceback is what was raised"


def test_a_result_that_cannot_be_recorded_is_refused(taskline: Taskline) -> None:
    @taskline.task_type("text.bytes", data=Text)
    def as_bytes(task: Task, data: Text) -> bytes:
        return data.text.encode()

    assert taskline.run("text.bytes", {"text": "a"}).error_type == "InvalidResult"


def test_a_function_that_takes_real_time_is_named(taskline: Taskline) -> None:
    @taskline.task_type("text.wait", data=Text)
    def wait(task: Task, data: Text) -> None:
        time.sleep(1.05)

    with pytest.warns(RealTimeWarning, match=r"a run of text\.wait took 1\.\d s of real time"):
        taskline.run("text.wait", {"text": ""})


def test_a_run_that_takes_too_much_virtual_time_times_out(taskline: Taskline) -> None:
    taskline.takes("demo.echo", 31)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert (task.error_class, task.attempts) == (ErrorClass.SYSTEM, 4)
    assert [run.seconds for run in task.runs] == [30] * 4
