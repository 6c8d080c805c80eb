"""Who posts in a run, as fibers: a client that posts each task once, and careful ones that send again with a key."""

import json
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from asl import Sleep
from functions import validator
from tests.simulation.actors.calls import LambdaContext
from tests.simulation.actors.stepped import Died, Fiber, Stepped
from tests.simulation.world.faults import Faults
from tests.simulation.world.world import OTHER_TITLE, Accepted, World

_CALLERS = ("a caller", "another caller")


@dataclass(frozen=True, kw_only=True)
class Post:
    """One task that a client will hand in: after which pause, for which key, and how its function will behave."""

    title: str
    pause: float
    ordering_key: str
    plan: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client hands in at once: one task, or a batch. Two requests of different callers share each key."""

    number: int
    posts: tuple[Post, ...]

    @property
    def name(self) -> str:
        """Which request of the run it is."""
        return f"request {self.number}"

    @property
    def headers(self) -> dict[str, str]:
        """With an idempotency key that another caller uses as well."""
        return {"Content-Type": "application/json", "Idempotency-Key": f"key-{self.number // 2}"}

    @property
    def caller(self) -> str:
        """The id of the caller's API key."""
        return _CALLERS[self.number % 2]


def client(world: World, posts: Sequence[Post]) -> Fiber:
    """Post the tasks one after the other, and note which were accepted."""
    for number, post in enumerate(posts):
        yield Sleep(post.pause)
        world.journal.tried[post.title] = world.moment()
        answer = validator.handler(_event(_task(post)), LambdaContext())  # pyright: ignore[reportArgumentType]
        if answer["statusCode"] == 202:
            _accepted(world, Request(number=number, posts=(post,)), 0, json.loads(answer["body"])["task_id"])
        elif answer["statusCode"] != 503:
            raise AssertionError(f"a good task was answered with {answer}")
    world.clients -= 1


def in_requests(posts: Sequence[Post], rng: random.Random) -> list[Request]:
    """The posts in their order, some alone and some together."""
    requests: list[Request] = []
    left = list(posts)
    while left:
        size = rng.choice((1, 1, 2, 3))
        requests.append(Request(number=len(requests), posts=tuple(left[:size])))
        left = left[size:]
    return requests


def careful_client(world: World, faults: Faults, rng: random.Random, requests: Sequence[Request]) -> Fiber:
    """Hand the requests in, each again and again until it is accepted or the client's patience is at its end."""
    for request in requests:
        yield Sleep(request.posts[0].pause)
        for post in request.posts:
            world.journal.tried.setdefault(post.title, world.moment())
        for _ in range(rng.randint(1, 6)):
            yield from _hand_in(world, faults, rng, request)
            if _is_accepted(world, request) and rng.random() < 0.6:
                break
            yield Sleep(rng.choice((0.01, 0.5, 20.0, 400.0)))
        if _is_accepted(world, request) and rng.random() < 0.3:
            yield from _misuse(world, faults, rng, request)
    world.clients -= 1


def _is_accepted(world: World, request: Request) -> bool:
    return all(post.title in world.journal.answers for post in request.posts)


def _hand_in(world: World, faults: Faults, rng: random.Random, request: Request) -> Fiber:
    alone = len(request.posts) == 1
    tasks = [_task(post) for post in request.posts]
    event = _event(tasks[0]) if alone else _event({"tasks": tasks}, "/tasks/batch")
    answer = yield from _call(world, faults, rng, event, request)
    if answer is None or answer["statusCode"] == 503:
        return
    document = json.loads(answer["body"])
    results = [{"status": answer["statusCode"], "task": document}] if alone else document.get("results", [])
    if not results:
        world.journal.astonished.append(f"the good {request.name} was answered with {answer}")
    for place, result in enumerate(results):
        if result["status"] == 202:
            _accepted(world, request, place, result["task"]["task_id"])
        elif result["status"] != 503:
            world.journal.astonished.append(f"a good task of {request.name} was answered with {result}")


def _misuse(world: World, faults: Faults, rng: random.Random, request: Request) -> Fiber:
    """Send something else with the key of a request that was accepted."""
    another = {**_task(request.posts[0]), "title": OTHER_TITLE}
    event = rng.choice((_event(another), _event({"tasks": [another]}, "/tasks/batch")))
    answer = yield from _call(world, faults, rng, event, request)
    if answer is not None and answer["statusCode"] not in (422, 503):
        world.journal.astonished.append(f"another payload with the key of {request.name} was answered with {answer}")


def _call(
    world: World, faults: Faults, rng: random.Random, event: dict[str, Any], request: Request
) -> Generator[Any, Any, dict[str, Any] | None]:
    """One request to the real handler; None when it died before it could answer, or its answer was lost."""
    event["headers"] = request.headers
    event["requestContext"]["identity"] = {"apiKeyId": request.caller}

    def pause() -> float:
        if faults.crash_after(world.now()) is not None and rng.random() < 0.3:
            raise Died
        return rng.choice((0.001, 0.004, 0.02, 0.3))

    work = Stepped(lambda: validator.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    return (yield from work.fiber())


def _accepted(world: World, request: Request, place: int, task_id: str) -> None:
    post = request.posts[place]
    known = world.journal.answers.setdefault(post.title, set())
    if not known:
        accepted = Accepted(
            task_id=task_id,
            ordering_key=post.ordering_key,
            plan=post.plan,
            tried=world.journal.tried[post.title],
            answered=world.moment(),
            request=request.name,
            place=place,
        )
        world.journal.accepted.append(accepted)
    known.add(task_id)


def _task(post: Post) -> dict[str, Any]:
    return {
        "title": post.title,
        "description": "simulated",
        "priority": "low",
        "type": "simulated",
        "ordering_key": post.ordering_key,
        "data": {"plan": list(post.plan)},
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
