"""Accepting a task: write first, then send."""

from datetime import UTC, datetime
from typing import Protocol

from functions.tasks import strict_json
from functions.tasks.errors import FieldError, Refused
from functions.tasks.fields import BODY
from functions.tasks.model import NewTask
from functions.tasks.record import Record, RecordStore, queued_record

MAX_BODY_BYTES = 192 * 1024
# EventBridge Pipes hands the body on as a string inside a JSON array, where quotes and backslashes double, and
# Step Functions takes 256 KiB of that. SQS would accept a larger message, and it would then poison its group.
# The rest is left for the envelope and for what the state machine adds.
MAX_ESCAPED_BYTES = 240 * 1024


class TaskQueue(Protocol):
    """Where accepted tasks wait. Raises `Unavailable` when it does not answer."""

    def send(self, *, body: str, group: str, deduplication_id: str) -> None:
        """Queue one message behind all others of its message group."""
        ...


def submit(new_task: NewTask, *, task_id: str, now: datetime, records: RecordStore, queue: TaskQueue) -> Record:
    """Record the task as queued, then send it; returns the record.

    In this order nothing is ever processed that was not recorded, and a record that was never sent can be sent
    again. `Refused` (413) when the message would be too large; `Unavailable` when table or queue do not answer.
    """
    created_at = timestamp(now)
    body = message_body(new_task, task_id, created_at)
    record = queued_record(new_task, task_id=task_id, body=body, created_at=created_at)
    if not records.put_new(record):
        raise RuntimeError(f"task id {task_id} was generated twice")
    queue.send(body=record.body, group=record.ordering_key, deduplication_id=task_id)
    return record


def message_body(new_task: NewTask, task_id: str, created_at: str) -> str:
    """The task as the message carries it (`Task` reads it), in JSON; `Refused` (413) when it is too large."""
    posted = new_task.model_dump(mode="json", exclude_none=True)
    body = strict_json.dumps({**posted, "task_id": task_id, "created_at": created_at})
    if len(body.encode()) > MAX_BODY_BYTES or strict_json.escaped_size(body) > MAX_ESCAPED_BYTES:
        raise too_large()
    return body


def too_large() -> Refused:
    """The refusal of a task that would not fit through the pipe."""
    limit = f"{MAX_BODY_BYTES // 1024} KiB as JSON, or {MAX_ESCAPED_BYTES // 1024} KiB with its quotes escaped"
    return Refused(
        413,
        "Task too large",
        f"A task may take {limit}. Store large data elsewhere and put a reference into `data`.",
        [FieldError(field=BODY, message="is too large")],
    )


def timestamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
