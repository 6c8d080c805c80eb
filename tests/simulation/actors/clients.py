"""The clients that submit tasks, as fibers: one submits each task once, others retry with an idempotency key."""

import json
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from asl import Sleep
from functions import validator
from functions.tasks.intake.ordering import DefaultOrdering
from tests.simulation.actors.calls import LambdaContext
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.gates import HALTING, TAKING_LONG
from tests.simulation.world.world import OTHER_TITLE, Accepted, World

CALLERS = ("a caller", "another caller")


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """A task that a client will submit: after which pause, under which key if any, and how its runs will end."""

    title: str
    pause: float
    ordering_key: str | None
    plan: tuple[str, ...]
    type: str = "simulated"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One task or a batch, submitted together. Two requests of different callers share each idempotency key."""

    number: int
    tasks: tuple[PlannedTask, ...]
    caller: str
    """The id of the caller's API key."""

    @property
    def name(self) -> str:
        """Its name in the journal."""
        return f"request {self.number}"

    @property
    def key(self) -> str:
        """Its idempotency key, which another caller uses too."""
        return f"key-{self.number // 2}"

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, with the idempotency key."""
        return {"Content-Type": "application/json", "Idempotency-Key": self.key}


def single_attempt_client(world: World, tasks: Sequence[PlannedTask], callers: Sequence[str]) -> Fiber:
    """Submit each task once, one after the other, the callers in turn, and record which were accepted."""
    for number, task in enumerate(tasks):
        yield Sleep(task.pause)
        request = Request(number=number, tasks=(task,), caller=callers[number % len(callers)])
        _record_submitted(world, request)
        event = called_by(request.caller, _event(_body(task)))
        response = validator.handler(event, LambdaContext())  # pyright: ignore[reportArgumentType]
        if response["statusCode"] == 202:
            _record_accepted(world, request, 0, json.loads(response["body"])["task_id"])
        elif response["statusCode"] != 503:
            raise AssertionError(f"a valid task returned {response}")
    world.active_clients -= 1


def group_into_requests(tasks: Sequence[PlannedTask], rng: random.Random) -> list[Request]:
    """The tasks in their order, some in a request of their own and some in batches."""
    requests: list[Request] = []
    left = list(tasks)
    while left:
        size = rng.choice((1, 1, 2, 3))
        caller = CALLERS[len(requests) % 2]
        requests.append(Request(number=len(requests), tasks=tuple(left[:size]), caller=caller))
        left = left[size:]
    return requests


def retrying_client(world: World, faults: Faults, rng: random.Random, requests: Sequence[Request]) -> Fiber:
    """Submit each request up to six times; often stop once it is accepted, sometimes reuse its key."""
    for request in requests:
        yield Sleep(request.tasks[0].pause)
        _record_submitted(world, request)
        world.journal.idempotency_keys.add((request.caller, request.key))
        for _ in range(rng.randint(1, 6)):
            yield from _submit(world, faults, rng, request)
            if _is_accepted(world, request) and rng.random() < 0.6:
                break
            yield Sleep(rng.choice((0.01, 0.5, 20.0, 400.0)))
        if _is_accepted(world, request) and rng.random() < 0.3:
            yield from _reuse_key(world, faults, rng, request)
    world.active_clients -= 1


def _is_accepted(world: World, request: Request) -> bool:
    return all(task.title in world.journal.accepted_ids for task in request.tasks)


def _submit(world: World, faults: Faults, rng: random.Random, request: Request) -> Fiber:
    single = len(request.tasks) == 1
    bodies = [_body(task) for task in request.tasks]
    event = _event(bodies[0]) if single else _event({"tasks": bodies}, "/tasks/batch")
    response = yield from _call(world, faults, rng, event, request)
    if response is None or response["statusCode"] == 503:
        return
    document = json.loads(response["body"])
    results = [{"status": response["statusCode"], "task": document}] if single else document.get("results", [])
    if not results:
        world.journal.unexpected_responses.append(f"the valid {request.name} returned {response}")
    for position, result in enumerate(results):
        if result["status"] == 202:
            _record_accepted(world, request, position, result["task"]["task_id"])
        elif result["status"] != 503:
            world.journal.unexpected_responses.append(f"a valid task of {request.name} returned {result}")


def _reuse_key(world: World, faults: Faults, rng: random.Random, request: Request) -> Fiber:
    """Send another payload with the key of an accepted request."""
    other = {**_body(request.tasks[0]), "title": OTHER_TITLE}
    event = rng.choice((_event(other), _event({"tasks": [other]}, "/tasks/batch")))
    response = yield from _call(world, faults, rng, event, request)
    if response is not None and response["statusCode"] not in (422, 503):
        world.journal.unexpected_responses.append(
            f"another payload with the key of {request.name} returned {response}"
        )


def _call(
    world: World, faults: Faults, rng: random.Random, event: dict[str, Any], request: Request
) -> Generator[Any, Any, dict[str, Any] | None]:
    """One request to the real handler; None if the handler crashed before its response."""
    called_by(request.caller, event)["headers"] = request.headers

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.3:
            raise Crashed
        return rng.choice((0.001, 0.004, 0.02, 0.3))

    work = Stepped(lambda: validator.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    return (yield from work.fiber())


def called_by(caller: str | None, event: dict[str, Any]) -> dict[str, Any]:
    """The event, from the caller with this API key."""
    event["requestContext"]["identity"] = {"apiKeyId": caller}
    return event


def _record_submitted(world: World, request: Request) -> None:
    for task in request.tasks:
        world.journal.submitted_by[task.title] = request.caller
        world.journal.first_submitted.setdefault(task.title, world.next_moment())
        if task.ordering_key is None and world.ordering is DefaultOrdering.UNORDERED:
            world.journal.unordered.add(task.title)


def _record_accepted(world: World, request: Request, position: int, task_id: str) -> None:
    task = request.tasks[position]
    known = world.journal.accepted_ids.setdefault(task.title, set())
    if not known:
        accepted = Accepted(
            task_id=task_id,
            ordering_key=task.ordering_key or world.key_of_unkeyed(task.title),
            plan=task.plan,
            first_submitted=world.journal.first_submitted[task.title],
            first_accepted=world.next_moment(),
            request=request.name,
            position=position,
            caller=request.caller,
            halts=task.type in HALTING,
            takes_long=task.type in TAKING_LONG,
        )
        world.journal.accepted.append(accepted)
    known.add(task_id)


def _body(task: PlannedTask) -> dict[str, Any]:
    key = {"ordering_key": task.ordering_key} if task.ordering_key else {}
    return {
        "title": task.title,
        "description": "simulated",
        "priority": "low",
        "type": task.type,
        **key,
        "data": {"plan": list(task.plan)},
    }


def _event(body: dict[str, Any], resource: str = "/tasks") -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "resource": resource,
        "path": resource,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": None,
        "requestContext": {"requestId": "simulated", "stage": "v1", "path": f"/v1{resource}"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
