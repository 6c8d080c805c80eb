"""The pipe: it delivers messages to executions, those of different keys at the same time, until nothing is left."""

import json
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

from asl import Group, Machine, Scheduler, Sleep
from asl.execution.scheduler import MachineTimedOut
from local.services.pipes.pipe import Message, PipeWorker
from testing.pipeline.executions import Execution, StateCalls, run
from testing.pipeline.world import World, task_id_in
from testing.services import pipe
from testing.services.fifo import Stored


class NotSettled(AssertionError):
    """Something was left to do when the time for it was over. Says which task waits for what."""


class Machines(NamedTuple):
    """The machine that every task passes, and the one for those that take long."""

    express: Machine
    long: Machine


class Deliveries:
    """Delivers what is in the queue. `executions` are all that there were, in the order of their starts."""

    def __init__(self, world: World, calls: StateCalls) -> None:
        self._world = world
        self._calls = calls
        self._pipe = PipeWorker(pipe.ROUTE, _Source(world), _NoEngine(), lambda _: None)
        self._planned: list[tuple[float, Callable[[], object]]] = []
        self._running = False
        self.executions: list[Execution] = []

    def plan(self, moment: float, call: Callable[[], object]) -> None:
        """Make this call at a moment of the clock, while `settle` is running."""
        self._planned.append((moment, call))

    def settle(self, machines: Machines, visibility: float, within: float) -> None:
        """Deliver until queue and plan are empty; `NotSettled` after `within` virtual seconds."""
        if self._running:
            raise RuntimeError("settle() is already running: a planned call or a task's function may not call it")
        self._running = True
        scheduler = Scheduler(self._world.clock, self._calls, self._world.clock.now() + within)
        self._world.executions.scheduler = scheduler
        group = Group()
        try:
            scheduler.run(self._deliver_all(scheduler, group, machines, visibility))
        except MachineTimedOut:
            raise NotSettled(self._waiting(within)) from None
        finally:
            group.cancel()
            self._world.executions.scheduler = None
            self._running = False

    def _deliver_all(
        self, scheduler: Scheduler, group: Group, machines: Machines, visibility: float
    ) -> Generator[Any, Any, None]:
        started: list[object] = []
        alarm = float("inf")
        while True:
            self._begin(scheduler, group, machines, visibility, started)
            if self._is_idle(started):
                self._world.look_after()
            if self._is_idle(started):
                return
            due = self._world.queue.next_visible_at()
            if due is not None and not self._world.clock.now() < alarm <= due:
                alarm = due
                scheduler.spawn(group, _wait(due - self._world.clock.now()), 0)
            ended = yield group
            if ended.error is not None:
                raise ended.error

    def _is_idle(self, started: list[object]) -> bool:
        return not started and not self._world.queue.messages

    def _begin(
        self, scheduler: Scheduler, group: Group, machines: Machines, visibility: float, started: list[object]
    ) -> None:
        """Begin whatever is due: planned calls, executions for messages, and those that were started by others."""
        for moment, call in self._take_planned():
            started.append(call)
            scheduler.spawn(group, self._at(moment, call, started), 0)
        while stored := self._world.queue.receive(visibility):
            started.append(stored)
            scheduler.spawn(group, self._execute(stored, machines.express, scheduler, started), 0)
        for name, text in self._world.executions.take():
            started.append(name)
            scheduler.spawn(group, self._execute_long(name, text, machines.long, scheduler, started), 0)

    def _take_planned(self) -> list[tuple[float, Callable[[], object]]]:
        planned, self._planned = self._planned, []
        return planned

    def _at(self, moment: float, call: Callable[[], object], started: list[object]) -> Generator[Any, Any, None]:
        yield Sleep(max(0.0, moment - self._world.clock.now()))
        call()
        started.remove(call)

    def _execute(
        self, stored: Stored, machine: Machine, scheduler: Scheduler, started: list[object]
    ) -> Generator[Any, Any, None]:
        received = pipe.message(stored)
        execution = Execution(name=f"execution-{len(self.executions) + 1}", task_id=task_id_in(stored.body))
        self.executions.append(execution)
        outcome = yield from run(execution, self._pipe.event(received), machine, scheduler, self._calls)
        if outcome is not None:
            self._pipe.settle(received, pipe.execution(outcome))
        self._world.keep_gates()
        started.remove(stored)

    def _execute_long(
        self, name: str, text: str, machine: Machine, scheduler: Scheduler, started: list[object]
    ) -> Generator[Any, Any, None]:
        body = json.loads(text)[0]["body"]
        execution = Execution(name=name, task_id=task_id_in(body), kind="STANDARD")
        self.executions.append(execution)
        yield from run(execution, text, machine, scheduler, self._calls)
        self._world.executions.end(name, execution.status)
        self._world.keep_gates()
        started.remove(name)

    def _waiting(self, within: float) -> str:
        now = self._world.clock.now()
        lines = [f"not settled after {within:g} virtual seconds:"]
        for message in self._world.queue.messages:
            found = task_id_in(message.body)
            record = self._world.record(found)
            last = next((one for one in reversed(self.executions) if one.task_id == found), None)
            lines.append(
                f"  task {found or '(a malformed message)'} of key {message.group!r}: "
                f"{record.status if record else 'without a record'}, delivered {message.receive_count} times, "
                f"visible again in {max(0.0, message.visible_at - now):.0f} s; "
                f"its last execution: {last or 'none yet'}"
            )
        return "\n".join(lines)


def _wait(seconds: float) -> Generator[Any, Any, None]:
    yield Sleep(max(seconds, 0.0))


class _Source:
    """The queue, as far as the pipe uses it here: it only deletes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def receive(self) -> Message | None:
        raise NotImplementedError

    def delete(self, receipt_handle: str) -> None:
        self._world.queue.delete(receipt_handle)


class _NoEngine:
    """Executions are fibers here, not calls."""

    def start_sync_execution(self, state_machine_arn: str, input: str) -> Any:  # noqa: A002 AWS's names
        raise NotImplementedError
