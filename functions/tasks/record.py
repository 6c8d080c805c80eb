"""A task's record in the table: the truth about where a task is.

The posted task is kept once, as the exact message body: numbers stay what the client sent, a message can be sent
again to the letter, and the few fields that tables are searched by stand beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from functions.tasks import strict_json
from functions.tasks.model import NewTask, Status
from functions.tasks.redaction import redact


@dataclass(frozen=True, kw_only=True)
class Record:
    """One task's record. Times are UTC, ISO 8601, milliseconds; `body` and `result` are JSON texts.

    `request_hash` tells the request of an idempotency key from others; None when it came without a key.
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
    """Where records live. Every method raises `Unavailable` when the store does not answer."""

    def put_new(self, record: Record) -> Record:
        """Write the record on condition that its id is new; the record that the table has now.

        It equals the one that was given when that was written, even if that was only learned in a second try.
        """
        ...

    def get(self, task_id: str) -> Record | None:
        """The record as of now (a strongly consistent read), or None."""
        ...


def queued_record(
    task: NewTask, *, task_id: str, body: str, created_at: str, request_hash: str | None = None
) -> Record:
    """The first record of an accepted task."""
    return Record(
        task_id=task_id,
        status=Status.QUEUED,
        ordering_key=task.ordering_key,
        type=task.type,
        priority=task.priority,
        created_at=created_at,
        body=body,
        history=({"status": Status.QUEUED, "at": created_at},),
        request_hash=request_hash,
    )


def view(record: Record) -> dict[str, Any]:
    """The record as a client reads it (`TaskView` describes it); what is not there yet is left out."""
    seen = {
        **_posted(record.body),
        "task_id": record.task_id,
        "ordering_key": record.ordering_key,
        "status": record.status,
        "attempts": record.attempts,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "error": _redacted(record.error) if record.error else None,
        "history": [_step(entry) for entry in record.history],
        "redrives": record.redrives or None,
    }
    present = {name: value for name, value in seen.items() if value is not None}
    return present if record.result is None else present | {"result": json.loads(record.result)}


def _step(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**entry, "error": _redacted(entry["error"])} if "error" in entry else entry


def _redacted(error: Mapping[str, str]) -> dict[str, str]:
    """A message that Lambda or another producer's tool wrote has met no redactor yet."""
    return {name: redact(text) for name, text in error.items()}


def _posted(body: str) -> dict[str, Any]:
    """What was posted. A message that came past the validator may be anything that has a task id in it."""
    try:
        posted = strict_json.loads(body)
    except ValueError:
        return {}
    return posted if isinstance(posted, dict) else {}  # pyright: ignore[reportUnknownVariableType]
