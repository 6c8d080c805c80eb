"""Operators who redrive failed tasks: some at any moment and in any way, and one who redrives the rest at the end."""

import json
import random
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions import redrive
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.tasks.redrive.redriver import Redriver
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB, SimulatedSQS, task_queue
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import RedriveCall, World

_ROUNDS = 4
_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"ordering_key": "a"},
    {"error_class": "VALIDATION"},
    {"limit": 1},
    {"dry_run": True},
)


def redrive_ports(world: World, faults: Faults) -> redrive.Ports:
    """The real handler's ports, in the simulated world."""

    def now() -> datetime:
        return datetime.fromtimestamp(world.now(), UTC)

    table, queues = SimulatedDynamoDB(world, faults), SimulatedSQS(world, faults)
    return redrive.Ports(
        redriver=Redriver(
            tasks=DynamoDBFailedTasks("tasks", table),  # pyright: ignore[reportArgumentType]
            queue=task_queue(world, queues),
            now=now,
        ),
        dead_letters=SQSDeadLetters("dead-letters", queues),  # pyright: ignore[reportArgumentType]
        fresh_for=timedelta(hours=4),
        now=now,
    )


def operator(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """A few redrives at random moments."""
    for _ in range(rng.randint(1, 4)):
        yield Sleep(rng.choice((0.1, 2.0, 10.0, 60.0, 150.0)))
        if rng.random() < 0.3 and world.table.items:
            task_id = rng.choice(list(world.table.items))
            yield from redrive_one(world, faults, rng, task_id)
        else:
            yield from redrive_all(world, faults, rng, rng.choice(_FILTERS))
    world.active_operators -= 1


def last_operator(world: World, faults: Faults, rng: random.Random, faults_end: float) -> Fiber:
    """Starts when faults have ended and every task was submitted; redrives until no more tasks can succeed."""
    while world.now() < faults_end or not world.all_submitted or world.active_operators > 1:
        yield Sleep(10.0)
    for _ in range(_ROUNDS):
        while world.queue.messages:
            yield Sleep(10.0)
        yield Sleep(150.0)  # until leases and the visibility timeouts of a crashed operator have expired
        yield from redrive_all(world, faults, rng, {})
    while world.queue.messages:
        yield Sleep(10.0)
    yield Sleep(70.0)
    yield from redrive_all(world, faults, rng, {"ordering_key": "unknown"})
    world.active_operators -= 1


def redrive_one(world: World, faults: Faults, rng: random.Random, task_id: str) -> Fiber:
    """A request to redrive this task."""
    yield from _call(world, faults, rng, f"/tasks/{task_id}/redrive", task_id, None)


def redrive_all(world: World, faults: Faults, rng: random.Random, filters: dict[str, Any]) -> Fiber:
    """Requests to redrive what matches, until nothing is left."""
    request = {"dry_run": False, **filters}
    while True:
        response = yield from _call(world, faults, rng, "/redrive", None, request)
        if "continuation" not in response:
            return
        request["continuation"] = response["continuation"]


def _call(
    world: World, faults: Faults, rng: random.Random, path: str, task_id: str | None, request: Any
) -> Generator[Any, Any, dict[str, Any]]:
    """One request to the real handler; the document of a 202, else empty."""
    request_event = redrive_event(path, task_id, request)

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.2:
            raise Crashed
        # Now and then the process freezes: what it has read is outdated when it acts on it.
        return 15.0 if rng.random() < 0.03 else rng.choice((0.002, 0.01, 0.05, 0.3))

    work = Stepped(lambda: redrive.handler(request_event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    response = yield from work.fiber()
    if response is None:
        return {}
    if response["statusCode"] not in (200, 202, 404, 409, 503):
        raise AssertionError(f"a redrive returned {response}")
    if response["statusCode"] != 202:
        return {}
    document = json.loads(response["body"])
    ids = tuple(task["task_id"] for task in document["tasks"])
    world.journal.redrive_calls.append(RedriveCall(task_ids=ids))
    return document


def redrive_event(path: str, task_id: str | None, request: Any) -> dict[str, Any]:
    """API Gateway's proxy event for a request to redrive."""
    return {
        "httpMethod": "POST",
        "resource": "/tasks/{task_id}/redrive" if task_id else "/redrive",
        "path": path,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {"task_id": task_id} if task_id else None,
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1{path}"},
        "body": None if request is None else json.dumps(request),
        "isBase64Encoded": False,
    }
