"""A task type that does what a test says, and what the processor tells the state machine of it."""

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
    """A task type `work` that does what the test says: raise `does`, or return it."""

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
        return answer(a_message(type="work", **changes), attempt)

    def retry_in(self, run: int) -> Any:
        """What the error of that run says about the next one."""
        event = {"task_id": "some-task", "body": a_message(type="work"), "attempt": run, "run": run, **LEASE}
        with pytest.raises(TaskError) as caught:
            processor.handler(event, CONTEXT)
        return told(caught.value)["retry_in"]

    def fails(self, does: BaseException) -> TaskError:
        self.does = does
        with pytest.raises(TaskError) as caught:
            self.process()
        assert type(caught.value) in TASK_ERRORS.values(), "the state machine matches exact class names"
        return caught.value


def answer(body: str, attempt: int = 1) -> Any:
    """The processor's answer to what the state machine sends; the result as it lies in the record."""
    answered = processor.handler(
        {"task_id": "some-task", "body": body, "attempt": attempt, "run": 1, **LEASE}, CONTEXT
    )
    assert answered.keys() == {"result"}
    return json.loads(answered["result"])


def told(error: BaseException) -> dict[str, Any]:
    """What the state machine reads from an error's text."""
    said = json.loads(str(error))
    assert said.keys() == {"type", "message", "retry_in"}
    return said
