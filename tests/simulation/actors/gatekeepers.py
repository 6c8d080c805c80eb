"""The gatekeeper, and the stream of the table of gates that drives it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions import gatekeeper
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.tasks.errors import Unavailable
from functions.tasks.runs.watching import Executions
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB, SimulatedSQS, task_queue
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import World

_LONGEST_IDLE_SECONDS = 4.0


def simulated_gatekeeper(world: World, faults: Faults, executions: Executions) -> gatekeeper.Gatekeeper:
    """The real handler's ports, in the simulated world."""

    def now() -> datetime:
        return datetime.fromtimestamp(world.now(), UTC)

    client: Any = SimulatedDynamoDB(world, faults, world.gatekeeper_tables)
    return gatekeeper.Gatekeeper(
        tasks=DynamoDBParkedTasks("gates", "tasks", now, client),
        gates=DynamoDBGates("gates", "tasks", client),
        executions=executions,
        grace=timedelta(seconds=60),
        keep_for=timedelta(hours=100),
        queue=task_queue(world, SimulatedSQS(world, faults)),
        now=now,
    )


def keeping(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """The stream of the table of gates: each change is delivered until it is processed, and now and then again."""
    idle = 0.0
    while not world.is_settled():
        if not world.changed_gates:
            idle = min(max(2 * idle, 0.25), _LONGEST_IDLE_SECONDS)
            yield Sleep(idle)
            continue
        idle = 0.0
        yield Sleep(rng.choice((0.05, 0.2, 1.0)))
        batch = world.changed_gates[: rng.choice((1, 2, 100))]
        if not (yield from _kept(world, faults, rng, _records(batch))):
            continue
        if rng.random() < 0.1 and world.now() < faults.until:
            continue  # Lambda has not learnt of it: the batch comes again
        del world.changed_gates[: len(batch)]


def ticking_gates(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """The clock: it finds gates that nothing else moves."""
    while not world.is_settled():
        yield Sleep(rng.choice((20.0, 60.0)))
        if world.gates.items:
            yield from _kept(world, faults, rng, {})


def keeping_on(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """Invocations that Lambda believes to be dead: they go on beside their successors."""
    while world.now() < faults.until and not world.is_settled():
        yield Sleep(rng.choice((0.05, 0.2, 0.5, 1.0)))
        groups = sorted(
            group for (group, place), gate in world.gates.items.items() if place == "gate" and _moves(gate)
        )
        if groups:
            yield from _kept(world, faults, rng, _records([rng.choice(groups)]), freezes=0.2)


def _moves(gate: dict[str, Any]) -> bool:
    """Whether there is something to do for the gatekeeper."""
    return "sending" in gate or not {"head", "held_at"} & gate.keys()


def _records(groups: list[str]) -> dict[str, Any]:
    """A batch of changes of the gates of these groups."""
    return {"Records": [{"dynamodb": {"Keys": {"key": {"S": group}, "place": {"S": "gate"}}}} for group in groups]}


def _kept(world: World, faults: Faults, rng: random.Random, event: dict[str, Any], freezes: float = 0.05) -> Fiber:
    """One invocation; whether it succeeded."""
    pause = pausing(world, faults, rng, freezes)
    work = Stepped(lambda: gatekeeper.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    try:
        response = yield from work.fiber()
    except Unavailable:
        return False
    except Exception as error:
        world.journal.stuck.append(f"the gatekeeper raised {error!r}: its stream stops there")
        return False
    return response is not None


def pausing(world: World, faults: Faults, rng: random.Random, freezes: float = 0.05) -> Callable[[], float]:
    """What a step takes, before which the process may die, or freeze: what it has read is outdated then."""

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.3:
            raise Crashed
        return rng.choice((2.0, 15.0)) if rng.random() < freezes else rng.choice((0.002, 0.01, 0.05, 0.3, 1.0))

    return pause
