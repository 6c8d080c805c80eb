"""Runs the branches of an execution concurrently in one thread, on real or virtual time.

A branch is a generator. It yields a command and is resumed with the result. Only one branch runs at a time, so runs
with a virtual clock are deterministic. Virtual time jumps to whatever is due next, so branches that wait do not delay
each other.
"""

import heapq
import queue
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from asl.core.clock import Clock
from asl.core.errors import TaskFailure
from asl.execution.background import BACKGROUND
from asl.execution.tasks import Taking, TaskRequest, TaskRunner

Fiber: TypeAlias = "Generator[Command, Any, Any]"
"""A running branch."""


class MachineTimedOut(Exception):
    """The execution timed out."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Run a task. Gives its result, or raises `TaskFailure`, or `TimeoutError` after `timeout` seconds."""

    request: TaskRequest
    timeout: float | None


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


class Scheduler:
    """Runs branches to their end."""

    def __init__(self, clock: Clock, tasks: TaskRunner, deadline: float) -> None:
        self.clock = clock
        self._tasks = tasks
        self._deadline = deadline
        self._ready: deque[tuple[Child, int, Any]] = deque()
        self._timers: list[tuple[float, int, Child, int, Any]] = []
        self._mailbox: queue.SimpleQueue[tuple[Child, int, Any]] = queue.SimpleQueue()
        self._order = 0

    def run(self, fiber: Fiber) -> Any:
        """Run a branch and its children; raises what it raises. After `MachineTimedOut` it is unfinished."""
        root = Child(fiber, None)
        self._ready.append((root, 0, None))
        while True:
            child, ticket, value = self._ready.popleft() if self._ready else self._next_due()
            if child.ticket == ticket and self._resume(child, value):
                break
        if root.error is not None:
            raise root.error
        return root.result

    def spawn(self, group: Group, fiber: Fiber, index: int) -> None:
        """Start a child of the running branch."""
        child = Child(fiber, group, index)
        group.running.append(child)
        self._ready.append((child, 0, None))

    def _resume(self, child: Child, value: Any) -> bool:
        """Run a branch until it waits or ends. True if the outermost branch has ended."""
        child.ticket += 1
        try:
            resume = child.fiber.throw if isinstance(value, BaseException) else child.fiber.send
            command = resume(value)
        except StopIteration as end:
            child.result = end.value
            return self._finish(child)
        except MachineTimedOut:
            raise
        except Exception as error:
            child.error = error
            return self._finish(child)
        self._wait(child, command)
        return False

    def _finish(self, child: Child) -> bool:
        group = child.group
        if group is None:
            return True
        group.running.remove(child)
        group.finished.append(child)
        self._deliver(group)
        return False

    def _deliver(self, group: Group) -> None:
        if group.waiting is not None and group.finished:
            parent, group.waiting = group.waiting, None
            self._ready.append((parent, parent.ticket, group.finished.popleft()))

    def _wait(self, child: Child, command: Command) -> None:
        if isinstance(command, Group):
            command.waiting = child
            self._deliver(command)
        elif isinstance(command, Sleep):
            self._at(command.seconds, child, None)
        elif isinstance(command, Call):
            self._call(child, command)
        else:
            self._ready.append((child, child.ticket, None))

    def _at(self, seconds: float, child: Child, value: Any) -> None:
        self._order += 1
        moment = self.clock.now() + seconds
        heapq.heappush(self._timers, (moment, self._order, child, child.ticket, value))

    def _call(self, child: Child, call: Call) -> None:
        if self._tasks.blocking and not self.clock.virtual:
            if call.timeout is not None:
                self._at(call.timeout, child, TimeoutError())
            work = self._posting(child, child.ticket, call.request)
            BACKGROUND.run(work)
            return
        value = self._outcome(call.request)
        seconds = value.seconds if isinstance(value, Taking) else 0
        result = value.result if isinstance(value, Taking) else value
        if call.timeout is not None and seconds >= call.timeout:
            self._at(call.timeout, child, TimeoutError())
        elif seconds:
            self._at(seconds, child, result)
        else:
            self._ready.append((child, child.ticket, result))

    def _posting(self, child: Child, ticket: int, request: TaskRequest) -> Callable[[], None]:
        return lambda: self._mailbox.put((child, ticket, self._outcome(request)))

    def _outcome(self, request: TaskRequest) -> Any:
        try:
            return self._tasks.run(request)
        except TaskFailure as failure:
            return failure
        except Exception as error:
            # An error of the runner, not of the task: it ends the run, whichever thread it occurs in.
            return error

    def _next_due(self) -> tuple[Child, int, Any]:
        """Wait for the next timer or finished call. There is always one, because some branch waits for it."""
        while self._timers and self._timers[0][2].ticket != self._timers[0][3]:
            heapq.heappop(self._timers)
        due = self._timers[0][0] if self._timers else self._deadline
        if due >= self._deadline and self.clock.virtual:
            self.clock.skip_to(self._deadline)
            raise MachineTimedOut
        if self.clock.virtual:
            self.clock.skip_to(due)
        elif (posted := self._await_mail(min(due, self._deadline))) is not None:
            return posted
        elif self.clock.now() < min(due, self._deadline):
            # The queue's clock and this one need not agree to the microsecond.
            return self._next_due()
        elif due >= self._deadline:
            raise MachineTimedOut
        _, _, child, ticket, value = heapq.heappop(self._timers)
        return child, ticket, value

    def _await_mail(self, until: float) -> tuple[Child, int, Any] | None:
        remaining = until - self.clock.now()
        try:
            return self._mailbox.get(timeout=remaining) if remaining > 0 else self._mailbox.get_nowait()
        except queue.Empty:
            return None
