"""What outlives executions: the clock, the table and the queues."""

import json
from dataclasses import dataclass, field
from typing import Any

from asl import VirtualClock
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.record import Record
from testing.services.clients import InMemoryDynamoDB
from testing.services.fifo import InMemoryFifo
from testing.services.table import InMemoryTable

START = 1_800_000_000.0
"""The moment at which each test starts, in seconds since 1970."""


@dataclass
class World:
    """One pipeline's state. The queues know their visibility timeout when they receive."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    table: InMemoryTable = field(default_factory=InMemoryTable)

    def __post_init__(self) -> None:
        self.dead_letters = InMemoryFifo(self.clock.now)
        self.queue = InMemoryFifo(self.clock.now, max_receive_count=1000, dead_letters=self.dead_letters)

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
