"""The registry of task types: which function processes which tasks, and what data it needs.

A task type is a function, registered with its payload model:

    @task_type("email.send", data=EmailData)
    def send_email(task: Task, data: EmailData) -> dict: ...

A function that imports much, or what not every function has, lives in a module of its own, which only runs load:

    send_email = task_type("email.send", data=EmailData, module="functions.task_types.email.sending")

and there:

    @send_email
    def run(task: Task, data: EmailData) -> dict: ...
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import currentframe
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from functions.tasks.errors import FieldError, TaskTypeUnavailable, Unavailable, field_errors
from functions.tasks.model import NewTask, Task
from functions.tasks.needs import NOTHING, Needs
from functions.tasks.retry import RetryPolicy

DataT = TypeVar("DataT", bound=BaseModel)
ResultT = TypeVar("ResultT")
OnFailure = Literal["continue", "halt"]


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """A registered task type: its name, the model of its `data`, and the function that does the work.

    `declared_in` is the module that registers it, `module` the one that has its function. A `retired` type takes no
    new tasks; those that were accepted run. After a failure its key goes on with the next task, or halts.
    """

    name: str
    data: type[BaseModel]
    retry: RetryPolicy
    needs: Needs
    run: Callable[[Task, Any], object]
    declared_in: str
    module: str
    retired: bool = False
    on_failure: OnFailure = "continue"

    @property
    def halts(self) -> bool:
        """Whether a failed task of this type closes the gate of its key."""
        return self.on_failure == "halt"

    def data_errors(self, data: object) -> tuple[FieldError, ...]:
        """What is wrong with a task's `data`; empty when it is valid."""
        try:
            self.data.model_validate(data)
        except ValidationError as error:
            return field_errors(error, prefix="data")
        return ()


DEFAULT_RETRY = RetryPolicy()


def halting(types: Iterable[TaskType]) -> str:
    """The names of the types whose failed tasks halt their key, as the state machine looks them up: a JSON array."""
    return json.dumps(sorted(one.name for one in types if one.halts))


class Deferred:
    """The function of a task type, in a module that is imported when it runs for the first time."""

    def __init__(self, name: str, module: str) -> None:
        self._name, self._module = name, module
        self._function: Callable[[Task, Any], object] | None = None

    def bind(self, function: Callable[[Task, Any], object]) -> None:
        """Set the function. `ValueError` if there is one: of two, nobody could say which one runs."""
        if self._function is not None:
            raise ValueError(f"task type {self._name!r} has two functions: remove one of the two decorators")
        self._function = function

    def __call__(self, task: Task, data: Any) -> object:
        if self._function is None:
            try:
                import_module(self._module)
            except Exception as error:
                raise TaskTypeUnavailable(
                    f"{self._module}, the module of task type {self._name!r}, cannot be loaded: "
                    f"{type(error).__name__}: {error}"
                ) from error
        if self._function is None:
            raise TaskTypeUnavailable(f"{self._module} has no function for task type {self._name!r}: decorate one")
        return self._function(task, data)


def _calling_module() -> str:
    """The module that declares a type: found as `namedtuple` finds its own."""
    frame = currentframe()
    while frame is not None and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return "" if frame is None else frame.f_globals["__name__"]


class Registry:
    """Task types by name. One name, one function: a second registration is an error.

    `broken` has the modules that could not be loaded, with the reason. Their types are not known.
    """

    def __init__(self) -> None:
        self._types: dict[str, TaskType] = {}
        self.broken: dict[str, str] = {}

    def load(self, module: str) -> None:
        """Import a module that registers task types. One that fails registers none, and harms no other."""
        if module in self.broken:
            return
        before = dict(self._types)
        try:
            import_module(module)
        except (Exception, SystemExit) as error:
            self._types = before
            self.broken[module] = f"{type(error).__name__}: {error}"

    def task_type(
        self,
        name: str,
        *,
        data: type[DataT],
        retry: RetryPolicy = DEFAULT_RETRY,
        needs: Needs = NOTHING,
        module: str = "",
        retired: bool = False,
        on_failure: OnFailure = "continue",
    ) -> Callable[[Callable[[Task, DataT], ResultT]], Callable[[Task, DataT], ResultT]]:
        """Register the decorated function for tasks whose `type` is `name`.

        The function may run more than once for the same task: `task.task_id` is its idempotency token. Its return
        value must be representable in JSON and is the task's result.

        A `retired` type is refused by the API, and runs for tasks that wait in the queue or as dead letters. Remove it
        when there are none.

        With `on_failure="halt"`, a failed task keeps all later ones of its ordering key waiting, in their order, until
        it succeeds after a redrive, or an operator skips it.

        With a `module`, the type is registered at once, and the decorated function may be in that module, which is
        imported when the type runs for the first time.
        """
        if on_failure not in get_args(OnFailure):
            raise ValueError(f"task type {name!r} has on_failure={on_failure!r}: use 'continue' or 'halt'")
        caller = _calling_module()
        deferred = Deferred(name, module) if module else None

        def add(run: Callable[[Task, Any], object]) -> None:
            about: dict[str, Any] = {"retry": retry, "needs": needs, "retired": retired, "on_failure": on_failure}
            about |= {"declared_in": caller, "module": module or caller}
            self._add(TaskType(name=name, data=data, run=run, **about))

        if deferred:
            add(deferred)

        def register(run: Callable[[Task, DataT], ResultT]) -> Callable[[Task, DataT], ResultT]:
            if deferred:
                deferred.bind(run)
            else:
                add(run)
            return run

        return register

    def _add(self, task_type: TaskType) -> None:
        name = task_type.name
        if name in self._types:
            raise ValueError(f"task type {name!r} is registered twice: rename one of the two functions' types")
        self._types[name] = task_type

    def find(self, name: str) -> TaskType | None:
        """The task type of that name, or None."""
        return self._types.get(name)

    def errors(self, task: NewTask) -> tuple[FieldError, ...]:
        """What is wrong with the task's type or with its `data`; checked before the task is queued.

        `Unavailable` if the type may be one of those that could not be loaded: a client must not give up for that.
        """
        task_type = self.find(task.type)
        if task_type is None and self.broken:
            raise Unavailable(
                f"The type {task.type!r} is not known, and {', '.join(self.broken)} could not be loaded."
            )
        if task_type is None or task_type.retired:
            problem = "is not a known task type" if task_type is None else "is retired, and takes no new tasks"
            return (FieldError(field="type", message=f"{problem}; known types are {', '.join(self.open())}"),)
        return task_type.data_errors(task.data)

    def types(self) -> tuple[TaskType, ...]:
        """All task types, by name."""
        return tuple(found for name in self if (found := self.find(name)))

    def open(self) -> tuple[str, ...]:
        """The names of the types that take tasks."""
        return tuple(one.name for one in self.types() if not one.retired)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))


registry = Registry()
task_type = registry.task_type
