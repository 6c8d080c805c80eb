"""What redrive needs to know about a task, and the port that provides it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from functions.tasks.model import Status
from functions.tasks.tenancy import Tenant, message_group


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """A task's record without its body. Times as in the record; `lease_until` in milliseconds since 1970.

    `sequence_number` is that of its first message, as SQS counts within a message group; None when it was never
    claimed. `unsettled` means that its last redrive may have been interrupted before the message was sent.
    """

    task_id: str
    ordering_key: str
    status: Status
    type: str
    created_at: str
    attempts: int = 0
    redrives: int = 0
    sequence_number: str | None = None
    error: Mapping[str, str] = field(default_factory=dict[str, str])
    failed_at: str | None = None
    lease_until: int = 0
    redriven_at: datetime | None = None
    unsettled: bool = False

    @property
    def error_class(self) -> str | None:
        """Why it failed, in one word; None when it has not failed."""
        return self.error.get("class")

    def is_busy(self, now: datetime) -> bool:
        """Whether an execution holds the task's lease and may still write its record."""
        return self.status is Status.PROCESSING and self.lease_until >= now.timestamp() * 1000


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A task that is marked for its redrive number `redrives`: queued in its record, with this message to send."""

    task_id: str
    ordering_key: str
    tenant: Tenant
    body: str
    redrives: int

    @property
    def group(self) -> str:
        """The message group that the task had from the beginning."""
        return message_group(self.tenant, self.ordering_key)

    @property
    def deduplication_id(self) -> str:
        """The same for everyone who sends the message of this redrive, so that SQS drops all but the first."""
        return redrive_id(self.task_id, self.redrives)


def redrive_id(task_id: str, redrives: int) -> str:
    """The deduplication id of a redrive's message. The record names it: no other message can claim the task."""
    return f"{task_id}-redrive-{redrives}"


@dataclass(frozen=True, kw_only=True)
class KeysPage:
    """Some ordering keys with failed tasks, sorted; `next_page` is None on the last page."""

    keys: tuple[str, ...]
    next_page: str | None


class FailedTasks(Protocol):
    """The records of failed tasks. Every method raises `Unavailable` when the store does not respond."""

    def states(self, task_ids: Collection[str]) -> Mapping[str, TaskState]:
        """At most ten tasks as of now (strongly consistent), without those that have no record."""
        ...

    def of_key(self, ordering_key: str) -> Iterator[TaskState]:
        """The key's failed tasks in their original order, including those whose redrive was interrupted.

        May lag behind: `mark` decides what happens to a task.
        """
        ...

    def keys(self, page: str | None) -> KeysPage:
        """A page of ordering keys that have failed tasks; the first one for None."""
        ...

    def mark(self, state: TaskState, now: datetime) -> Mark | None:
        """Mark a task that is still in the given state: its record becomes queued, with one more redrive.

        None, and nothing written, when the record has changed since or an execution is processing the task.
        """
        ...

    def interrupted(self, task_id: str) -> Mark | None:
        """The mark of an unsettled redrive: its message may never have been sent."""
        ...

    def settle(self, mark: Mark) -> None:
        """Note that the message was sent. Best effort: without it, the message is sent once more, without effect."""
        ...
