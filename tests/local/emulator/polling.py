"""A queue and its workers in a simulation: how they poll with `Demand`, on virtual time and random schedules."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator

from local.emulator.demand import Demand, Reason
from testing.services.fifo import InMemoryFifo, Stored

POLL = 1.0
Steps = Generator[float, None, None]


class Parking:
    """The condition of a `Demand` in a simulation: a worker that would block in it is parked.

    A parked worker continues when it is notified, or after its time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.waiting: list[int] = []

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return

    def wait(self, seconds: float) -> None:
        self.waiting.append(self._world.worker)

    def notify(self) -> None:
        if self.waiting:
            self._world.resume(self.waiting.pop(0))


class World:
    """A FIFO queue, workers that poll it when `Demand` gives a reason, and producers; virtual time, random schedule.

    A long poll looks at the queue when it begins and when it ends, and not in between: nothing may depend on the
    emulator's looking more often.
    """

    def __init__(self, seed: int, workers: int = 10, failing: float = 0.0) -> None:
        self.now = 0.0
        self.rng = random.Random(seed)
        self.queue = InMemoryFifo(lambda: self.now, visibility_timeout=20.0)
        self.demand = Demand()
        self.parking = self.demand._changed = Parking(self)  # type: ignore[assignment]
        self.worker = -1
        self._failing = failing  # the share of executions that fail: their messages become visible again
        self.polls = dict.fromkeys(Reason, 0)
        self.listening: set[int] = set()
        self.longest = 0.0  # that a message was visible and not received although a worker was idle
        self.processed: list[str] = []
        self._since: dict[str, float] = {}
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._steps = {number: self._work(number) for number in range(workers)}
        self._turns = dict.fromkeys(self._steps, 0)  # an event of an earlier turn is stale
        for number in self._steps:
            self.resume(number)

    def at(self, moment: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), event))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()
            self._look()
        self.now = until

    def post(self, moment: float, group: str, *, announced: bool = True) -> None:
        """A message arrives; its producer announces it a moment later, or never."""
        self.at(moment, lambda: self._send(group))
        if announced:
            self.at(moment + self._moment(), self.demand.posted)

    def resume(self, number: int, seconds: float | None = None) -> None:
        turn = self._turns[number] = self._turns[number] + 1
        self.at(self.now + (self._moment() if seconds is None else seconds), lambda: self._step(number, turn))

    def _send(self, group: str) -> None:
        self.queue.send("{}", group, str(next(self._order)))

    def _step(self, number: int, turn: int) -> None:
        if self._turns[number] != turn:
            return
        if number in self.parking.waiting:
            self.parking.waiting.remove(number)  # its time is over
        self.worker = number
        self.resume(number, next(self._steps[number]))

    def _work(self, number: int) -> Steps:
        while True:
            reason = self.demand.reason(number, POLL)
            if reason is None:
                yield POLL
                continue
            message = yield from self._poll(number, reason)
            self.demand.polled(number, reason, found=message is not None)
            if message is not None:
                yield self.rng.uniform(0.001, 0.5)
                if self.rng.random() >= self._failing:
                    self.queue.delete(message.receipt_handle)
                    self.processed.append(message.message_id)
                    yield self._moment()
                    self.demand.freed(number)

    def _poll(self, number: int, reason: Reason) -> Generator[float, None, Stored | None]:
        self.polls[reason] += 1
        yield self._moment()
        message = self.queue.receive()
        if message is None and reason is Reason.LISTEN:
            self.listening.add(number)
            yield POLL
            self.listening.discard(number)
            message = self.queue.receive()
        yield self._moment()
        return message

    def _moment(self) -> float:
        return self.rng.uniform(0.0001, 0.005)

    def _look(self) -> None:
        """Note for how long messages have waited while workers are idle."""
        groups: set[str] = set()
        visible: set[str] = set()
        for message in self.queue.messages:
            if message.group not in groups and message.visible_at <= self.now:
                visible.add(message.message_id)
            groups.add(message.group)
        idle = self.parking.waiting or self.listening
        self._since = {name: self._since.get(name, self.now) for name in visible} if idle else {}
        self.longest = max([self.longest, *(self.now - since for since in self._since.values())])
