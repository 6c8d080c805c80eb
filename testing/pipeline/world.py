"""What outlives executions: the clock, the table and the queues."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asl import VirtualClock
from functions.adapters.gate_table.items import to_gate
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.gates.releasing import keep_moving
from functions.tasks.record import Record
from functions.tasks.runs.watching import Watch, look_after
from testing.pipeline.long import LongExecutions
from testing.services.clients import InMemoryDynamoDB, InMemorySQS
from testing.services.fifo import InMemoryFifo
from testing.services.gate_table import InMemoryGates, InMemoryTables
from testing.services.table import InMemoryTable

START = 1_800_000_000.0
"""The moment at which each test starts, in seconds since 1970."""
CANCEL_GRACE = timedelta(seconds=60)
"""What a task that takes long has, to stop by itself when it is cancelled: as in a stage that does not set it."""


@dataclass
class World:
    """One pipeline's state. The queues know their visibility timeout when they receive."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    table: InMemoryTable = field(default_factory=InMemoryTable)

    def __post_init__(self) -> None:
        self.changed_gates: list[str] = []
        self.gates = InMemoryGates(self._note_gate)
        self.tables = InMemoryTables(self.table, self.gates)
        self.executions = LongExecutions()
        self.dead_letters = InMemoryFifo(self.clock.now)
        self.queue = InMemoryFifo(self.clock.now, max_receive_count=1000, dead_letters=self.dead_letters)

    def _note_gate(self, keys: dict[str, Any]) -> None:
        if keys["place"]["S"] == "gate":
            self.changed_gates.append(keys["key"]["S"])

    def now(self) -> datetime:
        """The virtual clock's moment."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def keep_gates(self) -> None:
        """What the gatekeeper does with the gates that have changed."""
        queues: Any = InMemorySQS(self.queue.send, self.dead_letters)
        while self.changed_gates:
            keep_moving(self.changed_gates.pop(0), self._parked(), SQSTaskQueue("queue", queues))

    def look_after(self) -> None:
        """What the gatekeeper does each minute: with executions that have ended without an outcome, or are to stop."""
        client: Any = InMemoryDynamoDB(self.table, gates=self.gates)
        gates = DynamoDBGates("gates", "tasks", client)
        closed = [to_gate(item) for (_, place), item in self.gates.items.items() if place == "gate"]
        heads = gates.heads({gate.head for gate in closed if gate.head})
        watch = Watch(executions=self.executions, tasks=self._parked(), grace=CANCEL_GRACE, keep_for=timedelta(days=5))
        look_after(closed, heads, watch, self.now())
        self.keep_gates()

    def _parked(self) -> DynamoDBParkedTasks:
        client: Any = InMemoryDynamoDB(self.table, gates=self.gates)
        return DynamoDBParkedTasks("gates", "tasks", self.now, client)

    def record(self, task_id: str) -> Record | None:
        """The task's record as of now."""
        client: Any = InMemoryDynamoDB(self.table)
        return DynamoDBRecordStore("tasks", client).get(task_id)

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters, the earliest first."""
        return [json.loads(message.body) for message in self.dead_letters.messages]


def task_id_in(body: str) -> str:
    """The id of the task in a message; empty if there is none."""
    try:
        found = json.loads(body)["task_id"]
    except (ValueError, TypeError, KeyError):
        return ""
    return found if isinstance(found, str) else ""
