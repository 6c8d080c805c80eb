"""One seeded run: the shipped pipeline, a few tasks, and the faults that the seed draws."""

import itertools
import random
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from asl import Group, Machine, Scheduler, VirtualClock
from asl.execution.scheduler import MachineTimedOut
from functions import canceller, gatekeeper, keys, processor, reader, redrive, validator, workers
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.clock import uuid7
from functions.tasks.intake.batch import MAX_TASKS
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Ports
from functions.tasks.registry import halting, long_types
from functions.tasks.tenancy import Tenancy
from infrastructure.settings.times import derive_times, runs_of
from statemachine.loader import load_definition, load_long_definition
from testing.pipeline.machine import MAX_DELIVERIES, long_values, values
from tests.simulation.actors.breakers import breaker_control, switching, ticking
from tests.simulation.actors.calls import SimulatedDynamoDB, SimulatedSQS, SimulatedTasks, task_queue
from tests.simulation.actors.cancellers import cancelling_behind_gates, cancelling_client, simulated_canceller
from tests.simulation.actors.clients import (
    CALLERS,
    PlannedTask,
    group_into_requests,
    retrying_client,
    single_attempt_client,
)
from tests.simulation.actors.gatekeepers import keeping, keeping_on, simulated_gatekeeper, ticking_gates
from tests.simulation.actors.key_operators import clearing_up, last_repair, simulated_steering, switching_keys
from tests.simulation.actors.long import LongMachine, WatchedExecutions, simulated_workers, working
from tests.simulation.actors.onlookers import onlooker, simulated_reader
from tests.simulation.actors.operators import last_operator, operator, redrive_ports
from tests.simulation.actors.stepped import Fiber
from tests.simulation.actors.workers import Worker
from tests.simulation.promises.counts import count_violations
from tests.simulation.promises.gates import gate_violations
from tests.simulation.promises.invariants import faultless_violations, violations
from tests.simulation.promises.opened import open_violations
from tests.simulation.world.faults import FaultPlan, Faults
from tests.simulation.world.gates import LONG, LONG_STRICT, TOKEN
from tests.simulation.world.lanes import LanePlan, SimulatedLanes
from tests.simulation.world.work import OK, STRICT, TYPES, processor_ports, working_in
from tests.simulation.world.world import MAX_RECEIVE_COUNT, MakeLanes, World

_DEV_NULL = Path("/dev/null").open("w")  # noqa: SIM115 open as long as the process runs
START = 1_800_000_000.0
SETTLE_TIMEOUT_SECONDS = 20_000.0
TIMES = derive_times(handler=5, runs=runs_of(TYPES.types(), 5))
FEWEST_RECEIVES = MAX_DELIVERIES + 1
# Faults occur for some minutes, or long enough for the state machine to give up on a task, and for SQS to give up on a
# message if it may be received few times only: each receive takes a full visibility timeout.
FAULT_SECONDS = (300, (FEWEST_RECEIVES + 2) * TIMES.visibility)
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
# For runs with operators: most tasks that fail succeed after some redrives, and some never do.
PLANS_TO_REDRIVE: tuple[tuple[str, ...], ...] = (
    (OK,),
    ("VALIDATION", OK),
    ("VALIDATION", "VALIDATION", OK),
    ("UNKNOWN", "UNKNOWN", OK),
    ("NETWORK", "NETWORK", "NETWORK", "NETWORK", OK),
    ("VALIDATION",),
)
# With operators and without.
PLANS_FOR_LANES = (*PLANS, ("VALIDATION", OK), ("VALIDATION", OK), ("VALIDATION", "VALIDATION", OK))
PLANS_FOR_GATES = (*PLANS_TO_REDRIVE, (OK,), (OK,), ("NETWORK", OK), ("VALIDATION", OK))


PLANS_FOR_LONG = (*PLANS_TO_REDRIVE, (OK,), (OK,), ("NETWORK", OK), ("NETWORK", OK))
VALUES = values(TIMES, halting(TYPES.types()), long_types(TYPES.types()))
LONG_VALUES = long_values(TYPES.types())


def shipped_definition() -> dict[str, Any]:
    """The state machine as it is deployed."""
    return load_definition(VALUES)


@cache
def shipped_machine() -> Machine:
    """The shipped definition, compiled once."""
    return Machine.load(shipped_definition())


def shipped_long_definition() -> dict[str, Any]:
    """The machine of tasks that take long, as it is deployed."""
    return load_long_definition(LONG_VALUES)


@cache
def shipped_long_machine() -> Machine:
    """Compiled once."""
    return Machine.load(shipped_long_definition(), "STANDARD")


@dataclass(frozen=True, kw_only=True)
class System:
    """What is simulated, and who takes part; a mistake replaces some of it. What is None is drawn from the seed."""

    machine: Machine = field(default_factory=shipped_machine)
    fault_plan: FaultPlan | None = None
    operators: bool | None = None
    retrying_clients: bool | None = None
    cancelling_client: bool | None = None
    onlooker: bool | None = None
    ordering: DefaultOrdering | None = None
    """Given or drawn, some tasks have no key. Otherwise all have one."""
    lanes: bool = False
    """Whether the number of lanes changes, with more tasks than otherwise around that moment."""
    gates: bool = False
    """Whether tasks fail that halt their key, and operators close and open keys."""
    long: bool = False
    """Whether some tasks take long, too."""
    long_machine: Machine = field(default_factory=shipped_long_machine)


def run(seed: int, system: System | None = None) -> list[str]:
    """Run one schedule to its end; a sentence for each promise that it broke."""
    system = system or System()
    rng = random.Random(seed)
    clock = VirtualClock(START)
    max_receive_count = rng.choice((FEWEST_RECEIVES, MAX_RECEIVE_COUNT, MAX_RECEIVE_COUNT))
    # From a seed of its own: schedules without it stay as they were.
    lane_rng = random.Random(f"lanes {seed}")
    gate_rng = random.Random(f"gates {seed}")
    tasks = _draw_tasks_for_lanes(lane_rng) if system.lanes else None
    make_lanes = _lanes(tasks, lane_rng, clock) if tasks else None
    tasks = _draw_tasks_for_gates(gate_rng, long=system.long) if system.gates else tasks
    world = World(clock.now, TIMES.visibility, max_receive_count, make_lanes)
    # From a seed of its own: schedules without it stay as they were.
    unkeyed = random.Random(f"ordering {seed}")
    ordering = system.ordering or unkeyed.choice((None, None, None, *DefaultOrdering))
    world.ordering = ordering or DefaultOrdering.ONE_KEY
    drawn_plan = FaultPlan.draw(rng)
    fault_plan = system.fault_plan or drawn_plan
    faults_end = START + rng.choice(FAULT_SECONDS)
    faults = Faults(rng, fault_plan, until=faults_end)
    scheduler = Scheduler(clock, SimulatedTasks(world, faults, gated=system.gates), START + SETTLE_TIMEOUT_SECONDS)
    operators = _draw(rng, 0.25, system.operators) or system.gates
    actors = _clients(
        world, faults, rng, system, operators=operators, unkeyed=unkeyed if ordering else None, tasks=tasks
    )
    if system.gates:
        actors += _gate_actors(world, faults, gate_rng, faults_end)
        actors += _long_actors(world, faults, scheduler, system, gate_rng)
    elif operators:
        actors += _operators(world, faults, rng, faults_end)
    workers = rng.choice((1, 2, 3))
    if world.lanes:
        actors += _lane_actors(world, world.lanes, faults, scheduler, system.machine, lane_rng)
    else:
        actors += [Worker(world, faults, scheduler, system.machine).run() for _ in range(workers)]
    if _draw(rng, 0.2, system.cancelling_client):
        actors.append(cancelling_client(world, faults, rng))
    if _draw(rng, 0.15, system.onlooker):
        actors.append(onlooker(world, rng))
    with _shipped_handlers_in(world, faults, rng, scheduler):
        try:
            scheduler.run(_all(scheduler, actors))
        except MachineTimedOut:
            return ["it never settled", *violations(world, faults_end)]
    if world.gates_are_broken:
        return list(gate_violations(world))  # the schedule was not played to its end
    spared = fault_plan.spares_every_task and not (fault_plan.throttled and max_receive_count == FEWEST_RECEIVES)
    faultless = faultless_violations(world, throttled=fault_plan.throttled > 0) if spared and not operators else ()
    gates = gate_violations(world) if system.gates else ()
    broken = [*violations(world, faults_end, operators=operators), *gates, *faultless]
    return [*broken, *count_violations(world, seed), *open_violations(world, seed)]


def _draw(rng: random.Random, probability: float, override: bool | None) -> bool:
    drawn = rng.random() < probability
    return drawn if override is None else override


def _clients(
    world: World,
    faults: Faults,
    rng: random.Random,
    system: System,
    *,
    operators: bool,
    unkeyed: random.Random | None,
    tasks: list[PlannedTask] | None,
) -> list[Fiber]:
    """One client that submits each task once; or one or two that retry, both with the very same requests."""
    # The order after a redrive is easiest to check if each task was submitted once.
    retrying = _draw(rng, 0.2 if operators else 0.3, system.retrying_clients)
    tasks = tasks or _draw_tasks(rng, PLANS_TO_REDRIVE if operators else PLANS)
    if unkeyed:
        tasks = [replace(task, ordering_key=None) if unkeyed.random() < 0.6 else task for task in tasks]
    if not retrying:
        world.active_clients = 1
        return [single_attempt_client(world, tasks, rng.choice((CALLERS[:1], CALLERS)))]
    world.active_clients = rng.choice((1, 1, 2))
    requests = group_into_requests(tasks, rng)
    return [retrying_client(world, faults, rng, requests) for _ in range(world.active_clients)]


def _draw_tasks(rng: random.Random, plans: tuple[tuple[str, ...], ...]) -> list[PlannedTask]:
    keys = rng.choice((("a",), ("a",), ("a", "b")))
    return [
        PlannedTask(
            title=f"task {number}",
            pause=rng.choice((0.0, 0.01, 1.0, 30.0)),
            ordering_key=rng.choice(keys),
            plan=rng.choice(plans),
        )
        for number in range(rng.randint(1, 4))
    ]


def _draw_tasks_for_lanes(rng: random.Random) -> list[PlannedTask]:
    """Tasks of some keys, several of them within a few seconds, sometimes after minutes in which there are none."""
    before = rng.choice((0.0, 0.0, 245.0))
    return [
        PlannedTask(
            title=f"task {number}",
            pause=rng.choice((0.01, 0.2, 0.5, 0.5, 1.0, 5.0)) + (0.0 if number else before),
            ordering_key=rng.choice("aaabcd"),
            plan=rng.choice(PLANS_FOR_LANES),
        )
        for number in range(rng.randint(4, 10))
    ]


def _draw_tasks_for_gates(rng: random.Random, *, long: bool) -> list[PlannedTask]:
    """Tasks of a key that halts, and of one of which some tasks do; or tasks of which some take long."""
    halting = {"a": (STRICT,), "b": (STRICT, "simulated", "simulated")}
    if long:
        halting = {"a": (LONG, LONG_STRICT, "simulated", STRICT), "b": (TOKEN, LONG, "simulated")}
    keys = [rng.choice("aaab") for _ in range(rng.randint(3, 9))]
    return [
        PlannedTask(
            title=f"task {number}",
            pause=rng.choice((0.0, 0.01, 0.1, 1.0, 5.0, 5.0, 30.0)),
            ordering_key=key,
            plan=rng.choice(PLANS_FOR_LONG if long else PLANS_FOR_GATES),
            type=rng.choice(halting[key]),
        )
        for number, key in enumerate(keys)
    ]


def _gate_actors(world: World, faults: Faults, rng: random.Random, faults_end: float) -> list[Fiber]:
    """The gatekeeper, and operators: some who redrive or switch keys at any moment, and one who repairs the rest."""
    early = [
        *(operator(world, faults, rng) for _ in range(rng.choice((0, 0, 1)))),
        *(clearing_up(world, faults, rng) for _ in range(rng.choice((0, 1, 1, 2)))),
        *(switching_keys(world, faults, rng) for _ in range(rng.choice((0, 1, 1, 2)))),
        *(cancelling_behind_gates(world, faults, rng) for _ in range(rng.choice((0, 1)))),
    ]
    world.active_operators = len(early) + 1
    late = [keeping_on(world, faults, rng)] if rng.random() < 0.5 else []
    clock = ticking_gates(world, faults, rng)
    return [keeping(world, faults, rng), clock, *late, *early, last_repair(world, faults, rng, faults_end)]


def _long_actors(
    world: World, faults: Faults, scheduler: Scheduler, system: System, rng: random.Random
) -> list[Fiber]:
    """The machine of tasks that take long, the workers of those with a token, and often somebody who cancels."""
    if not system.long:
        return []
    machine = system.long_machine
    cancelling = [cancelling_client(world, faults, rng)] if rng.random() < 0.4 else []
    return [LongMachine(world, faults, scheduler, machine).run(), working(world, faults, scheduler, rng), *cancelling]


def _lanes(tasks: list[PlannedTask], rng: random.Random, clock: VirtualClock) -> MakeLanes:
    """Lanes whose number changes while these tasks are sent."""
    sent_at = [START + moment for moment in itertools.accumulate(task.pause for task in tasks)]
    plan = LanePlan.draw(rng, sent_at)
    return lambda queue: SimulatedLanes(plan, rng, clock.now, queue)


def _lane_actors(
    world: World, lanes: SimulatedLanes, faults: Faults, scheduler: Scheduler, machine: Machine, rng: random.Random
) -> list[Fiber]:
    """The workers of each lane, the breaker's clock, and often an operator who switches the breaker."""
    workers = [
        Worker(world, faults, scheduler, machine, lane).run()
        for lane in lanes.all.values()
        for _ in range(rng.choice((1, 1, 2)))
    ]
    control = breaker_control(world, lanes, faults)
    operator = [switching(world, control, faults, rng)] if rng.random() < 0.5 else []
    return [*workers, ticking(world, control, faults, rng), *operator]


def _operators(world: World, faults: Faults, rng: random.Random, faults_end: float) -> list[Fiber]:
    world.active_operators = rng.choice((1, 2, 3))
    early = [operator(world, faults, rng) for _ in range(world.active_operators - 1)]
    return [*early, last_operator(world, faults, rng, faults_end)]


@contextmanager
def _shipped_handlers_in(world: World, faults: Faults, rng: random.Random, scheduler: Scheduler) -> Generator[None]:
    """Build the real handlers with ports of the simulated world."""
    with ExitStack() as stack:
        stack.enter_context(working_in(world))
        for handler, ports in _ports(world, faults, rng, scheduler):
            stack.enter_context(handler.build.given(ports))
        stack.enter_context(redirect_stdout(_DEV_NULL))  # metrics
        yield


def _ports(world: World, faults: Faults, rng: random.Random, scheduler: Scheduler) -> list[tuple[Any, Any]]:
    """Each handler with its ports in the simulated world."""
    return [
        (canceller, simulated_canceller(world, faults)),
        (reader, simulated_reader(world, faults)),
        (validator, _intake_ports(world, faults, random.Random(rng.random()))),
        (processor, processor_ports(world, random.Random(rng.random()).random)),
        (redrive, redrive_ports(world, faults)),
        (gatekeeper, simulated_gatekeeper(world, faults, WatchedExecutions(world, faults))),
        (workers, simulated_workers(world, faults, scheduler, random.Random(0))),
        (keys, simulated_steering(world, faults)),
    ]


def _intake_ports(world: World, faults: Faults, randomness: random.Random) -> Ports:
    return Ports(
        records=DynamoDBRecordStore("tasks", SimulatedDynamoDB(world, faults)),  # pyright: ignore[reportArgumentType]
        queue=task_queue(world, SimulatedSQS(world, faults)),
        types=TYPES,
        now=AcceptanceClock(world).now,
        new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), randomness.randbytes(10)),
        tenancy=Tenancy.ISOLATED,
        ordering=world.ordering,
        id_secret=b"the secret of this stack",
    )


class AcceptanceClock:
    """Virtual time on which no two tasks are accepted in the same millisecond, in batches or alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = 0.0

    def now(self) -> datetime:
        """Later than the previous call by at least the interval over which a batch spreads its tasks."""
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
