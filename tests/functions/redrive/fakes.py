"""Redrive in memory: a clock that advances only with calls, dead letters as the test gives them, and records."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.adapters.dead_letters import read_dead_letter
from functions.tasks.model import Status
from functions.tasks.redrive.dead_letters import DeadLetter, Received
from functions.tasks.redrive.many import BulkRedrive
from functions.tasks.redrive.model import RedriveReport, RedriveRequest
from functions.tasks.redrive.one import redrive_one
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.redrive.state import KeysPage, Mark, TaskState
from functions.tasks.redrive.sweep import Sweep
from tests.functions.fakes import FakeQueue

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FRESH = timedelta(days=4)


def a_received(body: Any, **changes: Any) -> Received:
    """A message of the dead-letter queue: text unchanged, anything else as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    message = Received(message_id="dead-1", receipt="r", group="dead-group", sent_at=NOON, body=text)
    return replace(message, **changes)


def a_dead_letter(**changes: Any) -> dict[str, Any]:
    """The body that the state machine sends when a task has failed."""
    message = {"messageId": "first-1", "body": "{}"}
    return {"task_id": "a", "error": {"message": "no route"}, "attempts": 3, "message": message} | changes


def a_state(**changes: Any) -> TaskState:
    state = TaskState(
        task_id="a", ordering_key="k", status=Status.QUEUED, type="t", created_at="2026-01-31T12:00:00.000Z"
    )
    return replace(state, **changes)


class Clock:
    """Advances only with calls."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeDeadLetters:
    """`DeadLetters` in memory: one batch per call; each call takes a second."""

    clock: Clock
    batches: list[list[Received]] = field(default_factory=list[list[Received]])
    deleted: list[str] = field(default_factory=list[str])
    released: list[str] = field(default_factory=list[str])

    def receive(self) -> Sequence[DeadLetter]:
        self.clock.now += SECOND
        return [read_dead_letter(received) for received in self.batches.pop(0)] if self.batches else []

    def delete(self, received: Received) -> None:
        self.clock.now += SECOND
        self.deleted.append(received.receipt)

    def release(self, received: Received) -> None:
        self.clock.now += SECOND
        self.released.append(received.receipt)


@dataclass
class FakeTasks:
    """`FailedTasks` in memory; each mark takes a second."""

    clock: Clock
    known: dict[str, TaskState] = field(default_factory=dict[str, TaskState])

    def of_key(self, ordering_key: str) -> Iterator[TaskState]:
        failed = [state for state in self.known.values() if state.status is Status.FAILED or state.unsettled]
        return iter([state for state in failed if state.ordering_key == ordering_key])

    def keys(self, page: str | None) -> KeysPage:
        keys = {state.ordering_key for state in self.known.values() if state.status is Status.FAILED}
        return KeysPage(keys=tuple(sorted(keys)), next_page=None)

    def states(self, task_ids: Collection[str]) -> Mapping[str, TaskState]:
        return {task_id: self.known[task_id] for task_id in task_ids if task_id in self.known}

    def mark(self, state: TaskState, now: datetime) -> Mark | None:
        self.clock.now += SECOND
        self.known[state.task_id] = replace(state, status=Status.QUEUED, redrives=state.redrives + 1)
        return self.interrupted(state.task_id)

    def interrupted(self, task_id: str) -> Mark | None:
        state = self.known[task_id]
        return Mark(
            task_id=task_id, ordering_key=state.ordering_key, tenant=None, body=task_id, redrives=state.redrives
        )

    def settle(self, mark: Mark) -> None:
        """Nothing to do."""


class Redrive:
    """Redrives with fakes. `batches` is what the dead-letter queue returns, call by call."""

    def __init__(self, *batches: list[Received], known: Sequence[TaskState] = ()) -> None:
        self.clock = Clock()
        self.dead_letters = FakeDeadLetters(self.clock, list(batches))
        self.tasks = FakeTasks(self.clock, {state.task_id: state for state in known})
        self.queue = FakeQueue()
        self._redriver = Redriver(tasks=self.tasks, queue=self.queue, now=self.clock)

    def sweep(self) -> Sweep:
        """A new sweep of the dead-letter queue."""
        return Sweep(dead_letters=self.dead_letters, tasks=self.tasks, now=self.clock, fresh_for=FRESH)

    def one(self, task_id: str) -> RedriveReport:
        """POST /tasks/{task_id}/redrive."""
        return redrive_one(task_id, self._redriver, self.sweep(), self.clock)

    def many(self, **request: Any) -> RedriveReport:
        """POST /redrive."""
        return BulkRedrive(RedriveRequest(**request), self._redriver, self.sweep(), self.clock).run()

    @property
    def sent(self) -> list[str]:
        """The deduplication ids of what was sent."""
        return [message["deduplication_id"] for message in self.queue.sent]
