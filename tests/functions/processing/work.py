"""A task type that does what a test requires, and what the processor reports to the state machine."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from functions import processor
from functions.tasks.errors import TASK_ERRORS, TaskError
from functions.tasks.model import Task
from functions.tasks.registry import DEFAULT_RETRY, Registry
from functions.tasks.retry import RetryPolicy
from tests.builders import a_message
from tests.functions.support import CONTEXT

LEASE = {"execution": "some-execution", "lease_until": 4_102_444_800_000}  # until 2100


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    n: int = Field(default=1, ge=1)


class Work:
    """A task type `work` that raises `does`, or returns it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, retry: RetryPolicy = DEFAULT_RETRY) -> None:
        self.does: Any = None
        self.seen: list[tuple[Task, Strict]] = []
        registry = Registry()
        registry.task_type("work", data=Strict, retry=retry)(self._run)
        ports = replace(processor.build(), types=registry)
        monkeypatch.setattr(processor, "build", lambda: ports)

    def _run(self, task: Task, data: Strict) -> object:
        self.seen.append((task, data))
        if isinstance(self.does, BaseException):
            raise self.does
        return self.does

    def process(self, attempt: int = 1, **changes: Any) -> Any:
        return run_processor(a_message(type="work", **changes), attempt)

    def retry_in(self, run: int) -> Any:
        """The delay until the next run, from the error of this one."""
        event = {"task_id": "some-task", "body": a_message(type="work"), "attempt": run, "run": run, **LEASE}
        with pytest.raises(TaskError) as caught:
            processor.handler(event, CONTEXT)
        return details(caught.value)["retry_in"]

    def fails(self, does: BaseException) -> TaskError:
        self.does = does
        with pytest.raises(TaskError) as caught:
            self.process()
        assert type(caught.value) in TASK_ERRORS.values(), "the state machine matches exact class names"
        return caught.value


def run_processor(body: str, attempt: int = 1) -> Any:
    """The processor's result for what the state machine sends, parsed."""
    returned = processor.handler(
        {"task_id": "some-task", "body": body, "attempt": attempt, "run": 1, **LEASE}, CONTEXT
    )
    assert returned.keys() == {"result"}
    return json.loads(returned["result"])


def details(error: BaseException) -> dict[str, Any]:
    """What the state machine reads from the text of an error."""
    parsed = json.loads(str(error))
    assert parsed.keys() == {"type", "message", "retry_in"}
    return parsed
