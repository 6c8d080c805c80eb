"""Cancelling: a task that waits is cancelled, and its message or its place has no effect when its turn comes.

One that takes long is asked to stop, also while it is processed: see `long/watching.py`.
"""

from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.clock import timestamp
from functions.tasks.errors import Conflict, NotFound, Unavailable
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.tenancy import View

_ATTEMPTS = 3
_REASONS = {
    Status.PROCESSING: "is being processed",
    Status.SUCCEEDED: "has succeeded",
    Status.FAILED: "has failed",
}


class CancellableRecords(Protocol):
    """Where records live. Every method raises `Unavailable` when the store does not respond."""

    def cancel(self, task_id: str, view: View, *, at: str, expires_at: int) -> Record | None:
        """Cancel the task if it is queued or parked, and in the view; otherwise write nothing and return None.

        `at` is a timestamp as in records, `expires_at` is in seconds since 1970.
        """
        ...

    def request_cancel(self, task_id: str, view: View, *, at: str) -> Record | None:
        """Ask a task in the view to stop that takes long and is being processed; None if it is not such a one."""
        ...

    def get(self, task_id: str) -> Record | None:
        """The record as of now (a strongly consistent read), or None."""
        ...


def cancel(task_id: str, view: View, *, records: CancellableRecords, now: datetime, keep_for: timedelta) -> Record:
    """Cancel the task, once or again, and return its record. `keep_for` has to exceed its message's retention.

    The record of one that takes long may say that it is being processed, and was asked to stop.
    `NotFound` when there is no such task in the view, `Conflict` when it is no longer queued.
    """
    for _ in range(_ATTEMPTS):
        expires_at = int((now + keep_for).timestamp())
        record = records.cancel(task_id, view, at=timestamp(now), expires_at=expires_at) or records.get(task_id)
        if record is not None and record.status is Status.PROCESSING:
            asked = records.request_cancel(task_id, view, at=timestamp(now))
            if asked is not None:
                return asked
        if record is None or not view.shows(record.tenant):
            raise NotFound(task_id)
        if record.status is Status.CANCELLED:
            return record
        if record.status not in (Status.QUEUED, Status.PARKED):
            raise Conflict("Not queued", f"The task {task_id!r} {_REASONS[record.status]}.")
        # It could not be cancelled a moment ago and can be now: an execution has just returned it to the queue.
    raise Unavailable(f"the task {task_id!r} keeps being claimed and returned to the queue")
