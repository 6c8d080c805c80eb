"""A client that cancels tasks at any moment, whatever their status and whoever submitted them."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions import canceller
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.tenancy import Tenancy
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB
from tests.simulation.actors.clients import CALLERS, called_by
from tests.simulation.actors.stepped import Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import World


def simulated_canceller(world: World, faults: Faults) -> canceller.Canceller:
    """The real handler's ports, in the simulated world."""
    table = SimulatedDynamoDB(world, faults)
    return canceller.Canceller(
        records=DynamoDBRecordStore("tasks", table),  # pyright: ignore[reportArgumentType]
        keep_for=timedelta(hours=100),
        now=lambda: datetime.fromtimestamp(world.now(), UTC),
        tenancy=Tenancy.ISOLATED,
    )


def cancelling_client(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """A few cancellations, all in the first minutes: before the last operator redrives what is left."""
    for _ in range(rng.randint(1, 6)):
        yield Sleep(rng.choice((0.0, 0.003, 0.01, 0.05, 1.0, 5.0, 30.0)))
        if world.table.items:
            yield from _cancel(world, rng, rng.choice(CALLERS), rng.choice(list(world.table.items)))


def cancelling_behind_gates(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """Clients that cancel tasks of closed keys: parked ones, and heads that were released and wait for their turn."""
    left = rng.randint(1, 3)
    while left and world.now() < faults.until:
        yield Sleep(rng.choice((0.02, 0.1, 0.3)))
        items = list(world.gates.items.values())
        released = [item["head"]["S"] for item in items if "sending" in item]
        waiting = [named["S"] for item in items if (named := item.get("head") or item.get("task_id"))]
        if (released and rng.random() < 0.5) or (waiting and rng.random() < 0.02):
            task_id = rng.choice(released or waiting)
            yield from _cancel(world, rng, world.owner(task_id), task_id)
            left -= 1
    world.active_operators -= 1


def _cancel(world: World, rng: random.Random, caller: str, task_id: str) -> Fiber:
    """One request to the real handler; other actors run between its calls."""
    is_owner = world.owner(task_id) == caller
    if is_owner:
        world.journal.cancelled_by_owner.add(task_id)

    def pause() -> float:
        return rng.choice((0.001, 0.002, 0.01, 0.3))

    event = called_by(caller, _event(task_id))
    work = Stepped(lambda: canceller.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    response = yield from work.fiber()
    if not is_owner and response["statusCode"] not in (404, 503):
        world.journal.leaks.append(f"cancelling another client's task {task_id} returned {response['statusCode']}")
        return
    if response["statusCode"] not in (200, 202, 404, 409, 503) or (is_owner and response["statusCode"] == 404):
        world.journal.unexpected_responses.append(f"the cancellation of {task_id} returned {response}")
        return
    if response["statusCode"] == 200:
        assert json.loads(response["body"])["status"] == "cancelled"
        world.journal.cancelled.add(task_id)


def _event(task_id: str) -> dict[str, Any]:
    return {
        "httpMethod": "DELETE",
        "resource": "/tasks/{task_id}",
        "path": f"/tasks/{task_id}",
        "headers": {},
        "pathParameters": {"task_id": task_id},
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1/tasks/{task_id}"},
        "body": None,
        "isBase64Encoded": False,
    }
