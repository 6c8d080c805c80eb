"""The gatekeeper, and operators who close, open and repair keys."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from asl import Sleep
from functions import gatekeeper, keys
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.tasks.errors import Unavailable
from functions.tasks.tenancy import message_group
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB, SimulatedSQS, task_queue
from tests.simulation.actors.operators import redrive_all
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import World

_ROUNDS = 12
_LAST_ROUNDS = 40


def simulated_gatekeeper(world: World, faults: Faults) -> gatekeeper.Gatekeeper:
    """The real handler's ports, in the simulated world."""
    client: Any = SimulatedDynamoDB(world, faults, world.gatekeeper_tables)
    return gatekeeper.Gatekeeper(
        tasks=DynamoDBParkedTasks("gates", "tasks", lambda: datetime.fromtimestamp(world.now(), UTC), client),
        queue=task_queue(world, SimulatedSQS(world, faults)),
    )


def simulated_steering(world: World, faults: Faults) -> keys.Steering:
    """The real handler's ports, in the simulated world."""
    client: Any = SimulatedDynamoDB(world, faults)
    return keys.Steering(
        gates=DynamoDBGates("gates", "tasks", client),
        keep_for=timedelta(hours=100),
        now=lambda: datetime.fromtimestamp(world.now(), UTC),
    )


def keeping(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """The stream of the table of gates: each change is delivered until it is processed, and now and then again."""
    while not world.is_settled():
        yield Sleep(rng.choice((0.05, 0.2, 1.0)))
        batch = world.changed_gates[: rng.choice((1, 2, 100))]
        if not batch or not (yield from _kept(world, faults, rng, batch)):
            continue
        if rng.random() < 0.1 and world.now() < faults.until:
            continue  # Lambda has not learnt of it: the batch comes again
        del world.changed_gates[: len(batch)]


def _kept(world: World, faults: Faults, rng: random.Random, groups: list[str]) -> Fiber:
    """One invocation; whether it succeeded."""
    records = [{"dynamodb": {"Keys": {"key": {"S": group}, "place": {"S": "gate"}}}} for group in groups]
    work = Stepped(lambda: gatekeeper.handler({"Records": records}, LambdaContext()), _pause(world, faults, rng))  # pyright: ignore[reportArgumentType]
    try:
        response = yield from work.fiber()
    except Unavailable:
        return False
    return response is not None


def _pause(world: World, faults: Faults, rng: random.Random) -> Any:
    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.3:
            raise Crashed
        return rng.choice((0.002, 0.01, 0.05, 0.3))

    return pause


def switching_keys(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """An operator who closes and opens keys at any moment, and skips what has failed."""
    for _ in range(rng.randint(1, 5)):
        yield Sleep(rng.choice((0.01, 0.3, 2.0, 10.0, 60.0)))
        if world.journal.accepted:
            record = world.record(rng.choice(world.journal.accepted).task_id)
            state = rng.choice(("closed", "open", "open"))
            yield from _change(world, faults, rng, record["ordering_key"], record["tenant"], state)
    world.active_operators -= 1


def last_repair(world: World, faults: Faults, rng: random.Random, faults_end: float) -> Fiber:
    """Starts when faults have ended and every task was submitted: redrives heads, skips what fails again, until every
    gate is open.
    """
    while world.now() < faults_end or not world.all_submitted or world.active_operators > 1:
        yield Sleep(10.0)
    for number in range(_LAST_ROUNDS):
        yield from _until_quiet(world)
        if number < _ROUNDS:
            yield from redrive_all(world, faults, rng, {})
            yield from _until_quiet(world)
        elif not world.gates.items:
            break
        for item in [item for item in world.gates.items.values() if item["place"]["S"] == "gate"]:
            yield from _change(world, faults, rng, item["ordering_key"]["S"], _tenant(world, item), "open")
    world.active_operators -= 1


def _until_quiet(world: World) -> Fiber:
    while world.queue.messages or world.changed_gates:
        yield Sleep(10.0)
    yield Sleep(150.0)  # until leases and the visibility timeouts of a crashed operator have expired
    while world.queue.messages or world.changed_gates:
        yield Sleep(10.0)


def _tenant(world: World, item: dict[str, Any]) -> str:
    """Whose key it is: the machine does not say, but the record of any task of the group does."""
    for record in map(world.record, world.table.items):
        tenant, key = record.get("tenant"), item["ordering_key"]["S"]
        if record["ordering_key"] == key and message_group(tenant, key) == item["key"]["S"]:
            return tenant
    raise AssertionError(f"no task has the key of {item}")


def _change(world: World, faults: Faults, rng: random.Random, key: str, tenant: str, state: str) -> Fiber:
    """One request to the real handler."""
    event = {
        "httpMethod": "PUT",
        "resource": "/keys/{key}",
        "path": f"/keys/{key}",
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {"key": quote(key, safe="")},
        "multiValueQueryStringParameters": {"tenant": [tenant]},
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1/keys/{key}"},
        "body": json.dumps({"state": state, "reason": "simulated"}),
        "isBase64Encoded": False,
    }
    work = Stepped(lambda: keys.handler(event, LambdaContext()), _pause(world, faults, rng))  # pyright: ignore[reportArgumentType]
    response = yield from work.fiber()
    if response is not None and response["statusCode"] not in (200, 503):
        raise AssertionError(f"a change of a key returned {response}")
