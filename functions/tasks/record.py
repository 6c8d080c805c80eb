"""A task's record in the table: the truth about where a task is.

The posted task is kept once, as the exact message body: numbers stay what the client sent, a message can be sent
again byte for byte, and the few fields that tables are searched by stand beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from functions.tasks.model import Status


@dataclass(frozen=True, kw_only=True)
class Record:
    """One task's record. Times are UTC, ISO 8601, milliseconds; `body` and `result` are JSON texts.

    `request_hash` identifies the request that an idempotency key belongs to; None when the task came without a key.
    """

    task_id: str
    status: Status
    ordering_key: str
    type: str
    priority: str
    created_at: str
    body: str
    attempts: int = 0
    started_at: str | None = None
    finished_at: str | None = None
    result: str | None = None
    error: Mapping[str, str] | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    redrives: int = 0
    request_hash: str | None = None


class RecordStore(Protocol):
    """Where records live. Every method raises `Unavailable` when the store does not respond."""

    def put_new(self, record: Record) -> Record:
        """Write the record on condition that its id is new; the record that the table has now.

        It equals the one that was given when that was written, even if that was only learned in a second try.
        """
        ...

    def get(self, task_id: str) -> Record | None:
        """The record as of now (a strongly consistent read), or None."""
        ...
