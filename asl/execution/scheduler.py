"""Runs the branches of an execution concurrently in one thread, on real or virtual time.

A branch is a generator. It yields a command and is resumed with the result. Only one branch runs at a time, so runs
with a virtual clock are deterministic. Virtual time jumps to whatever is due next, so branches that wait do not delay
each other.
"""

import heapq
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from asl.core.clock import Clock
from asl.core.errors import TaskFailure
from asl.execution.background import BACKGROUND
from asl.execution.commands import (
    Awaited,
    Call,
    Child,
    Command,
    ExecutionAborted,
    Fiber,
    Group,
    HeartbeatMissed,
    MachineTimedOut,
    Sleep,
)
from asl.execution.history import HistoryFull
from asl.execution.tasks import Taking, TaskRequest, TaskRunner


@dataclass(frozen=True, slots=True)
class _Due:
    """A heartbeat may be due."""


@dataclass(frozen=True, slots=True)
class _PassedOn:
    """A call that passes a token on has returned something."""

    hear: Callable[[Any], None]
    result: Any


def _nothing() -> Fiber:
    yield from ()


_NOBODY: Final = Child(_nothing(), None)
"""To whom is posted what is about the whole execution."""


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
        self._tokens: dict[str, Awaited] = {}
        self._turn = threading.Lock()

    def abort(self, error: str | None = None, cause: str | None = None) -> None:
        """Let `run` raise `ExecutionAborted`. Any thread may call this, unless time is virtual."""
        self._post(_NOBODY, 0, ExecutionAborted(error, cause))

    def expect(self, token: str) -> None:
        """Let a token come back from now on, although the branch that will wait for it has not begun to."""
        self._tokens[token] = Awaited(token)

    def settle(self, token: str, result: Any, note: Callable[[], object] = lambda: None) -> bool:
        """Bring a token back with the task's result, or with a `TaskFailure`. False if nobody waits for it (any more).

        If it can be brought back, `note` is called first. What that raises is raised, and the token is waited for
        as before. Any thread may call this and `beat`, unless time is virtual.
        """
        with self._turn:
            awaited = self._tokens.get(token)
            if awaited is None or not awaited.is_open:
                return False
            note()
            awaited.brought = (result,)
            if awaited.child is not None:
                self._post(awaited.child, awaited.ticket, None)
        return True

    def beat(self, token: str) -> bool:
        """Give a sign of whoever has the token. False if nobody waits for it (any more)."""
        awaited = self._tokens.get(token)
        if awaited is None or not awaited.is_open:
            return False
        if awaited.heartbeat is not None:
            awaited.until = self.clock.now() + awaited.heartbeat
        return True

    def _post(self, child: Child, ticket: int, value: Any) -> None:
        if self.clock.virtual:
            self._ready.append((child, ticket, value))
        else:
            self._mailbox.put((child, ticket, value))

    def run(self, fiber: Fiber) -> Any:
        """Run a branch and its children; raises what it raises. After `MachineTimedOut` or `ExecutionAborted` it is
        unfinished.
        """
        root = Child(fiber, None)
        self._ready.append((root, 0, None))
        while True:
            child, ticket, value = self._ready.popleft() if self._ready else self._next_due()
            if isinstance(value, ExecutionAborted):
                raise value
            if child.ticket != ticket:
                continue
            if isinstance(value, _Due):
                self._look_for_sign(child)
            elif isinstance(value, _PassedOn):
                value.hear(value.result)
            elif self._resume(child, value):
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
        value = self._wake(child, value)
        try:
            resume = child.fiber.throw if isinstance(value, BaseException) else child.fiber.send
            command = resume(value)
        except StopIteration as end:
            child.result = end.value
            return self._finish(child)
        except (MachineTimedOut, HistoryFull):
            raise
        except Exception as error:
            child.error = error
            return self._finish(child)
        self._wait(child, command)
        return False

    def _wake(self, child: Child, value: Any) -> Any:
        """What a branch goes on with. A result that was accepted comes first, whatever else has woken the branch."""
        with self._turn:
            child.ticket += 1
            awaited, child.awaited = child.awaited, None
        if awaited is None:
            return value
        del self._tokens[awaited.token]
        return awaited.brought[0] if awaited.brought else value

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
        if call.heartbeat is not None:
            self._at(call.heartbeat, child, _Due())
        if self._begin_waiting(child, token, call.heartbeat):
            self._ready.append((child, child.ticket, None))
        elif not call.made and self._in_background:
            BACKGROUND.run(self._passing_on(child, child.ticket, call))
        elif not call.made:
            self._passing_on(child, child.ticket, call)()

    def _begin_waiting(self, child: Child, token: str, heartbeat: float | None) -> bool:
        """True if an expected token has come back by now."""
        until = self.clock.now() + (heartbeat or 0)
        with self._turn:
            brought = self._tokens[token].brought if token in self._tokens else None
            child.awaited = Awaited(token, child, child.ticket, heartbeat, until, brought)
            self._tokens[token] = child.awaited
        return brought is not None

    def _passing_on(self, child: Child, ticket: int, call: Call) -> Callable[[], None]:
        """A call whose failure is the task's, and whose result is not."""

        def pass_on() -> None:
            outcome = self._outcome(call.request)
            outcome = outcome.result if isinstance(outcome, Taking) else outcome
            if isinstance(outcome, Exception):
                self._post(child, ticket, outcome)
            elif call.passed_on is not None:
                self._post(child, ticket, _PassedOn(call.passed_on, outcome))

        return pass_on

    def _look_for_sign(self, child: Child) -> None:
        assert child.awaited is not None, "its ticket is that of its wait"
        left = child.awaited.until - self.clock.now()
        if left > 0:
            self._at(left, child, _Due())
        else:
            self._post(child, child.ticket, HeartbeatMissed())

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
