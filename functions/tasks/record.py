"""A task's record in the table: the source of truth about a task.

The submitted task is stored once, as the exact message body: numbers stay what the client sent, the message can be
sent again byte for byte, and the few fields that tables are searched by are stored next to it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from functions.tasks.model import Status
from functions.tasks.tenancy import Tenant


class Record(NamedTuple):
    """One task's record. Times are UTC, ISO 8601, milliseconds; `body` and `result` are JSON texts.

    `request_hash` identifies the request that an idempotency key belongs to; None without a key. `tenant` is whose
    task it is, `batch_id` the batch that it was submitted in, if any. Of a task that takes long, `progress` has
    `percent`, `text` and `at`, and `cancel_requested_at` is when it was asked to stop while it was processed.
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
    tenant: Tenant = None
    batch_id: str | None = None
    progress: Mapping[str, Any] | None = None
    cancel_requested_at: str | None = None


class RecordStore(Protocol):
    """Where records live. Every method raises `Unavailable` when the store does not respond."""

    def put_new(self, record: Record) -> Record:
        """Write the record on condition that its id is new; return the record that the table has now.

        It equals the given one if that was written, even if only a retry found that out.
        """
        ...

    def get(self, task_id: str) -> Record | None:
        """The record as of now (a strongly consistent read), or None."""
        ...
