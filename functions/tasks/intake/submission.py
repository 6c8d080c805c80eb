"""Accepting a task: write first, then send."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import JsonValue

from functions.tasks import strict_json
from functions.tasks.errors import FieldError, Refused
from functions.tasks.fields import BODY
from functions.tasks.intake.idempotency import IdempotencyKey, request_hash, reused_key
from functions.tasks.model import NewTask, Status
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


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which task a request is about. Only a request with an idempotency key has a hash: it may be seen again."""

    task_id: str
    request_hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A task that is recorded; `replayed` when an earlier request with the same key has done it."""

    record: Record
    replayed: bool


def new_record(
    new_task: NewTask, *, key: IdempotencyKey | None, now: datetime, new_id: Callable[[datetime], str]
) -> Record:
    """The record that the only task of a request shall have; `Refused` (413) when it is too large."""
    if key is None:
        return record_of(new_task, Identity(task_id=new_id(now)), now)
    identity = Identity(task_id=key.task_id(), request_hash=request_hash(canonical(new_task)))
    return record_of(new_task, identity, now)


def canonical(task: NewTask) -> JsonValue:
    """The task as its request's hash sees it: without defaults, so that a field added one day changes no hash."""
    return task.model_dump(mode="json", exclude_defaults=True)


def record_of(new_task: NewTask, identity: Identity, now: datetime) -> Record:
    """The record that the task shall have, with its message; `Refused` (413) when that would be too large."""
    created_at = timestamp(now)
    body = message_body(new_task, identity.task_id, created_at)
    return queued_record(
        new_task, task_id=identity.task_id, body=body, created_at=created_at, request_hash=identity.request_hash
    )


def submit(record: Record, *, records: RecordStore, queue: TaskQueue) -> Accepted:
    """Write the record, then send its message.

    In this order nothing is ever processed that was not recorded, and a record that was never sent can be sent
    again. `Refused` (422) when the idempotency key is another request's; `Unavailable` when table or queue do not
    answer.
    """
    accepted = write(record, records)
    send(accepted.record, queue)
    return accepted


def write(record: Record, records: RecordStore) -> Accepted:
    """Write the record, or find the one that an earlier request with the same idempotency key wrote."""
    kept = records.put_new(record)
    if kept == record:
        return Accepted(record=record, replayed=False)
    if record.request_hash is None:
        raise RuntimeError(f"task id {record.task_id} was generated twice")
    if kept.request_hash != record.request_hash:
        raise reused_key()
    return Accepted(record=kept, replayed=True)


def send(record: Record, queue: TaskQueue) -> None:
    """Send the message of a task that may never have been sent.

    SQS drops it if it was sent in the last five minutes; if earlier, its claim finds the task taken. A task that was
    put back after a failure has another message, which is for redrive to send.
    """
    if record.status is Status.QUEUED and not record.redrives:
        queue.send(body=record.body, group=record.ordering_key, deduplication_id=record.task_id)


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
