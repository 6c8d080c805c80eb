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
from datetime import timedelta
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
LONGEST_RUN = timedelta(minutes=15)  # of a Lambda function
LONGEST_WAIT = timedelta(days=365)  # of an execution, and so of whoever has a task token
SHORTEST = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """A registered task type: its name, the model of its `data`, and the function that does the work.

    `declared_in` is the module that registers it, `module` the one that has its function. A `retired` type takes no
    new tasks; those that were accepted run. After a failure its key goes on with the next task, or halts.

    A type with a `timeout` takes longer than an Express execution may: each of its runs has that much time, on the
    machine for such tasks. With `task_token`, its function only passes a token on, and whoever has it ends the task,
    and gives a sign within each `heartbeat`.
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
    timeout: timedelta | None = None
    task_token: bool = False
    heartbeat: timedelta | None = None

    def __post_init__(self) -> None:
        for name, value in (("timeout", self.timeout), ("heartbeat", self.heartbeat)):
            if value is not None and (value < SHORTEST or value % timedelta(seconds=1)):
                raise ValueError(f"task type {self.name!r} has {name}={value}: use whole seconds, 2 or more")
        if self.timeout is None and (self.task_token or self.heartbeat):
            given = "task_token" if self.task_token else "heartbeat"
            raise ValueError(f"task type {self.name!r} has a {given}, which needs a timeout: timeout=timedelta(...)")
        if self.heartbeat and not self.task_token:
            raise ValueError(f"task type {self.name!r} has a heartbeat, and nobody who would send it: task_token=True")
        longest = LONGEST_WAIT if self.task_token else LONGEST_RUN
        if self.timeout and self.timeout > longest:
            way = "" if self.task_token else ", or let a worker do the work: task_token=True"
            raise ValueError(f"task type {self.name!r} has timeout={self.timeout}: use {longest} at most{way}")
        if self.timeout and self.heartbeat and self.heartbeat >= self.timeout:
            raise ValueError(f"task type {self.name!r} has a heartbeat that is not shorter than its timeout")

    @property
    def is_long(self) -> bool:
        """Whether its tasks run on the machine of tasks that take long."""
        return self.timeout is not None

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


def long_types(types: Iterable[TaskType]) -> str:
    """The names of the types whose tasks take long, as the state machine looks them up: a JSON array."""
    return json.dumps(sorted(one.name for one in types if one.is_long))


def token_types(types: Iterable[TaskType]) -> str:
    """The names of the types that are ended by a token: a JSON array."""
    return json.dumps(sorted(one.name for one in types if one.task_token))


def timeouts(types: Iterable[TaskType]) -> str:
    """Seconds after which a run of each type that takes long is given up, by name: a JSON object.

    A function has a second less: its own timeout says more.
    """
    return _seconds((one, one.timeout) for one in types)


def heartbeats(types: Iterable[TaskType]) -> str:
    """Seconds within which a sign is due of whoever has a token, by type: a JSON object."""
    known = ((one, one.heartbeat or one.timeout) for one in types if one.task_token)
    return _seconds((one, wait if one.heartbeat else wait - timedelta(seconds=1)) for one, wait in known if wait)


def _seconds(given: Iterable[tuple[TaskType, timedelta | None]]) -> str:
    return json.dumps({one.name: int(value.total_seconds()) for one, value in given if value})


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
        timeout: timedelta | None = None,
        task_token: bool = False,
        heartbeat: timedelta | None = None,
    ) -> Callable[[Callable[[Task, DataT], ResultT]], Callable[[Task, DataT], ResultT]]:
        """Register the decorated function for tasks whose `type` is `name`.

        The function may run more than once for the same task: `task.task_id` is its idempotency token. Its return
        value must be representable in JSON and is the task's result.

        A `retired` type is refused by the API, and runs for tasks that wait in the queue or as dead letters. Remove it
        when there are none.

        With `on_failure="halt"`, a failed task keeps all later ones of its ordering key waiting, in their order, until
        it succeeds after a redrive, or an operator skips it.

        With a `timeout`, a run may take that long, up to 15 minutes, and the next task of the key waits for it. Such a
        type needs a pool for its kind: `needs=Needs(pool=Pool(...))`. With `task_token=True`, the function only passes
        `task.token` on, to a worker anywhere, and the task ends when the worker says so, within a `timeout` of up to a
        year: `POST /tasks/{id}/complete` or `/fail`. With a `heartbeat`, the run is given up and tried again if the
        worker has not given a sign for so long: `POST /tasks/{id}/heartbeat`.

        With a `module`, the type is registered at once, and the decorated function may be in that module, which is
        imported when the type runs for the first time.
        """
        if on_failure not in get_args(OnFailure):
            raise ValueError(f"task type {name!r} has on_failure={on_failure!r}: use 'continue' or 'halt'")
        caller = _calling_module()
        deferred = Deferred(name, module) if module else None

        def add(run: Callable[[Task, Any], object]) -> None:
            about: dict[str, Any] = {"retry": retry, "needs": needs, "retired": retired, "on_failure": on_failure}
            about |= {"timeout": timeout, "task_token": task_token, "heartbeat": heartbeat}
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
