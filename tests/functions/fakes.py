"""Table and queue in memory, which can fail."""

import itertools
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.task_types import load_task_types
from functions.tasks.clock import uuid7
from functions.tasks.errors import Unavailable
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Ports, TaskQueue
from functions.tasks.listing.model import TaskSummary
from functions.tasks.listing.pages import Position
from functions.tasks.record import Record, RecordStore
from functions.tasks.tenancy import Tenancy


def intake_ports(records: RecordStore, queue: TaskQueue) -> Ports:
    """Ports of intake around these; the clock advances by a second per reading, and each id is new."""
    seconds = itertools.count()
    return Ports(
        records=records,
        queue=queue,
        types=load_task_types(),
        now=lambda: datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(seconds=next(seconds)),
        new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), os.urandom(10)),
        tenancy=Tenancy.ISOLATED,
        ordering=DefaultOrdering.ONE_KEY,
        id_secret=b"a secret",
    )


@dataclass
class FakeStore:
    """A `RecordStore` in memory, which can fail."""

    journal: list[str] = field(default_factory=list)
    failure: Exception | None = None
    refuses: Callable[[Record], bool] = lambda _: False
    records: dict[str, Record] = field(default_factory=dict)

    def put_new(self, record: Record) -> Record:
        self.journal.append("put")
        if self.failure:
            raise self.failure
        if self.refuses(record):
            raise Unavailable("the task table did not respond")
        return self.records.setdefault(record.task_id, record)

    def get(self, task_id: str) -> Record | None:
        self.journal.append("get")
        if self.failure:
            raise self.failure
        return self.records.get(task_id)

    def newest_first(self, **_: Any) -> Iterator[Position]:
        if self.failure:
            raise self.failure
        return iter(())

    def summaries(self, task_ids: Collection[str]) -> dict[str, TaskSummary]:
        raise AssertionError("there are no tasks to summarise")


@dataclass
class FakeQueue:
    """A `TaskQueue` in memory, which can fail."""

    journal: list[str] = field(default_factory=list)
    failure: Exception | None = None
    refuses: Callable[[str], bool] = lambda _: False
    sent: list[dict[str, str]] = field(default_factory=list)

    def check(self) -> None:
        """Nothing is known in advance."""

    def send(self, *, body: str, group: str, deduplication_id: str) -> None:
        self.journal.append("send")
        if self.failure:
            raise self.failure
        if self.refuses(body):
            raise Unavailable("the task queue did not respond")
        self.sent.append({"body": body, "group": group, "deduplication_id": deduplication_id})
