"""One seeded run: the shipped pipeline, a few tasks, and whatever the seed lets go wrong."""

import functools
import random
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from asl import Group, Machine, Scheduler, VirtualClock
from asl.execution.scheduler import MachineTimedOut
from functions import canceller, processor, redrive, validator
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.clock import uuid7
from functions.tasks.intake.batch import MAX_TASKS
from functions.tasks.intake.submission import Ports
from infrastructure.settings.times import derive_times
from statemachine.loader import load_definition
from tests.simulation.actors.calls import SimulatedDynamoDB, SimulatedSQS, SimulatedTasks
from tests.simulation.actors.cancellers import cancelling_client, simulated_canceller
from tests.simulation.actors.clients import Post, careful_client, client, in_requests
from tests.simulation.actors.operators import last_operator, operator, redriver
from tests.simulation.actors.stepped import Fiber
from tests.simulation.actors.workers import Worker
from tests.simulation.promises.invariants import calm_violations, violations
from tests.simulation.world.faults import CALM, Faults, Weather
from tests.simulation.world.work import OK, TYPES, processor_ports, working_in
from tests.simulation.world.world import MAX_RECEIVE_COUNT, World

_NOWHERE = Path("/dev/null").open("w")  # noqa: SIM115 for as long as the process lives
START = 1_800_000_000.0
PATIENCE_SECONDS = 20_000.0
TIMES = derive_times(handler=5, policies=TYPES.retry_policies())
# Foul weather lasts some minutes, or long enough for SQS to give a message up: five receives, each of a whole
# visibility timeout.
FOUL_SECONDS = (300, (MAX_RECEIVE_COUNT + 2) * TIMES.visibility)
PLANS: tuple[tuple[str, ...], ...] = (
    (OK,),
    (OK,),
    (OK,),
    ("NETWORK", OK),
    ("SYSTEM", "RATE_LIMIT", OK),
    ("UNKNOWN", OK),
    ("VALIDATION",),
    ("NETWORK",),
    ("UNKNOWN",),
)
# With operators about, what failed is mended after a while; and some of it never is.
MENDED: tuple[tuple[str, ...], ...] = (
    (OK,),
    ("VALIDATION", OK),
    ("VALIDATION", "VALIDATION", OK),
    ("UNKNOWN", "UNKNOWN", OK),
    ("NETWORK", "NETWORK", "NETWORK", "NETWORK", OK),
    ("VALIDATION",),
)


def shipped_definition() -> dict[str, Any]:
    """The state machine as it is deployed."""
    return load_definition(
        {
            "TableName": "tasks",
            "ProcessorFunction": "processor",
            "DeadLetterQueueUrl": "dead-letters",
            "ProcessTimeoutSeconds": TIMES.process,
            "WorkflowTimeoutSeconds": TIMES.workflow,
            "LeaseSeconds": TIMES.lease,
            "RetryUntilSeconds": TIMES.retry_until,
            "RetentionSeconds": 360_000,
        }
    )


@cache
def shipped_machine() -> Machine:
    """The shipped definition, compiled once."""
    return Machine.load(shipped_definition())


@dataclass(frozen=True, kw_only=True)
class System:
    """What is simulated, and in what company; a mutation replaces a part of it.

    `weather`, `redriven` (operators are about), `careful` (clients send again) and `cancelled` (clients cancel) are
    drawn from the seed if they are None.
    """

    machine: Machine = field(default_factory=shipped_machine)
    worker: type[Worker] = Worker
    weather: Weather | None = None
    redriven: bool | None = None
    careful: bool | None = None
    cancelled: bool | None = None


def run(seed: int, system: System | None = None) -> list[str]:
    """Run one schedule to its end; every promise that it broke, empty if none."""
    system = system or System()
    rng = random.Random(seed)
    clock = VirtualClock(START)
    world = World(clock.now, TIMES.visibility)
    drawn = Weather.draw(rng)
    weather = system.weather or drawn
    fair_from = START + rng.choice(FOUL_SECONDS)
    faults = Faults(rng, weather, until=fair_from)
    scheduler = Scheduler(clock, SimulatedTasks(world, faults), START + PATIENCE_SECONDS)
    redriven = _drawn(rng, 0.25, system.redriven)
    # Order behind a redrive is easiest to judge when each task is posted once.
    careful = _drawn(rng, 0.2 if redriven else 0.3, system.careful)
    actors = _clients(world, faults, rng, _posts(rng, MENDED if redriven else PLANS), careful=careful)
    if redriven:
        world.operators = rng.choice((1, 2, 3))
        actors += [operator(world, faults, rng) for _ in range(world.operators - 1)]
        actors.append(last_operator(world, faults, rng, fair_from))
    actors += [system.worker(world, faults, scheduler, system.machine).run() for _ in range(rng.choice((1, 2, 3)))]
    if _drawn(rng, 0.2, system.cancelled):
        actors.append(cancelling_client(world, faults, rng))
    with ExitStack() as stack:
        stack.enter_context(working_in(world))
        stack.enter_context(_standing_in(_handlers(world, faults, rng)))
        stack.enter_context(redirect_stdout(_NOWHERE))  # metrics
        try:
            scheduler.run(_all(scheduler, actors))
        except MachineTimedOut:
            return ["it never settled", *violations(world, fair_from)]
    calm = calm_violations(world) if weather == CALM and not redriven else ()
    return [*violations(world, fair_from, redriven=redriven), *calm]


def _handlers(world: World, faults: Faults, rng: random.Random) -> list[tuple[Any, str, Any]]:
    """What the real handlers are built with in the simulated world."""
    return [
        (canceller, "build", functools.partial(_same, simulated_canceller(world, faults))),
        (validator, "build", functools.partial(_same, _intake(world, faults, random.Random(rng.random())))),
        (processor, "build", functools.partial(_same, processor_ports(world, random.Random(rng.random()).random))),
        (redrive, "build", functools.partial(_same, redriver(world, faults))),
    ]


def _same(value: Any) -> Any:
    return value


@contextmanager
def _standing_in(replacements: list[tuple[Any, str, Any]]) -> Generator[None]:
    """`mock.patch.object` for many, in a hundredth of its time: there are ten thousand schedules."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in replacements]
    for owner, name, value in replacements:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _drawn(rng: random.Random, probability: float, told: bool | None) -> bool:
    drawn = rng.random() < probability
    return drawn if told is None else told


def _posts(rng: random.Random, plans: tuple[tuple[str, ...], ...]) -> list[Post]:
    keys = rng.choice((("a",), ("a",), ("a", "b")))
    return [
        Post(
            title=f"task {number}",
            pause=rng.choice((0.0, 0.01, 1.0, 30.0)),
            ordering_key=rng.choice(keys),
            plan=rng.choice(plans),
        )
        for number in range(rng.randint(1, 4))
    ]


def _clients(world: World, faults: Faults, rng: random.Random, posts: list[Post], *, careful: bool) -> list[Fiber]:
    """One that posts each task once; or careful ones, of which a second one sends the very same requests."""
    if not careful:
        world.clients = 1
        return [client(world, posts)]
    world.clients = rng.choice((1, 1, 2))
    requests = in_requests(posts, rng)
    return [careful_client(world, faults, rng, requests) for _ in range(world.clients)]


def _intake(world: World, faults: Faults, chance: random.Random) -> Ports:
    return Ports(
        records=DynamoDBRecordStore("tasks", SimulatedDynamoDB(world, faults)),  # pyright: ignore[reportArgumentType]
        queue=SQSTaskQueue("queue", SimulatedSQS(world, faults)),  # pyright: ignore[reportArgumentType]
        types=TYPES,
        now=AcceptanceClock(world).now,
        new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), chance.randbytes(10)),
    )


class AcceptanceClock:
    """Virtual time, and no two tasks accepted in the same millisecond, batch or not."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = 0.0

    def now(self) -> datetime:
        """Later than the last time by at least what a batch spreads its tasks over."""
        self._last = max(self._world.now(), self._last + MAX_TASKS / 1000)
        return datetime.fromtimestamp(self._last, UTC)


def _all(scheduler: Scheduler, actors: list[Fiber]) -> Generator[Any, Any, None]:
    group = Group()
    for index, actor in enumerate(actors):
        scheduler.spawn(group, actor, index)
    for _ in actors:
        ended = yield group
        if ended.error is not None:
            raise ended.error
