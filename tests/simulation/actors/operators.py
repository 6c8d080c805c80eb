"""Operators who put failed tasks back: some at any moment and in any way, and one who mends everything at the end."""

import json
import random
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions import redrive
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.tasks.redrive.redriver import Redriver
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB, SimulatedSQS
from tests.simulation.actors.stepped import Died, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import Redriven, World

_ROUNDS = 4


def redriver(world: World, faults: Faults) -> redrive.Ports:
    """What the real handler works with, in the simulated world."""

    def now() -> datetime:
        return datetime.fromtimestamp(world.now(), UTC)

    table, queues = SimulatedDynamoDB(world, faults), SimulatedSQS(world, faults)
    return redrive.Ports(
        redriver=Redriver(
            tasks=DynamoDBFailedTasks("tasks", table),  # pyright: ignore[reportArgumentType]
            queue=SQSTaskQueue("queue", queues),  # pyright: ignore[reportArgumentType]
            now=now,
        ),
        dead_letters=SQSDeadLetters("dead-letters", queues),  # pyright: ignore[reportArgumentType]
        fresh_for=timedelta(hours=4),
        now=now,
    )


def operator(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """A few redrives, whenever it comes to this operator's mind."""
    for _ in range(rng.randint(1, 4)):
        yield Sleep(rng.choice((0.1, 2.0, 10.0, 60.0, 150.0)))
        if rng.random() < 0.3 and world.table.items:
            task_id = rng.choice(list(world.table.items))
            yield from _call(world, faults, rng, f"/tasks/{task_id}/redrive", task_id, None)
        else:
            yield from _bulk(world, faults, rng, _wish(rng))
    world.operators -= 1


def last_operator(world: World, faults: Faults, rng: random.Random, fair_from: float) -> Fiber:
    """Comes when the weather is fine and everything is posted, and redrives until nothing more can be mended."""
    while world.now() < fair_from or not world.all_posted or world.operators > 1:
        yield Sleep(10.0)
    for _ in range(_ROUNDS):
        while world.queue.messages:
            yield Sleep(10.0)
        yield Sleep(150.0)  # until leases and what a dead operator hid have run out
        yield from _bulk(world, faults, rng, {})
    while world.queue.messages:
        yield Sleep(10.0)
    yield Sleep(70.0)
    yield from _bulk(world, faults, rng, {"ordering_key": "nobody's"})
    world.operators -= 1


def _wish(rng: random.Random) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [
        {},
        {},
        {"ordering_key": "a"},
        {"error_class": "VALIDATION"},
        {"limit": 1},
        {"dry_run": True},
    ]
    return rng.choice(filters)


def _bulk(world: World, faults: Faults, rng: random.Random, wish: dict[str, Any]) -> Fiber:
    request = {"dry_run": False, **wish}
    while True:
        answer = yield from _call(world, faults, rng, "/redrive", None, request)
        if "continuation" not in answer:
            return
        request["continuation"] = answer["continuation"]


def _call(
    world: World, faults: Faults, rng: random.Random, path: str, task_id: str | None, request: Any
) -> Generator[Any, Any, dict[str, Any]]:
    """One request to the real handler; the answer's document, empty when there was none."""
    asked = event(path, task_id, request)
    began_at = world.now()

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.2:
            raise Died
        # Now and then, whoever runs it stands still: what was read is old by the time that it is acted upon.
        return 15.0 if rng.random() < 0.03 else rng.choice((0.002, 0.01, 0.05, 0.3))

    work = Stepped(lambda: redrive.handler(asked, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    answer = yield from work.fiber()
    if answer is None:
        return {}
    if answer["statusCode"] not in (200, 202, 404, 409, 503):
        raise AssertionError(f"a redrive was answered with {answer}")
    document = json.loads(answer["body"])
    if answer["statusCode"] == 202:
        ids = tuple(task["task_id"] for task in document["tasks"])
        world.journal.redriven.append(Redriven(task_ids=ids, began_at=began_at, at=world.now()))
    return document if answer["statusCode"] == 202 else {}


def event(path: str, task_id: str | None, request: Any) -> dict[str, Any]:
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
