"""What a branch of an execution asks of the scheduler, and what the scheduler knows about it."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from asl.execution.tasks import TaskRequest

Fiber: TypeAlias = "Generator[Command, Any, Any]"
"""A running branch."""


class MachineTimedOut(Exception):
    """The execution timed out."""


class ExecutionAborted(Exception):
    """Somebody has stopped the execution, and may have said why."""

    def __init__(self, error: str | None = None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class HeartbeatMissed(TimeoutError):
    """Nobody who has the token has been heard of for too long."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Run a task. Gives its result, or raises `TaskFailure`, or `TimeoutError` after `timeout` seconds.

    If the request has a token, the result of the call is only that it may be waited for: the one who brings the token
    back has the result. `HeartbeatMissed` is raised `heartbeat` seconds after the last sign of them. A call that was
    `made` before an interruption is not made again. `passed_on` hears what the call returned, unless the token was
    faster.
    """

    request: TaskRequest
    timeout: float | None
    heartbeat: float | None = None
    made: bool = False
    passed_on: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Let the other branches run first."""


@dataclass(slots=True)
class Group:
    """The children of a branch. Yielding the group waits for the next child to finish and gives that `Child`."""

    finished: "deque[Child]" = field(default_factory=lambda: deque[Child]())
    running: "list[Child]" = field(default_factory=lambda: list[Child]())
    waiting: "Child | None" = None

    def cancel(self) -> None:
        """Stop the children that are still running, the earliest first."""
        for child in self.running:
            child.ticket += 1
            child.fiber.close()
        self.running.clear()


Command: TypeAlias = Sleep | Call | Turn | Group


@dataclass(slots=True, eq=False)
class Child:
    """A branch that the scheduler runs. A wake-up is ignored unless it carries the current ticket."""

    fiber: Fiber
    group: Group | None
    index: int = 0
    ticket: int = 0
    result: Any = None
    error: BaseException | None = None
    awaited: "Awaited | None" = None


@dataclass(slots=True)
class Awaited:
    """A token that a branch waits for, until when it does so without a sign, and the result, once it has come back.

    Without a branch, an earlier process has begun to wait for it, and this one will.
    """

    token: str
    child: Child | None = None
    ticket: int = 0
    heartbeat: float | None = None
    until: float = 0.0
    brought: tuple[Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the token may come back."""
        return self.brought is None and (self.child is None or self.child.ticket == self.ticket)
