"""A client that reads and lists tasks at any moment, its own and those of others."""

import json
import random
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import Sleep
from functions import reader
from functions.adapters.count_table.opened import DynamoDBOpenCounts
from functions.adapters.count_table.reading import DynamoDBStoredCounts
from functions.adapters.task_table.lists import DynamoDBTaskIndex, OpenTasks
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.tenancy import Tenancy
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB
from tests.simulation.actors.clients import CALLERS, called_by
from tests.simulation.actors.stepped import Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import World


def simulated_reader(world: World, faults: Faults) -> reader.Reader:
    """The real handler's ports, in the simulated world."""
    table: Any = SimulatedDynamoDB(world, faults)
    opened = OpenTasks(
        counts=DynamoDBOpenCounts("counts", table),
        delay=timedelta(seconds=5),
        now=lambda: datetime.fromtimestamp(world.now(), UTC),
    )
    return reader.Reader(
        records=DynamoDBRecordStore("tasks", table),
        index=DynamoDBTaskIndex("tasks", opened, table),
        counts=DynamoDBStoredCounts("counts", table),
        tenancy=Tenancy.ISOLATED,
    )


def onlooker(world: World, rng: random.Random) -> Fiber:
    """A few requests; what they show of others' tasks, or not of the caller's own, goes into the journal."""
    for _ in range(rng.randint(1, 4)):
        yield Sleep(rng.choice((0.01, 0.3, 5.0, 60.0)))
        caller = rng.choice((*CALLERS, None))
        if rng.random() < 0.5 and world.table.items:
            yield from _read(world, rng, caller, rng.choice(list(world.table.items)))
        else:
            yield from _list(world, rng, caller)


def _read(world: World, rng: random.Random, caller: str | None, task_id: str) -> Fiber:
    event = _event("/tasks/{task_id}", f"/v1/tasks/{task_id}", {"task_id": task_id})
    response = yield from _call(rng, caller, event)
    expected = 200 if world.owner(task_id) == caller else 404
    if response["statusCode"] not in (expected, 503):
        world.journal.leaks.append(f"{caller} read {task_id} of {world.owner(task_id)}: {response['statusCode']}")


def _list(world: World, rng: random.Random, caller: str | None) -> Fiber:
    """All pages of a list. They show exactly the caller's own tasks; with a filter, no others."""
    own = {task.task_id for task in world.journal.accepted if task.caller == caller}
    filters = rng.choice(({}, {}, {"ordering_key": ["a"]}, {"status": ["succeeded"]}))
    listed = yield from _pages(rng, caller, {**filters, "limit": [rng.choice(("1", "2", "100"))]})
    if listed is None:
        return
    for task_id in sorted(listed):
        if world.owner(task_id) != caller:
            world.journal.leaks.append(f"{caller} saw {task_id} of {world.owner(task_id)} in a list")
    for task_id in sorted(own - listed):
        if not filters:
            world.journal.leaks.append(f"{caller} did not see its own {task_id} in a list")


def _pages(
    rng: random.Random, caller: str | None, query: dict[str, list[str]]
) -> Generator[Any, Any, set[str] | None]:
    """The ids on all pages; None if the table did not respond."""
    listed: set[str] = set()
    while True:
        event = _event("/tasks", "/v1/tasks", None) | {"multiValueQueryStringParameters": query}
        response = yield from _call(rng, caller, event)
        if response["statusCode"] == 503:
            return None
        document = json.loads(response["body"])
        listed |= {task["task_id"] for task in document["tasks"]}
        if "cursor" not in document:
            return listed
        query = {**query, "cursor": [document["cursor"]]}


def _call(rng: random.Random, caller: str | None, event: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """One request to the real handler; other actors run between its calls."""
    called_by(caller, event)
    work = Stepped(
        lambda: reader.handler(event, LambdaContext()),  # pyright: ignore[reportArgumentType]
        lambda: rng.choice((0.001, 0.01, 0.3)),
    )
    return (yield from work.fiber())


def _event(resource: str, path: str, parameters: dict[str, str] | None) -> dict[str, Any]:
    return {
        "httpMethod": "GET",
        "resource": resource,
        "path": path,
        "headers": {},
        "pathParameters": parameters,
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": path},
        "body": None,
        "isBase64Encoded": False,
    }
