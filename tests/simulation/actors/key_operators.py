"""Operators who close, open and repair keys."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from asl import Sleep
from functions import keys
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.tasks.tenancy import message_group
from tests.simulation.actors.calls import LambdaContext, SimulatedDynamoDB
from tests.simulation.actors.gatekeepers import pausing
from tests.simulation.actors.operators import redrive_all, redrive_one
from tests.simulation.actors.stepped import Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.work import OK
from tests.simulation.world.world import World

_ROUNDS = 4
_LAST_ROUNDS = 40
_SHORT_PAUSES = (0.05, 0.3, 1.0, 4.0, 15.0)


def simulated_steering(world: World, faults: Faults) -> keys.Steering:
    """The real handler's ports, in the simulated world."""
    client: Any = SimulatedDynamoDB(world, faults)
    return keys.Steering(
        gates=DynamoDBGates("gates", "tasks", client),
        keep_for=timedelta(hours=100),
        now=lambda: datetime.fromtimestamp(world.now(), UTC),
    )


def switching_keys(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """An operator who closes and opens keys at any moment, and skips what has failed."""
    for _ in range(rng.randint(2, 12)):
        yield Sleep(rng.choice(_SHORT_PAUSES))
        if world.journal.accepted:
            record = world.record(rng.choice(world.journal.accepted).task_id)
            state = rng.choice(("closed", "open", "open"))
            yield from _change(world, faults, rng, record["ordering_key"], record["tenant"], state)
    world.active_operators -= 1


def clearing_up(world: World, faults: Faults, rng: random.Random) -> Fiber:
    """An operator who redrives heads and other tasks soon after they have failed, or skips the head."""
    for _ in range(rng.randint(3, 12)):
        yield Sleep(rng.choice(_SHORT_PAUSES))
        failed = [task_id for task_id in world.table.items if world.record(task_id)["status"] == "failed"]
        gates = _gates(world)
        if gates and rng.random() < 0.45:
            gate = rng.choice(gates)
            key, tenant = _whose(world, gate)
            yield from _change(world, faults, rng, key, tenant, "open", gate.get("head", {}).get("S"))
        elif failed and rng.random() < 0.6:
            yield from redrive_one(world, faults, rng, rng.choice(failed))
        else:
            yield from redrive_all(world, faults, rng, {})
    world.active_operators -= 1


def last_repair(world: World, faults: Faults, rng: random.Random, faults_end: float) -> Fiber:
    """Starts when faults have ended and every task was submitted: redrives what has failed, and skips what fails
    again, until every gate is open. After some rounds, tasks that never succeed are left alone: they delay others.
    """
    while not world.gates_are_broken and (
        world.now() < faults_end or not world.all_submitted or world.active_operators > 1
    ):
        yield Sleep(10.0)
    for number in range(_LAST_ROUNDS):
        yield from _until_quiet(world)
        hopeful = _could_succeed(world)
        if number < _ROUNDS:
            yield from redrive_all(world, faults, rng, {})
        elif not world.gates.items and not hopeful:
            break
        for task_id in hopeful if number >= _ROUNDS else ():
            yield from redrive_one(world, faults, rng, task_id)
        yield from _until_quiet(world)
        for gate in [] if world.gates_are_broken else _gates(world):
            yield from _change(world, faults, rng, *_whose(world, gate), state="open")
    yield from redrive_all(world, faults, rng, {"ordering_key": "unknown"})  # dead letters that are out of date
    world.active_operators -= 1


def _could_succeed(world: World) -> list[str]:
    """The failed tasks that succeed after some redrives."""
    plans = {task.task_id: task.plan for task in world.journal.accepted}
    failed = [task_id for task_id in world.table.items if world.record(task_id)["status"] == "failed"]
    return [task_id for task_id in failed if plans.get(task_id, ("",))[-1] == OK]


def _until_quiet(world: World) -> Fiber:
    """Until nothing moves any more. Then each gate that is left needs an operator."""
    yield from _until_empty(world)
    yield Sleep(150.0)  # until leases and the visibility timeouts of a crashed operator have expired
    yield from _until_empty(world)
    if not world.gates_are_broken:
        undelivered: set[str] = {json.loads(message.body)["task_id"] for message in world.queue.undelivered}
        world.journal.stuck += world.gate_watch.stuck(undelivered)


def _until_empty(world: World) -> Fiber:
    while (world.queue.messages or world.changed_gates or world.executions.busy) and not world.gates_are_broken:
        yield Sleep(10.0)


def _gates(world: World) -> list[dict[str, Any]]:
    return [item for item in world.gates.items.values() if "ordering_key" in item]


def _whose(world: World, gate: dict[str, Any]) -> tuple[str, str]:
    """The key, and whose it is: the machine does not say, but the record of any task of the group does."""
    key = gate["ordering_key"]["S"]
    for record in map(world.record, world.table.items):
        tenant = record.get("tenant")
        if record["ordering_key"] == key and message_group(tenant, key) == gate["key"]["S"]:
            return key, str(tenant)
    raise AssertionError(f"no task has the key of {gate}")


def _change(
    world: World, faults: Faults, rng: random.Random, key: str, tenant: str, state: str, head: str | None = None
) -> Fiber:
    """One request to the real handler."""
    body = {"state": state, "reason": "simulated", **({} if head is None else {"head": head})}
    event = {
        "httpMethod": "PUT",
        "resource": "/keys/{key}",
        "path": f"/keys/{key}",
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {"key": quote(key, safe="")},
        "multiValueQueryStringParameters": {"tenant": [tenant]},
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1/keys/{key}"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    work = Stepped(lambda: keys.handler(event, LambdaContext()), pausing(world, faults, rng))  # pyright: ignore[reportArgumentType]
    try:
        response = yield from work.fiber()
    except Exception as error:
        world.journal.stuck.append(f"a change of the key {key} raised {error!r}")
        return
    if response is not None and response["statusCode"] not in (200, 503):
        world.journal.unexpected_responses.append(f"a change of the key {key} returned {response}")
