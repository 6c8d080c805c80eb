"""What the interpreter asks of whoever carries out its tasks."""

from dataclasses import dataclass
from typing import Protocol

from asl.core.errors import TaskFailure
from asl.core.templates import Json
from asl.definition.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One attempt of a Task state. `arguments` is the state's input where it has no `Arguments`."""

    state: str
    resource: Resource
    arguments: Json
    attempt: int = 0
    timeout: float | None = None
    credentials: Json = None


@dataclass(frozen=True, slots=True)
class Taking:
    """A result that takes time, for fakes: `seconds` pass on the execution's clock before it is there."""

    seconds: float
    result: Json | TaskFailure


class TaskRunner(Protocol):
    """Carries out tasks."""

    blocking: bool
    """Whether `run` waits for something outside: it then gets a thread of its own unless time is virtual."""

    def run(self, request: TaskRequest) -> "Json | Taking":
        """The task's result, which becomes `$states.result`; raises `TaskFailure` for an error of the
        service."""
        ...
