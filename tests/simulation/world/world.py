"""The world of one run: queue, dead-letter queue and table in memory, and a journal of everything that matters."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.world.fifo import InMemoryFifo
from tests.simulation.world.table import InMemoryTable

MAX_RECEIVE_COUNT = 5
OPERATOR = "an operator"
CANCELLER = "a client that cancels"
OTHER_TITLE = "another payload"
"""The title of a payload that reuses another request's idempotency key."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A run of a task type's function: the work that must not be lost, reordered, or done without need."""

    task_id: str
    ordering_key: str
    execution: str
    writes: int
    """How many writes to records came before it."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write to a task's record that took effect, and which execution made it."""

    task_id: str
    status: str
    execution: str
    lease_until: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """An operator's call that was answered 202: what it says was redriven, in that order."""

    task_ids: tuple[str, ...]
    began_at: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A task that a client was answered 202 for.

    `tried` and `answered` are moments (`World.moment`): when it was first handed in, and first answered 202. `request`
    names what it was handed in with, `place` says where in it.
    """

    task_id: str
    ordering_key: str
    plan: tuple[str, ...]
    tried: int
    answered: int
    request: str
    place: int

    def came_before(self, other: "Accepted") -> bool:
        """Whether its client could know that it comes first: it was answered before the other was handed in."""
        if self.request == other.request:
            return self.place < other.place
        return self.answered < other.tried


@dataclass(kw_only=True)
class Journal:
    """What happened, in order."""

    accepted: list[Accepted] = field(default_factory=list[Accepted])
    effects: list[Effect] = field(default_factory=list[Effect])
    writes: list[Write] = field(default_factory=list[Write])
    redriven: list[Redriven] = field(default_factory=list[Redriven])
    tried: dict[str, int] = field(default_factory=dict[str, int])
    answers: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The ids that clients were told for each title of a task: a title is a client's own name for it."""
    astonished: list[str] = field(default_factory=list[str])
    """Answers that no client can make sense of."""
    cancelled: set[str] = field(default_factory=set[str])
    """Tasks whose cancellation was answered with 200."""


class World:
    """State that outlives executions; `now` is the virtual clock."""

    def __init__(self, now: Callable[[], float], visibility_timeout: float) -> None:
        self.now = now
        self.clients = 0
        self.running_execution = ""
        self.operators = 0
        self._executions = 0
        self._moments = itertools.count(1)
        self.journal = Journal()
        self.table = InMemoryTable()
        self.dead_letters = InMemoryFifo(now)
        self.queue = InMemoryFifo(now, visibility_timeout, MAX_RECEIVE_COUNT, self.dead_letters)

    def update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem, as the state machine calls it, with every effective write in the journal."""
        answer = self.table.update_item(request)
        task_id = request["Key"]["task_id"]["S"]
        values = request["ExpressionAttributeValues"]
        item = self.table.items[task_id]
        self.journal.writes.append(
            Write(
                task_id=task_id,
                status=item["status"]["S"],
                execution=values[":execution"]["S"],
                lease_until=int(item["lease_until"]["N"]) / 1000,
                at=self.now(),
            )
        )
        return answer

    def mark(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem, as redrive and cancelling call it; a change of status goes into the journal."""
        answer = self.table.update_item(request)
        task_id = request["Key"]["task_id"]["S"]
        if ":entry" in request["ExpressionAttributeValues"]:
            status = self.table.items[task_id]["status"]["S"]
            by = CANCELLER if status == "cancelled" else OPERATOR
            self.journal.writes.append(
                Write(task_id=task_id, status=status, execution=by, lease_until=0, at=self.now())
            )
        return answer

    def send_dead_letter(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendMessage to the dead-letter queue, as the state machine calls it."""
        body = request["MessageBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        return {
            "MessageId": self.dead_letters.send(text, request["MessageGroupId"], request["MessageDeduplicationId"])
        }

    def now_ns(self) -> int:
        """The virtual clock as `time.time_ns` tells it."""
        return int(self.now() * 1e9)

    @property
    def all_posted(self) -> bool:
        """Whether every client has done what it wanted."""
        return not self.clients

    def moment(self) -> int:
        """A number that grows with every call: what happens at one virtual time still happens one by one."""
        return next(self._moments)

    def is_settled(self) -> bool:
        """Whether nothing is left to do."""
        return self.all_posted and not self.queue.messages and not self.operators

    def next_execution(self) -> int:
        """The number of the execution that starts now."""
        self._executions += 1
        return self._executions

    def record(self, task_id: str) -> dict[str, Any]:
        """A task's record without DynamoDB's type names on the top level; empty when there is none."""
        item = self.table.items.get(task_id, {})
        return {name: next(iter(value.values())) for name, value in item.items()}
