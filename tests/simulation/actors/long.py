"""Tasks that take long: the machine that runs them, the workers that have their tokens, and who looks after both."""

import json
import random
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any, TypeVar

from asl import ExecutionContext, Group, Machine, Outcome, Scheduler, Sleep, TaskFailure
from asl.machine import ExecutionStatus
from functions import workers
from functions.adapters.task_table.progress import DynamoDBProgress
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.errors import Unavailable
from functions.tasks.runs.tokens import TokenExpired
from functions.tasks.runs.watching import ExecutionState
from functions.tasks.tenancy import Tenancy
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB
from tests.simulation.actors.clients import called_by
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped, step
from tests.simulation.world.executions import Started
from tests.simulation.world.faults import Fault, Faults
from tests.simulation.world.work import OK, TYPES
from tests.simulation.world.world import Handed, World

T = TypeVar("T")
POLL_SECONDS = 0.2
ATTEMPTS = 6


def _each(world: World, scheduler: Scheduler, waiting: list[T], begin: Callable[[T], Fiber]) -> Fiber:
    """A fiber for each that waits, beside the others, until everything has settled."""
    group, count = Group(), 0
    while not world.is_settled():
        while waiting:
            scheduler.spawn(group, begin(waiting.pop(0)), count)
            count += 1
        while group.finished:
            ended = group.finished.popleft()
            if ended.error is not None:
                raise ended.error
        yield Sleep(POLL_SECONDS)
    group.cancel()


class LongMachine:
    """The Standard machine. Its executions outlive everything here, but somebody or something may end one of them."""

    def __init__(self, world: World, faults: Faults, scheduler: Scheduler, machine: Machine) -> None:
        self._world = world
        self._faults = faults
        self._scheduler = scheduler
        self._machine = machine

    def run(self) -> Fiber:
        """Run what is started until everything has settled."""
        yield from _each(self._world, self._scheduler, self._world.executions.waiting, self._execute)

    def _execute(self, started: Started) -> Generator[Any, Any, None]:
        context = ExecutionContext(machine_name="long", name=started.name, kind="STANDARD")
        self._world.journal.started[started.name] = self._world.next_moment()
        fiber = self._machine.fiber(
            json.loads(started.input),
            scheduler=self._scheduler,
            context=context,
            rng=random.Random(self._faults.rng.random()),
        )
        group = Group()
        self._scheduler.spawn(group, fiber, 0)
        self._scheduler.spawn(group, self._end(started), 1)
        try:
            first = yield group
        finally:
            group.cancel()
        if first.error is not None:
            raise first.error
        outcome: Outcome | None = first.result
        succeeded = outcome is not None and outcome.status is ExecutionStatus.SUCCEEDED
        self._world.executions.end(started, ExecutionState.SUCCEEDED if succeeded else ExecutionState.ENDED)

    def _end(self, started: Started) -> Fiber:
        """Until the execution is stopped, aborted, or timed out."""
        deadline = self._world.now() + self._machine.timeout
        if (aborted := self._faults.crash_after(self._world.now())) is not None:
            deadline = min(deadline, self._world.now() + aborted)
        while not started.is_stopped and self._world.now() < deadline:
            yield Sleep(min(POLL_SECONDS, max(deadline - self._world.now(), 0.001)))


class WatchedExecutions:
    """The gatekeeper's `Executions`, with the faults of a plan."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def running(self) -> set[str]:
        """ListExecutions."""
        self._call()
        return self._world.executions.listed()

    def state(self, name: str) -> ExecutionState:
        """DescribeExecution."""
        self._call()
        known = self._world.executions.known.get(name)
        return ExecutionState.UNKNOWN if known is None else known.state

    def stop(self, name: str, cause: str) -> None:
        """StopExecution. The execution takes no further step."""
        self._call()
        known = self._world.executions.known.get(name)
        if known is not None and known.state is ExecutionState.RUNNING:
            known.is_stopped = True
            self._world.executions.end(known, ExecutionState.ENDED)

    def _call(self) -> None:
        step()
        if self._faults.on_call(self._world.now()) in (Fault.THROTTLED, Fault.LOST_REQUEST):
            raise Unavailable("Step Functions did not respond")


class SimulatedTokens:
    """Step Functions, as workers bring tokens back there."""

    def __init__(self, world: World, faults: Faults, scheduler: Scheduler) -> None:
        self._world = world
        self._faults = faults
        self._scheduler = scheduler

    def succeed(self, token: str, output: str) -> None:
        """SendTaskSuccess."""
        self._bring(lambda: self._scheduler.settle(token, json.loads(output)))

    def fail(self, token: str, error: str, cause: str) -> None:
        """SendTaskFailure."""
        self._bring(lambda: self._scheduler.settle(token, TaskFailure(error, cause)))

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat."""
        self._bring(lambda: self._scheduler.beat(token))

    def _bring(self, back: Callable[[], bool]) -> None:
        step()
        fault = self._faults.on_call(self._world.now())
        if fault in (Fault.THROTTLED, Fault.LOST_REQUEST):
            raise Unavailable("Step Functions did not respond")
        if not back():
            raise TokenExpired
        if fault in (Fault.LOST_RESPONSE, Fault.ERROR_RESPONSE):
            raise Unavailable("Step Functions did not respond")


def simulated_workers(world: World, faults: Faults, scheduler: Scheduler, rng: random.Random) -> workers.Workers:
    """The real handler's ports, in the simulated world."""
    client: Any = SimulatedDynamoDB(world, faults)
    return workers.Workers(
        records=DynamoDBRecordStore("tasks", client),
        tokens=SimulatedTokens(world, faults, scheduler),
        progress=DynamoDBProgress("tasks", lambda: datetime.fromtimestamp(world.now(), UTC), client),
        types=TYPES,
        tenancy=Tenancy.ISOLATED,
        draw=rng.random,
    )


def working(world: World, faults: Faults, scheduler: Scheduler, rng: random.Random) -> Fiber:
    """Workers anywhere: each takes a token, gives signs, and brings it back; some are never heard of again."""
    yield from _each(world, scheduler, world.handed, lambda handed: _work(world, faults, rng, handed))


def _work(world: World, faults: Faults, rng: random.Random, handed: Handed) -> Fiber:
    is_lost = world.now() < faults.until and rng.random() < 0.2
    for _ in range(rng.choice((0, 0, 1, 3))):
        yield Sleep(rng.choice((0.1, 3.0, 12.0)))
        response = yield from _call(world, faults, rng, handed, "heartbeat", {})
        if response is not None and response["statusCode"] == 200 and json.loads(response["body"])["cancel_requested"]:
            yield from _bring_back(world, faults, rng, handed, "fail", {"cancelled": True})
            return
    if not is_lost:
        yield Sleep(rng.choice((0.0, 0.05, 1.0, 8.0)))
        action, body = ("complete", {"result": 1}) if handed.result == OK else ("fail", {"error_class": handed.result})
        yield from _bring_back(world, faults, rng, handed, action, body)


def _bring_back(
    world: World, faults: Faults, rng: random.Random, handed: Handed, action: str, body: dict[str, Any]
) -> Fiber:
    for _ in range(ATTEMPTS):
        response = yield from _call(world, faults, rng, handed, action, body)
        if response is not None and response["statusCode"] not in (202, 409, 503):
            world.journal.unexpected_responses.append(f"{action} of {handed.task_id} returned {response}")
        if response is not None and response["statusCode"] != 503:
            return
        yield Sleep(0.5)


def _call(
    world: World, faults: Faults, rng: random.Random, handed: Handed, action: str, body: dict[str, Any]
) -> Fiber:
    """One request to the real handler; None if its process died."""

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.3:
            raise Crashed
        return rng.choice((0.001, 0.01, 0.3))

    event = {
        "httpMethod": "POST",
        "resource": f"/tasks/{{task_id}}/{action}",
        "path": f"/tasks/{handed.task_id}/{action}",
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {"task_id": handed.task_id},
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1/tasks/{handed.task_id}/{action}"},
        "body": json.dumps({"token": handed.token, **body}),
        "isBase64Encoded": False,
    }
    event = called_by(world.owner(handed.task_id), event)
    work = Stepped(lambda: workers.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    return (yield from work.fiber())
