"""Batches: cut the same way each time, in order for each key, sent again until they are answered."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from taskline.cli.basis.batches import Answer, Retry
from taskline.cli.intake.batches import BATCH_BYTES, BATCH_TASKS, LANES, Batch, Packer, lane_of
from taskline.cli.intake.lines import Line
from taskline.cli.intake.sender import GaveUp, Outcome, Sender


def line(number: int, key: str = "k", size: int = 0) -> Line:
    task = {"title": f"{number}", "ordering_key": key, "data": {"x": "x" * size}}
    return Line(number=number, size=10, text="", task=task)


def file(count: int, keys: int, seed: int = 1) -> list[Line]:
    chance = random.Random(seed)
    return [line(number, f"key-{chance.randrange(keys)}") for number in range(1, count + 1)]


def cut(lines: Sequence[Line]) -> list[Batch]:
    packer = Packer()
    full = [batch for one in lines if (batch := packer.add(one))]
    return [*full, *packer.rest()]


class Api:
    """Accepts tasks as the API does: with the same key a batch is the same tasks, and each task is accepted once."""

    def __init__(self) -> None:
        self.accepted: dict[str, list[str]] = defaultdict(list)
        self.batches: dict[str, list[str]] = {}
        self.failures: list[Exception] = []
        self.most = self.under_way = 0

    async def send(self, tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.failures:
            raise self.failures.pop()
        titles = [task["title"] for task in tasks]
        replayed = key in self.batches
        assert self.batches.setdefault(key, titles) == titles, "the same key, and another payload"
        if not replayed:
            for task in tasks:
                self.accepted[task["ordering_key"]].append(task["title"])
        return [(f"id-{title}", replayed, {}) for title in titles]


class Run:
    """A sender, and what it acknowledged."""

    def __init__(
        self,
        api: Any,
        done: Sequence[int] = (0,) * LANES,
        in_flight: int = 4,
        retry_for: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = list(done)
        self.outcomes: list[Outcome] = []
        self.sender = Sender(
            api,
            self._acknowledge,
            digest="d" * 64,
            done=done,
            in_flight=in_flight,
            retry_for=retry_for,
            clock=clock,
        )
        self.stop_after = 10**9

    def _acknowledge(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        self.done[batch.lane] = batch.number + 1
        self.outcomes += outcomes
        if len(self.outcomes) >= self.stop_after:
            self.sender.stop()

    def __call__(self, lines: Sequence[Line]) -> None:
        asyncio.run(self.sender.run(lines))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskline.cli.intake.sender.FIRST_PAUSE", 0.001)


def test_a_batch_has_25_tasks_of_one_lane_at_most() -> None:
    batches = cut(file(1000, keys=50))
    assert max(len(batch.lines) for batch in batches) == BATCH_TASKS
    assert all(lane_of(one) == batch.lane for batch in batches for one in batch.lines)
    assert sorted(one.number for batch in batches for one in batch.lines) == list(range(1, 1001))


def test_large_tasks_make_small_batches() -> None:
    batches = cut([line(number, size=190_000) for number in range(20)])
    assert all(sum(190_000 for _ in batch.lines) < BATCH_BYTES for batch in batches)
    assert sum(len(batch.lines) for batch in batches) == 20


def test_the_same_file_is_cut_in_the_same_way_and_no_two_batches_have_the_same_key() -> None:
    lines = file(2000, keys=50)
    assert cut(lines) == cut(lines)
    assert len({batch.key("d") for batch in cut(lines)}) == len(cut(lines))


def test_each_key_keeps_its_order_while_several_batches_are_under_way() -> None:
    api = Api()
    lines = file(3000, keys=50)
    run = Run(api.send)
    run(lines)
    assert 1 < api.most <= 4
    for key, titles in api.accepted.items():
        assert titles == [f"{one.number}" for one in lines if one.ordering_key == key]
    assert len(run.outcomes) == 3000
    assert run.sender.safe_before(3000) == 3000


@pytest.mark.parametrize("stop_after", [1, 26, 500, 1500])
def test_stopped_anywhere_and_continued_each_task_is_accepted_once_and_in_order(stop_after: int) -> None:
    api, lines = Api(), file(2000, keys=20)
    first = Run(api.send)
    first.stop_after = stop_after
    first(lines)
    assert first.sender.stopped
    assert sum(map(len, api.accepted.values())) < 2000
    second = Run(api.send, done=first.done)
    second(lines)
    assert len(first.outcomes) + len(second.outcomes) == 2000
    for key, titles in api.accepted.items():
        assert titles == [f"{one.number}" for one in lines if one.ordering_key == key]


def test_what_was_sent_and_not_noted_is_sent_again_as_the_same_tasks() -> None:
    """A process that is killed may have noted nothing of its last batches."""
    api, lines = Api(), file(500, keys=5)
    Run(api.send)(lines)
    again = Run(api.send)
    again(lines)
    assert sum(map(len, api.accepted.values())) == 500
    assert all(one.replayed for one in again.outcomes)


def test_the_safe_line_is_before_the_first_that_is_not_acknowledged() -> None:
    api, lines = Api(), file(1000, keys=30)
    run = Run(api.send)
    run.stop_after = 300
    run(lines)
    known = {one.line.number for one in run.outcomes}
    safe = run.sender.safe_before(1000)
    assert set(range(1, safe + 1)) <= known
    assert safe + 1 not in known


def test_a_batch_that_is_not_answered_is_sent_again() -> None:
    api = Api()
    api.failures = [Retry("no answer"), Retry("too many requests", after=0.01)]
    run = Run(api.send)
    run(file(100, keys=3))
    assert sum(map(len, api.accepted.values())) == 100


def test_a_task_whose_answer_was_lost_was_not_known_already() -> None:
    api, lost = Api(), [True]

    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        answers = await api.send(tasks, key)
        if lost:
            lost.clear()
            raise Retry("no answer")
        return answers

    run = Run(send)
    run(file(10, keys=1))
    assert [one.replayed for one in run.outcomes] == [False] * 10


def test_a_batch_of_which_one_task_could_not_be_queued_is_sent_again_as_a_whole() -> None:
    seen: list[int] = []

    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        seen.append(len(tasks))
        problem = {"status": 503} if len(seen) == 1 else {}
        return [(task["title"], False, problem if task["title"] == "2" else {}) for task in tasks]

    run = Run(send)
    run([line(number) for number in (1, 2, 3)])
    assert seen == [3, 3]
    assert all(one.accepted for one in run.outcomes)


def test_a_refused_task_is_an_outcome_and_the_others_are_accepted() -> None:
    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        return [(task["title"], False, {"status": 400} if task["title"] == "2" else {}) for task in tasks]

    run = Run(send)
    run([line(number) for number in (1, 2, 3)])
    assert [one.accepted for one in run.outcomes] == [True, False, True]


def test_an_api_that_never_answers_ends_the_run() -> None:
    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        raise Retry("no answer")

    with pytest.raises(GaveUp, match=r"Line 1 and those behind it .* no answer"):
        Run(send, retry_for=0)(file(100, keys=1))


def test_one_slow_batch_is_not_given_up_while_others_are_answered() -> None:
    """The clock is the number of times that the slow batch was sent; each of the others takes one of these times."""
    api, sent = Api(), [0]

    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        before = sent[0]
        if tasks[0]["ordering_key"] == "slow" and len(api.batches) < 40:
            sent[0] += 1
            raise Retry("no answer", after=0.001)
        while len(api.batches) < 40 and sent[0] == before:
            await asyncio.sleep(0.001)
        return await api.send(tasks, key)

    lines = [line(number, "slow" if number <= 30 else "quick") for number in range(1, 1102)]
    assert lane_of(lines[0]) != lane_of(lines[-1])
    Run(send, retry_for=10, clock=lambda: sent[0])(lines)
    assert sum(map(len, api.accepted.values())) == 1101
    assert sent[0] > 10, "alone it would have been given up"


def test_a_failure_that_repeating_does_not_mend_ends_the_run_after_what_is_under_way() -> None:
    api = Api()

    async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
        if tasks[0]["ordering_key"] == "key-1":
            raise PermissionError("not allowed")
        return await api.send(tasks, key)

    run = Run(send)
    with pytest.raises(PermissionError):
        run(file(1000, keys=4))
    assert len(run.outcomes) == sum(map(len, api.accepted.values())), "what was accepted is acknowledged"


def test_what_was_read_before_a_broken_end_of_the_file_is_submitted() -> None:
    api = Api()

    def lines() -> Any:
        yield from file(60, keys=1)
        raise ValueError("the end is missing")

    with pytest.raises(ValueError, match="the end is missing"):
        Run(api.send)(lines())
    assert sum(map(len, api.accepted.values())) == 50, "two full batches; a batch that was cut short would be another"
