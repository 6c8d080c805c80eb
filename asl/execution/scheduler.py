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


class ExecutionAborted(Exception):
    """Somebody has stopped the execution."""


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
    `made` before an interruption is not made again.
    """

    request: TaskRequest
    timeout: float | None
    heartbeat: float | None = None
    made: bool = False


@dataclass(slots=True)
class _Waiting:
    """A branch that waits for its token, and until when it does so without a sign."""

    child: "Child"
    ticket: int
    heartbeat: float | None
    until: float


@dataclass(frozen=True, slots=True)
class _Due:
    """A heartbeat may be due."""

    token: str


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

    _root: Child

    def __init__(self, clock: Clock, tasks: TaskRunner, deadline: float) -> None:
        self.clock = clock
        self._tasks = tasks
        self._deadline = deadline
        self._ready: deque[tuple[Child, int, Any]] = deque()
        self._timers: list[tuple[float, int, Child, int, Any]] = []
        self._mailbox: queue.SimpleQueue[tuple[Child, int, Any]] = queue.SimpleQueue()
        self._order = 0
        self._tokens: dict[str, _Waiting] = {}

    def abort(self) -> None:
        """Let `run` raise `ExecutionAborted`. Any thread may call this, unless time is virtual."""
        self._post(self._root, -1, ExecutionAborted())

    def settle(self, token: str, result: Any) -> bool:
        """Bring a token back with the task's result, or with a `TaskFailure`. False if nobody waits for it (any more).

        Any thread may call this and `beat`, unless time is virtual.
        """
        waiting = self._tokens.pop(token, None)
        if waiting is None or waiting.child.ticket != waiting.ticket:
            return False
        self._post(waiting.child, waiting.ticket, result)
        return True

    def beat(self, token: str) -> bool:
        """Give a sign of whoever has the token. False if nobody waits for it (any more)."""
        waiting = self._tokens.get(token)
        if waiting is None or waiting.child.ticket != waiting.ticket:
            return False
        if waiting.heartbeat is not None:
            waiting.until = self.clock.now() + waiting.heartbeat
        return True

    def _post(self, child: "Child", ticket: int, value: Any) -> None:
        if self.clock.virtual:
            self._ready.append((child, ticket, value))
        else:
            self._mailbox.put((child, ticket, value))

    def run(self, fiber: Fiber) -> Any:
        """Run a branch and its children; raises what it raises. After `MachineTimedOut` or `ExecutionAborted` it is
        unfinished.
        """
        root = self._root = Child(fiber, None)
        self._ready.append((root, 0, None))
        while True:
            child, ticket, value = self._ready.popleft() if self._ready else self._next_due()
            if isinstance(value, ExecutionAborted):
                raise value
            if isinstance(value, _Due) and child.ticket == ticket:
                self._look_for_sign(child, value.token)
            elif child.ticket == ticket and self._resume(child, value):
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
        if call.request.token is not None:
            self._await_token(child, call, call.request.token)
        elif self._in_background:
            if call.timeout is not None:
                self._at(call.timeout, child, TimeoutError())
            BACKGROUND.run(self._posting(child, child.ticket, call.request))
        else:
            self._answer(child, call)

    @property
    def _in_background(self) -> bool:
        return self._tasks.blocking and not self.clock.virtual

    def _answer(self, child: Child, call: Call) -> None:
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

    def _await_token(self, child: Child, call: Call, token: str) -> None:
        """The token may come back before the call that passes it on has ended."""
        if call.timeout is not None:
            self._at(call.timeout, child, TimeoutError())
        until = self.clock.now() + (call.heartbeat or 0)
        self._tokens[token] = _Waiting(child, child.ticket, call.heartbeat, until)
        if call.heartbeat is not None:
            self._at(call.heartbeat, child, _Due(token))
        if call.made:
            return
        passing_on = self._passing_on(child, child.ticket, call.request)
        if self._in_background:
            BACKGROUND.run(passing_on)
        else:
            passing_on()

    def _passing_on(self, child: Child, ticket: int, request: TaskRequest) -> Callable[[], None]:
        """A call whose failure is the task's, and whose result is nobody's."""

        def call() -> None:
            outcome = self._outcome(request)
            outcome = outcome.result if isinstance(outcome, Taking) else outcome
            if isinstance(outcome, Exception):
                self._post(child, ticket, outcome)

        return call

    def _look_for_sign(self, child: Child, token: str) -> None:
        waiting = self._tokens.get(token)
        if waiting is None or waiting.child is not child:
            return
        left = waiting.until - self.clock.now()
        if left > 0:
            self._at(left, child, _Due(token))
        else:
            del self._tokens[token]
            self._post(child, waiting.ticket, HeartbeatMissed())

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
