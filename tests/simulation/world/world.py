"""The world of one run: queue, dead-letter queue and table in memory, and a journal of what the promises are about."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.model import DEFAULT_ORDERING_KEY
from functions.tasks.tenancy import message_group
from testing.services.fifo import InMemoryFifo
from testing.services.gate_table import InMemoryGates, InMemoryTables
from testing.services.table import InMemoryTable
from tests.simulation.world.executions import SimulatedExecutions
from tests.simulation.world.gates import GateWatch
from tests.simulation.world.lanes import RememberingFifo, SimulatedLanes

MAX_RECEIVE_COUNT = 1000
"""SQS gives up after three days of deliveries, unless each takes hours; see `receives_before_giving_up`."""
OPERATOR = "an operator"
CANCELLER = "a client that cancels"
GATE = "a gate"
"""Who parks tasks, and releases them."""
OTHER_TITLE = "another payload"
"""The title of a payload that reuses another request's idempotency key."""


MakeLanes = Callable[[Callable[[], RememberingFifo]], SimulatedLanes]
"""Makes the lanes of a schedule in which their number changes, from what makes a queue."""

Change = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""A record before and after a write, as the table's stream has it; None for none."""


def short_name(execution: str) -> str:
    """An execution's run, which a lease has; releases before had its name as well, or its whole ARN."""
    return execution.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A run of the task type's function: work that must not be lost, reordered or repeated needlessly."""

    task_id: str
    ordering_key: str
    execution: str
    writes: int
    """How many writes to records preceded it."""


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A token that a task's function has passed on, and how its worker's run will end."""

    task_id: str
    token: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write to a task's record that took effect, and the execution that made it."""

    task_id: str
    status: str
    execution: str
    lease_until: float
    at: float


@dataclass(frozen=True, kw_only=True)
class RedriveCall:
    """An operator's call that returned 202: the tasks that it reported as redriven, in that order."""

    task_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A task for which a client received a 202.

    `first_submitted` and `first_accepted` are moments (`World.next_moment`). `request` names the request that held the
    task, `position` is the task's position in it.
    """

    task_id: str
    ordering_key: str
    plan: tuple[str, ...]
    first_submitted: int
    first_accepted: int
    request: str
    position: int
    caller: str
    halts: bool = False
    """Whether its failure halts its key."""
    takes_long: bool = False
    """Whether it is handed over to the machine for tasks that take long."""

    @property
    def queue(self) -> tuple[str, str]:
        """What it waits in line for: the ordering key of its client."""
        return self.caller, self.ordering_key

    def precedes(self, other: "Accepted") -> bool:
        """Whether its client could know that it comes first: it was accepted before the other was submitted."""
        if self.request == other.request:
            return self.position < other.position
        return self.first_accepted < other.first_submitted


@dataclass(kw_only=True)
class Journal:
    """What happened, in order."""

    accepted: list[Accepted] = field(default_factory=list[Accepted])
    effects: list[Effect] = field(default_factory=list[Effect])
    writes: list[Write] = field(default_factory=list[Write])
    redrive_calls: list[RedriveCall] = field(default_factory=list[RedriveCall])
    first_submitted: dict[str, int] = field(default_factory=dict[str, int])
    """The moment at which each title was first submitted: a client names its tasks by their titles."""
    accepted_ids: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The ids that clients received for each title."""
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    """The failed tasks that an operator skipped, with how many writes to records preceded the first time."""
    started: dict[str, int] = field(default_factory=dict[str, int])
    """The moment at which each execution started."""
    stuck: list[str] = field(default_factory=list[str])
    """What was wrong with gates when nothing moved any more."""
    unexpected_responses: list[str] = field(default_factory=list[str])
    cancelled: set[str] = field(default_factory=set[str])
    """Tasks whose cancellation returned 200."""
    submitted_by: dict[str, str] = field(default_factory=lambda: {OTHER_TITLE: "whoever reuses a key"})
    """The caller that submits each title."""
    cancelled_by_owner: set[str] = field(default_factory=set[str])
    """Tasks that the client that submitted them tried to cancel."""
    unordered: set[str] = field(default_factory=set[str])
    """The titles of the tasks that have no order: submitted without a key where such tasks wait for no other."""
    leaks: list[str] = field(default_factory=list[str])
    """What a client saw of another's tasks, or did not see of its own."""
    groups: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The titles of the messages that were sent to each message group."""
    idempotency_keys: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Every caller with each key that it sent."""


class World:
    """State that outlives executions; `now` is the virtual clock."""

    def __init__(
        self,
        now: Callable[[], float],
        visibility_timeout: float,
        max_receive_count: int = MAX_RECEIVE_COUNT,
        make_lanes: MakeLanes | None = None,
    ) -> None:
        self.now = now
        self.ordering = DefaultOrdering.ONE_KEY
        self.active_clients = 0
        self.active_operators = 0
        self.running_execution = ""
        self._executions = 0
        self._moments = itertools.count(1)
        self.journal = Journal()
        self.changes: list[Change] = []
        self.changed_at: list[float] = []  # the moment of each
        self.table = InMemoryTable(self._remember)
        self.changed_gates: list[str] = []
        """The message groups whose gates have changed, for the stream."""
        self.gates = InMemoryGates(self._remember_gate)
        self.executions = SimulatedExecutions(now)
        self.handed: list[Handed] = []
        """Tokens that no worker has taken yet."""
        self.gate_watch = GateWatch(self.gates, self.record, self.next_moment)
        self.machine_tables = InMemoryTables(self.table, self.gates, self.update_from_machine)
        self.handler_tables = InMemoryTables(self.table, self.gates, self.update_from_handler)
        self.gatekeeper_tables = InMemoryTables(self.table, self.gates, self.update_from_gatekeeper)
        self.dead_letters = InMemoryFifo(now)

        def queue() -> RememberingFifo:
            return RememberingFifo(now, visibility_timeout, max_receive_count, self.dead_letters)

        self.lanes = make_lanes(queue) if make_lanes else None
        self.queue: Any = self.lanes or InMemoryFifo(now, visibility_timeout, max_receive_count, self.dead_letters)

    def _remember(self, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        self.changes.append((before, after))
        self.changed_at.append(self.now())

    def _remember_gate(self, keys: dict[str, Any]) -> None:
        if keys["place"]["S"] == "gate":
            self.changed_gates.append(keys["key"]["S"])
            self.gate_watch.look(keys["key"]["S"])

    def update_from_machine(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem, as the state machine calls it. Every write that takes effect goes into the journal."""
        response = self.table.update_item(request)
        task_id = request["Key"]["task_id"]["S"]
        item = self.table.items[task_id]
        self.journal.writes.append(
            Write(
                task_id=task_id,
                status=item["status"]["S"],
                execution=self._execution(request["ExpressionAttributeValues"]),
                lease_until=int(item.get("lease_until", {"N": "0"})["N"]) / 1000,
                at=self.now(),
            )
        )
        if item["status"]["S"] == "processing":
            self._watch_claim(task_id)
        return response

    def _watch_claim(self, task_id: str) -> None:
        record, execution = self.record(task_id), self.journal.writes[-1].execution
        group = message_group(record.get("tenant"), record["ordering_key"])
        self.gate_watch.claimed(task_id, group, self.journal.started.get(execution, 0))

    def _execution(self, values: dict[str, Any]) -> str:
        """Who writes: parking a task needs no lease."""
        return short_name(values[":execution"]["S"]) if ":execution" in values else GATE

    def update_from_gatekeeper(self, request: dict[str, Any]) -> dict[str, Any]:
        """The update of a transaction that releases a task."""
        response = self.table.update_item(request)
        task_id = request["Key"]["task_id"]["S"]
        status = self.table.items[task_id]["status"]["S"]
        by = CANCELLER if status == "cancelled" else GATE
        self.journal.writes.append(Write(task_id=task_id, status=status, execution=by, lease_until=0, at=self.now()))
        return response

    def update_from_handler(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateItem, as redrive, cancelling and skipping call it. A change of status goes into the journal."""
        response = self.table.update_item(request)
        task_id = request["Key"]["task_id"]["S"]
        status = self.table.items[task_id]["status"]["S"]
        if ":entry" in request["ExpressionAttributeValues"] and status == "failed":
            self.journal.skipped.setdefault(task_id, len(self.journal.writes))
            self.gate_watch.skipped(task_id)
        elif ":entry" in request["ExpressionAttributeValues"]:
            by = CANCELLER if status == "cancelled" else OPERATOR
            self.journal.writes.append(
                Write(task_id=task_id, status=status, execution=by, lease_until=0, at=self.now())
            )
        return response

    def send(self, body: str, group: str, deduplication_id: str, url: str = "") -> str:
        """SendMessage to a task queue, as the handlers call it. Every message goes into the journal."""
        self.journal.groups.setdefault(group, set()).add(json.loads(body)["title"])
        queue = self.lanes.all[url].queue if self.lanes else self.queue
        return queue.send(body, group, deduplication_id)

    def owner(self, task_id: str) -> str:
        """The caller that submitted the task. Its record is not asked whose it is."""
        return self.journal.submitted_by[json.loads(self.record(task_id)["body"])["title"]]

    def now_ns(self) -> int:
        """The virtual clock's `time.time_ns`."""
        return int(self.now() * 1e9)

    def key_of_unkeyed(self, title: str) -> str:
        """What a task that was submitted without a key waits in line for; its title, if for nothing."""
        return title if title in self.journal.unordered else DEFAULT_ORDERING_KEY

    @property
    def all_submitted(self) -> bool:
        """Whether every client is finished."""
        return not self.active_clients

    def next_moment(self) -> int:
        """A number that grows with every call: it orders what happens at the same virtual time."""
        return next(self._moments)

    @property
    def gates_are_broken(self) -> bool:
        """Whether a promise about gates is broken already."""
        return bool(self.journal.stuck or self.gate_watch.broken)

    def is_settled(self) -> bool:
        """Whether nothing is left to do. A schedule that has broken a promise about gates may have no end."""
        if self.gates_are_broken:
            return True
        working = self.queue.messages or self.changed_gates or self.executions.busy
        return self.all_submitted and not working and not self.active_operators

    def next_execution(self) -> int:
        """The number of the execution that starts now."""
        self._executions += 1
        return self._executions

    def record(self, task_id: str) -> dict[str, Any]:
        """A task's record without DynamoDB's type names on the top level; empty if there is none."""
        item = self.table.items.get(task_id, {})
        return {name: next(iter(value.values())) for name, value in item.items()}
