"""Many tasks: how they are cut into batches, what is under way at a time, and what becomes of those refused."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from taskline.client import (
    Accepted,
    AsyncTaskline,
    ConnectionFailed,
    IdempotencyMismatch,
    NewTask,
    NotAllowed,
    NotSubmitted,
    Rejected,
    Unavailable,
    UnexpectedReply,
    ValidationFailed,
)
from taskline.client.bulk.cutting import Cutter, Item
from tests.steering.client.answers import TASK, Script, ok, problem
from tests.steering.client.both import URL
from tests.steering.client.shipped import ShippedApi
from tests.steering.client.test_lost_replies import drained, in_order, new_task, scattered

Connect = Callable[..., Any]


def batches(api: ShippedApi) -> list[list[dict[str, Any]]]:
    return [json.loads(request.content)["tasks"] for request in api.requests]


def test_outcomes_come_in_the_order_of_the_input_with_their_positions(connect: Connect) -> None:
    tasks = scattered(1000, keys=50, seed=3)
    outcomes = list(connect(ShippedApi()).submit_many(tasks))
    assert [(one.index, one.task.title) for one in outcomes] == [(n, f"{n}") for n in range(1000)]
    assert all(isinstance(one, Accepted) for one in outcomes)


def test_a_batch_has_at_most_twenty_five_tasks_and_one_mebibyte(connect: Connect) -> None:
    api = ShippedApi()
    large = {"data": {"text": "ü" * 60_000}}
    tasks = [{**new_task(n).as_document(), **(large if n % 2 else {})} for n in range(60)]
    assert all(one.accepted for one in connect(api).submit_many(tasks))
    assert all(len(request.content) <= 1024 * 1024 for request in api.requests)
    sizes = [len(one) for one in batches(api)]
    assert (max(sizes) <= 25, sum(sizes)) == (True, 60)
    assert max(len(request.content) for request in api.requests) > 900_000, "batches are filled"


def test_tasks_without_a_key_are_one_key_and_white_space_makes_no_other(connect: Connect) -> None:
    api = ShippedApi()
    keys = [None, "task-processing", " task-processing "]
    tasks = [{**new_task(n).as_document(), **({"ordering_key": key} if key else {})} for n, key in enumerate(keys)]
    assert all(one.accepted for one in connect(api).submit_many(tasks))
    assert api.titles == {"task-processing": ["0", "1", "2"]}
    assert len(api.requests) == 1


class Watched:
    """Answers batches, slowly enough that others could be under way; knows which keys were at the same time."""

    def __init__(self, api: ShippedApi) -> None:
        self.api = api
        self.under_way: list[set[str]] = []
        self.most = 0
        self.shared: set[str] = set()
        self._lock = threading.Lock()

    def enter(self, request: httpx.Request) -> set[str]:
        keys = {task["ordering_key"] for task in json.loads(request.content)["tasks"]}
        with self._lock:
            for other in self.under_way:
                self.shared |= keys & other
            self.under_way.append(keys)
            self.most = max(self.most, len(self.under_way))
        return keys

    def leave(self, keys: set[str]) -> None:
        with self._lock:
            self.under_way.remove(keys)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        keys = self.enter(request)
        time.sleep(0.002)
        try:
            return self.api(request)
        finally:
            self.leave(keys)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        keys = self.enter(request)
        await asyncio.sleep(0.002)
        try:
            return self.api(request)
        finally:
            self.leave(keys)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("in_flight", [1, 3, 16])
def test_a_key_is_in_one_batch_at_a_time_and_batches_under_way_are_bounded(kind: str, in_flight: int) -> None:
    from taskline.client import Taskline

    watched, tasks = Watched(ShippedApi()), scattered(600, keys=60, seed=in_flight)
    if kind == "sync":
        with Taskline(URL, transport=httpx.MockTransport(watched)) as client:
            count = sum(one.accepted for one in client.submit_many(tasks, in_flight=in_flight))
    else:

        async def submit() -> int:
            async with AsyncTaskline(URL, transport=httpx.MockTransport(watched.handle)) as client:
                return len([one async for one in client.submit_many(tasks, in_flight=in_flight) if one.accepted])

        count = asyncio.run(submit())
    assert count == 600
    assert watched.shared == set()
    assert 1 <= watched.most <= in_flight
    assert watched.api.titles == in_order(tasks)


def test_the_input_is_read_as_it_is_needed(connect: Connect) -> None:
    read: list[int] = []

    def endless() -> Iterator[NewTask]:
        for number in itertools.count():
            read.append(number)
            yield new_task(number, f"key-{number % 7}")

    outcomes = iter(connect(ShippedApi()).submit_many(endless()))
    assert read == [], "nothing happens before the first outcome is asked for"
    for number in range(1200):
        assert next(outcomes).index == number
        assert len(read) - number <= 801
    outcomes.close()


def test_a_submission_that_is_left_early_sends_nothing_more(connect: Connect) -> None:
    api = ShippedApi()
    outcomes = iter(connect(api).submit_many(scattered(2000, keys=50, seed=1), in_flight=2))
    next(outcomes)
    outcomes.close()
    sent = len(api.requests)
    assert sent < 40
    time.sleep(0.05)
    assert len(api.requests) == sent


def test_an_asynchronous_source_is_read_too() -> None:
    async def source() -> AsyncIterator[NewTask]:
        for number in range(40):
            await asyncio.sleep(0)
            yield new_task(number, "a-key")

    async def submit() -> list[int]:
        async with AsyncTaskline(URL, transport=httpx.MockTransport(ShippedApi())) as client:
            return [one.index async for one in client.submit_many(source())]

    assert asyncio.run(submit()) == list(range(40))


# Refused tasks


def test_a_refused_task_does_not_keep_the_others_back(connect: Connect) -> None:
    tasks = [new_task(0, "a"), {"title": ""}, new_task(2, "a"), {**new_task(3).as_document(), "data": {"x": {1}}}]
    first, second, third, fourth = connect(ShippedApi()).submit_many(tasks)
    assert (first.accepted, third.accepted) == (True, True)
    assert isinstance(second, Rejected)
    assert isinstance(second.error, ValidationFailed)
    assert {one.field for one in second.error.errors} >= {"title", "description", "priority"}
    assert (second.error.status, second.error.retryable) == (400, False)
    with pytest.raises(ValidationFailed, match="title"):
        second.raise_for_rejected()
    assert "cannot be sent as JSON" in str(fourth.error)
    assert first.raise_for_rejected() is first


@pytest.mark.parametrize(
    "poison",
    [{"data": {"text": "\0"}}, {"data": {"text": "x" * 1_100_000}}, {"data": json.loads("[" * 40 + "]" * 40)}],
    ids=["a NUL", "more than a mebibyte", "deep nesting"],
)
def test_a_task_that_spoils_its_batch_is_refused_alone(connect: Connect, poison: dict[str, Any]) -> None:
    api = ShippedApi()
    tasks: list[Any] = [new_task(n, "a") for n in range(30)]
    tasks[11] = {**new_task(11, "a").as_document(), **poison}
    outcomes = list(connect(api).submit_many(tasks, idempotency_prefix="p"))
    assert [one.index for one in outcomes if not one.accepted] == [11]
    assert api.titles == {"a": [f"{n}" for n in range(30) if n != 11]}
    again = list(connect(api).submit_many(tasks, idempotency_prefix="p"))
    assert [one.index for one in again if not one.accepted] == [11]
    assert len(api.store.records) == 29


def test_behind_a_task_that_could_not_be_queued_nothing_of_its_key_is_sent(connect: Connect) -> None:
    api = ShippedApi()
    api.store.refuses = lambda record: '"title":"30"' in record.body
    tasks = [new_task(n, "a" if n % 2 == 0 else "b") for n in range(200)]
    outcomes = list(connect(api).submit_many(tasks, idempotency_prefix="p"))
    assert [one.index for one in outcomes] == list(range(200))
    of_a = outcomes[::2]
    assert [one.index for one in of_a if one.accepted] == list(range(0, 30, 2))
    assert isinstance(of_a[15].error, Unavailable)
    assert isinstance(of_a[-1].error, NotSubmitted)
    assert all(one.error.retryable for one in of_a[15:])
    assert all(one.accepted for one in outcomes[1::2]), "other lanes go on"
    api.store.refuses = lambda _: False
    assert all(one.accepted for one in connect(api).submit_many(tasks, idempotency_prefix="p"))
    assert api.titles == in_order(tasks)


# What ends a submission


def test_without_permission_it_ends_and_nothing_else_is_sent(connect: Connect) -> None:
    script = Script(problem(403))
    outcomes, error = drained(connect(script).submit_many(scattered(5000, keys=50, seed=1), in_flight=4))
    assert isinstance(error, NotAllowed)
    assert len(script.requests) <= 4
    assert {type(one.error) for one in outcomes} == {NotAllowed}


def test_what_is_known_is_handed_out_before_the_error(connect: Connect) -> None:
    api = ShippedApi()

    def lost_for_b(request: httpx.Request) -> httpx.Response:
        if '"ordering_key":"b"' in request.content.decode():
            raise httpx.ConnectError("refused")
        return api(request)

    tasks = [new_task(n, "b" if n == 3 else "a") for n in range(10)]
    outcomes, error = drained(connect(lost_for_b).submit_many(tasks, in_flight=2))
    assert isinstance(error, ConnectionFailed)
    assert [one.index for one in outcomes] == list(range(10))
    assert [one.index for one in outcomes if not one.accepted] == [3]


def test_an_error_of_the_source_is_raised_after_what_was_sent(connect: Connect) -> None:
    def source() -> Iterator[NewTask]:
        yield from (new_task(n, "a") for n in range(25))
        raise OSError("the disk is gone")

    outcomes = iter(connect(ShippedApi()).submit_many(source()))
    assert [next(outcomes).index for _ in range(25)] == list(range(25))
    with pytest.raises(OSError, match="the disk is gone"):
        next(outcomes)


def test_other_tasks_under_the_same_prefix_are_refused(connect: Connect) -> None:
    api = ShippedApi()
    list(connect(api).submit_many([new_task(1)], idempotency_prefix="p"))
    with pytest.raises(IdempotencyMismatch):
        list(connect(api).submit_many([new_task(2)], idempotency_prefix="p"))
    assert len(api.store.records) == 1


def test_a_reply_with_too_few_results_is_not_believed(connect: Connect) -> None:
    script = Script(ok({"results": [{"status": 202, "task": TASK}]}, 207))
    with pytest.raises(UnexpectedReply, match="1 results for 2 tasks"):
        list(connect(script).submit_many([new_task(1), new_task(2)]))


def test_a_named_batch_is_sent_with_each_request_and_found_in_the_outcome(connect: Connect) -> None:
    script = Script(ok({"batch_id": "import-7", "results": [{"status": 202, "task": TASK}]}, 207))
    (outcome,) = connect(script).submit_many([new_task(1)], batch_id="import-7")
    assert (outcome.batch_id, script.bodies[0]["batch_id"]) == ("import-7", "import-7")


@pytest.mark.parametrize("wrong", [{"in_flight": 0}, {"in_flight": 17}, {"idempotency_prefix": "x" * 236}])
def test_wrong_settings_are_refused_at_once(connect: Connect, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"in_flight|prefix"):
        connect(Script(problem(503))).submit_many([], **wrong)


def test_no_tasks_are_no_requests(connect: Connect) -> None:
    script = Script(problem(503))
    assert list(connect(script).submit_many([])) == []
    assert script.requests == []


def test_the_same_tasks_are_cut_as_they_always_were() -> None:
    """Who repeats a submission relies on it, also with a later version: see the module's docstring."""
    cutter, found = Cutter(), []
    for index in range(1000):
        found += cutter.add(Item(index=index, body=b"x" * (1 + index % 3 * 40_000), ordering_key=f"key-{index % 23}"))
    found += cutter.rest()
    shape = [(batch.lane, batch.index, len(batch.items)) for batch in found]
    assert sum(count for _, _, count in shape) == 1000
    assert shape[:3] == [(3, 5, 25), (9, 6, 25), (15, 7, 24)]
    assert hashlib.sha256(repr(shape).encode()).hexdigest()[:16] == "f0b7ddb79474fc17"
