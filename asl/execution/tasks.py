"""The interface to task runners."""

from dataclasses import dataclass
from typing import Protocol

from asl.core.errors import TaskFailure
from asl.core.templates import Json
from asl.definition.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One attempt of a Task state. Without `Arguments`, `arguments` is the state's input.

    With a `token`, the result is not that of the call: whoever gets the token brings it.
    """

    state: str
    resource: Resource
    arguments: Json
    attempt: int = 0
    timeout: float | None = None
    credentials: Json = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """A result that takes time, for fakes: it is due after `seconds` on the execution's clock."""

    seconds: float
    result: Json | TaskFailure


class TaskRunner(Protocol):
    """Runs tasks."""

    blocking: bool
    """Whether `run` blocks. If so, it runs in a background thread, unless time is virtual."""

    def run(self, request: TaskRequest) -> "Json | Taking":
        """The task's result, which becomes `$states.result`; raises `TaskFailure` if the task fails."""
        ...
