"""The pipe's workers, as fibers on virtual time."""

import functools
import itertools
import json
import random
from collections.abc import Generator
from typing import Any, NoReturn

from asl import ExecutionContext, Group, Machine, Scheduler, Sleep
from local.services.pipes.pipe import Execution, Message, PipeWorker
from testing.services.fifo import InMemoryFifo
from testing.services.pipe import ROUTE, execution, message
from tests.simulation.actors.stepped import Fiber
from tests.simulation.world.faults import Faults, Freeze
from tests.simulation.world.lanes import SimulatedLane
from tests.simulation.world.world import World

_IDLE_SECONDS = 0.5
_LONGEST_IDLE_SECONDS = 8.0


class Worker:
    """One worker: the real pipe's decisions around executions of the real state machine."""

    def __init__(
        self, world: World, faults: Faults, scheduler: Scheduler, machine: Machine, lane: SimulatedLane | None = None
    ) -> None:
        self._world = world
        self._queue = lane.queue if lane else world.queue
        self._pipe_state = lane.pipe if lane else None
        self._faults = faults
        self._scheduler = scheduler
        self._machine = machine
        route, source = lane.route if lane else ROUTE, _Source(world, faults, self._queue)
        self._pipe = PipeWorker(route, source, _UnusedEngine(), lambda _: None)
        self._idle_seconds = _IDLE_SECONDS

    def run(self) -> Fiber:
        """Process messages until everything has settled."""
        while not self._world.is_settled():
            stored = self._queue.receive() if self._takes_messages else None
            if stored is None:
                yield Sleep(self._next_wait())
                continue
            self._idle_seconds = _IDLE_SECONDS
            received = message(stored)
            if self._faults.delivers_twice(self._world.now()):
                stored.visible_at = self._world.now() + self._faults.rng.choice((0.0, 0.01, 0.1, 1.0))
            ended = yield from self._execute(self._pipe.event(received))
            if ended is not None:
                self._pipe.settle(received, ended)

    @property
    def _takes_messages(self) -> bool:
        return self._pipe_state is None or self._pipe_state.moves_messages

    def _next_wait(self) -> float:
        """The seconds until a message becomes visible again; or a wait that doubles while the queue stays empty."""
        now, visible_at = self._world.now(), self._queue.next_visible_at()
        if self._world.all_submitted and visible_at is not None:
            return max(visible_at - now, 0.001)
        wait, self._idle_seconds = self._idle_seconds, min(2 * self._idle_seconds, _LONGEST_IDLE_SECONDS)
        return wait if visible_at is None else min(wait, max(visible_at - now, 0.001))

    def _execute(self, event: str) -> Generator[Any, Any, Execution | None]:
        """One execution with its timeout; None if its worker crashed halfway."""
        now = self._world.now()
        name = f"execution-{self._world.next_execution()}"
        context = ExecutionContext(machine_name="tasks", name=name)
        self._world.journal.started[context.run_id] = self._world.next_moment()
        fiber = self._machine.fiber(
            json.loads(event),
            scheduler=self._scheduler,
            context=context,
            rng=random.Random(self._faults.rng.random()),
        )
        timeout = self._machine.timeout
        if freeze := self._faults.freeze(now):
            fiber = _frozen(fiber, freeze)
            timeout += freeze.seconds
        crash = self._faults.crash_after(now)
        group = Group()
        self._scheduler.spawn(group, fiber, 0)
        self._scheduler.spawn(group, _timer(timeout if crash is None else min(timeout, crash)), 1)
        first = yield group
        group.cancel()
        if first.error is not None:
            raise first.error
        if first.index == 0:
            return execution(first.result)
        return Execution(status="TIMED_OUT") if crash is None else None


class _Source:
    """The queue, as far as the pipe uses it: it only deletes."""

    def __init__(self, world: World, faults: Faults, queue: InMemoryFifo) -> None:
        self._world = world
        self._faults = faults
        self._queue = queue

    def receive(self) -> Message | None:
        """The worker receives, because receiving takes virtual time."""
        raise NotImplementedError

    def delete(self, receipt_handle: str) -> None:
        if not self._faults.loses_delete(self._world.now()):
            self._queue.delete(receipt_handle)


class _UnusedEngine:
    """Executions are fibers here, not calls."""

    def start_sync_execution(self, state_machine_arn: str, input: str) -> NoReturn:  # noqa: A002 AWS's name
        raise NotImplementedError


def _timer(seconds: float) -> Fiber:
    yield Sleep(seconds)


def _frozen(fiber: Fiber, freeze: Freeze) -> Fiber:
    """The fiber with a pause before one of its steps: it takes that step too late."""
    command = fiber.send(None)
    for step in itertools.count(1):
        if step == freeze.before_step:
            yield Sleep(freeze.seconds)
        try:
            result = yield command
        except Exception as error:
            forward = functools.partial(fiber.throw, error)
        else:
            forward = functools.partial(fiber.send, result)
        try:
            command = forward()
        except StopIteration as end:
            return end.value
