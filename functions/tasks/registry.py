"""The registry of task types: which function processes which tasks, and what data it needs.

A task type is a function, registered with its payload model:

    @task_type("email.send", data=EmailData)
    def send_email(task: Task, data: EmailData) -> dict: ...
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from functions.tasks.errors import FieldError, field_errors
from functions.tasks.model import NewTask, Task
from functions.tasks.retry import RetryPolicy

DataT = TypeVar("DataT", bound=BaseModel)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """A registered task type: its name, the model of its `data`, and the function that does the work."""

    name: str
    data: type[BaseModel]
    retry: RetryPolicy
    run: Callable[[Task, Any], object]

    def data_errors(self, data: object) -> tuple[FieldError, ...]:
        """What is wrong with a task's `data`; empty when it is valid."""
        try:
            self.data.model_validate(data)
        except ValidationError as error:
            return field_errors(error, prefix="data")
        return ()


DEFAULT_RETRY = RetryPolicy()


class Registry:
    """Task types by name. One name, one function: a second registration is an error."""

    def __init__(self) -> None:
        self._types: dict[str, TaskType] = {}

    def task_type(
        self, name: str, *, data: type[DataT], retry: RetryPolicy = DEFAULT_RETRY
    ) -> Callable[[Callable[[Task, DataT], ResultT]], Callable[[Task, DataT], ResultT]]:
        """Register the decorated function for tasks whose `type` is `name`.

        The function may run more than once for the same task: `task.task_id` is its idempotency token. Its return
        value must be representable in JSON and is the task's result.
        """

        def register(run: Callable[[Task, DataT], ResultT]) -> Callable[[Task, DataT], ResultT]:
            if name in self._types:
                raise ValueError(f"task type {name!r} is registered twice: rename one of the two functions' types")
            self._types[name] = TaskType(name=name, data=data, retry=retry, run=run)
            return run

        return register

    def find(self, name: str) -> TaskType | None:
        """The task type of that name, or None."""
        return self._types.get(name)

    def errors(self, task: NewTask) -> tuple[FieldError, ...]:
        """What is wrong with the task's type or with its `data`; checked before the task is queued."""
        task_type = self.find(task.type)
        if task_type is None:
            return (FieldError(field="type", message=f"is not a known task type; known types are {', '.join(self)}"),)
        return task_type.data_errors(task.data)

    def retry_policies(self) -> Iterator[RetryPolicy]:
        """The policies of all task types."""
        return (task_type.retry for task_type in self._types.values())

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))


registry = Registry()
task_type = registry.task_type
