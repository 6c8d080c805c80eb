"""A line that loses requests and replies: against the shipped intake, nothing is doubled and no order is lost."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from taskline.client import NewTask, TasklineError
from tests.steering.client.shipped import ShippedApi

Connect = Callable[..., Any]
PATIENT: dict[str, Any] = {"retries": 60, "timeout": 10_000}


def seeds(count: int) -> list[Any]:
    """A few for every edit, some more for `make check`, all for `make nightly`."""
    tier = [[], [pytest.mark.check], [pytest.mark.nightly]]
    return [pytest.param(seed, marks=tier[min(seed // 3, 2)]) for seed in range(count)]


def new_task(number: int, key: str | None = None) -> NewTask:
    return NewTask(title=f"{number}", description="A description", priority="low", ordering_key=key)


def drained(outcomes: Iterable[Any]) -> tuple[list[Any], TasklineError | None]:
    """All outcomes, and the error after them."""
    found: list[Any] = []
    try:
        for outcome in outcomes:
            found.append(outcome)
    except TasklineError as error:
        return found, error
    return found, None


def scattered(count: int, keys: int, seed: int) -> list[NewTask]:
    chance = random.Random(seed)
    return [new_task(number, f"key-{chance.randrange(keys)}") for number in range(count)]


def in_order(tasks: list[NewTask]) -> dict[str, list[str]]:
    """The titles of each key as the input has them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for task in tasks:
        found[task.ordering_key or ""].append(task.title)
    return found


@pytest.mark.parametrize("seed", seeds(60))
def test_a_task_is_made_once_however_often_its_reply_is_lost(connect: Connect, seed: int) -> None:
    api = ShippedApi(faults=0.6, seed=seed)
    client = connect(api, **PATIENT)
    made = [client.submit(new_task(number, "a-key")) for number in range(8)]
    assert [one.task.title for one in made] == list("01234567")
    assert len({one.task_id for one in made}) == len(api.store.records) == 8
    assert api.titles == {"a-key": list("01234567")}


@pytest.mark.parametrize("seed", seeds(60))
def test_many_tasks_keep_the_order_of_each_key_over_a_bad_line(connect: Connect, seed: int) -> None:
    api = ShippedApi(faults=0.5, seed=seed)
    tasks = scattered(200, keys=1 + seed % 12, seed=seed)
    outcomes = list(connect(api, **PATIENT).submit_many(tasks, in_flight=1 + seed % 5))
    assert [one.index for one in outcomes] == list(range(200))
    assert [one.task.title for one in outcomes] == [task.title for task in tasks]
    assert len(api.store.records) == 200
    assert api.titles == in_order(tasks)


@pytest.mark.parametrize("seed", seeds(40))
def test_a_submission_that_gave_up_is_completed_by_the_same_one(connect: Connect, seed: int) -> None:
    """With few retries much is left undone: the same submission again, as often as needed, does all of it once."""
    api = ShippedApi(faults=0.5, seed=seed)
    tasks = scattered(150, keys=1 + seed % 12, seed=seed)
    for _ in range(200):
        outcomes, error = drained(
            connect(api, retries=1).submit_many(tasks, idempotency_prefix="import-7", in_flight=3)
        )
        assert error is None or error.retryable
        assert [one.index for one in outcomes] == sorted({one.index for one in outcomes})
        assert all(one.accepted or one.error.retryable for one in outcomes)
        if len(outcomes) == 150 and all(one.accepted for one in outcomes):
            break
    else:
        pytest.fail("it must come to an end")
    assert len(api.store.records) == 150
    assert api.titles == in_order(tasks), "what was left undone did not let anything behind it pass"


def test_a_repeated_submission_changes_nothing(connect: Connect) -> None:
    api = ShippedApi()
    tasks = scattered(900, keys=40, seed=1)
    first = list(connect(api).submit_many(tasks, idempotency_prefix="import-7", in_flight=2))
    again = list(connect(api).submit_many(iter(tasks), idempotency_prefix="import-7", in_flight=16))
    assert [one.task_id for one in first] == [one.task_id for one in again]
    assert {one.replayed for one in first} == {False}
    assert {one.replayed for one in again} == {True}
    assert len(api.store.records) == 900
