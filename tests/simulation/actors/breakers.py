"""The breaker's clock, and an operator who opens and closes the breaker, while the number of lanes changes."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions.adapters.breaker import EventBridgePipe, SQSDrain
from functions.tasks.breaker.control import BreakerStatus, Control, change, tick
from functions.tasks.breaker.states import Attempts, Breaker, Period, Rules, State, set_manually
from functions.tasks.errors import Unavailable
from tests.simulation.actors.calls import SimulatedSQS
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped, step
from tests.simulation.world.faults import Fault, Faults
from tests.simulation.world.lanes import PipesClient, SimulatedLanes
from tests.simulation.world.world import World

RULES = Rules(
    failure_rate=0.5,
    minimum=10,
    period=timedelta(minutes=1),
    cool_down=timedelta(minutes=5),
    probe=timedelta(minutes=1),
)


class Store:
    """`BreakerStore` in memory."""

    def __init__(self) -> None:
        self.breaker: Breaker | None = None

    def load(self) -> Breaker | None:
        step()
        return self.breaker

    def save(self, breaker: Breaker) -> bool:
        step()
        if self.breaker is not None and self.breaker.version != breaker.version:
            return False
        self.breaker = replace(breaker, version=breaker.version + 1)
        return True


class NoAttempts:
    """`AttemptCounter` that never gives a reason to open the breaker."""

    def between(self, start: datetime, end: datetime) -> Attempts:
        return Attempts(count=0, failures=0)

    def latest(self, now: datetime, period: timedelta) -> Sequence[Period]:
        return ()


def breaker_control(world: World, lanes: SimulatedLanes, faults: Faults) -> Control:
    """The real breaker's dependencies, in the simulated world."""

    def perform(_: str, call: Callable[[], Any]) -> Any:
        step()
        if faults.on_call(world.now()) in (Fault.THROTTLED, Fault.MISSING_RESOURCE, Fault.LOST_REQUEST):
            raise Unavailable("the pipe did not respond")
        return call()

    client: Any = PipesClient(lanes, perform)
    queues: Any = SimulatedSQS(world, faults)
    return Control(
        store=Store(),
        pipes={name: EventBridgePipe(name, client) for name in lanes.all},
        attempts=NoAttempts(),
        rules=RULES,
        now=lambda: datetime.fromtimestamp(world.now(), UTC),
        handover=lanes.handover(SQSDrain(tuple(lanes.old), queues)),
    )


def ticking(world: World, control: Control, faults: Faults, rng: random.Random) -> Fiber:
    """The clock of the breaker: every minute, and now and then it skips one."""
    while not world.is_settled():
        yield Sleep(rng.choice((60.0, 60.0, 60.0, 61.0, 120.0)))
        yield from _call(world, lambda: tick(control), faults, rng)


def switching(world: World, control: Control, faults: Faults, rng: random.Random) -> Fiber:
    """An operator who opens the breaker and closes it again, once or twice."""
    for _ in range(rng.choice((1, 1, 2))):
        yield Sleep(rng.uniform(1.0, 240.0))
        for state in (State.OPEN, State.CLOSED):
            while not (yield from _call(world, lambda state=state: _switch(control, state), faults, rng)):
                yield Sleep(1.0)
            yield Sleep(rng.choice((1.0, 30.0, 300.0)))


def _switch(control: Control, state: State) -> BreakerStatus:
    now = control.now()
    return change(control, lambda breaker: set_manually(breaker, state, reason="an order", by="anna", now=now))


def _call(world: World, work: Callable[[], BreakerStatus], faults: Faults, rng: random.Random) -> Fiber:
    """One call of the breaker's function: its status, or None if it failed or crashed halfway."""

    def guarded() -> BreakerStatus | None:
        try:
            return work()
        except Unavailable:
            return None

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.2:
            raise Crashed
        return rng.choice((0.01, 0.05, 0.5))

    return (yield from Stepped(guarded, pause).fiber())
