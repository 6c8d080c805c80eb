"""Task events: what subscribers learn of a change of status. Ids and facts, never a task's body or result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.tasks.model import Status
from functions.tasks.redaction import redact

# A producer that sends to the queue directly may write anything into these fields; a topic accepts 256 KiB.
MAX_NAME_CHARACTERS = 128
MAX_MESSAGE_CHARACTERS = 1024


class UnreadableChange(Exception):
    """A change of a task's record that cannot be read: retrying does not help."""

    @classmethod
    def from_error(cls, error: Exception) -> "UnreadableChange":
        """Only the error's name is kept: its text may quote the task."""
        return cls(f"the change cannot be read: {type(error).__name__}")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A write to a task's record that changed its status: the record as it is now, and the previous status.

    `previous_status` is None for a new task, `written_at` is the time by the store's clock. `history` has the status
    and the time of each step, oldest first.
    """

    event_id: str
    task_id: str
    status: str
    previous_status: str | None
    written_at: str
    type: str
    priority: str
    ordering_key: str
    attempts: int
    error: Mapping[str, str] | None
    history: tuple[tuple[str, str], ...]


History = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class TaskEvent:
    """One change of a task's status. `event_id` is the same however often the event is published.

    Times are UTC, ISO 8601, milliseconds. `previous_status` is None for a new task.
    `queue_to_start_ms` is known when a task starts, `start_to_finish_ms` when it ends.
    """

    event_id: str
    task_id: str
    status: str
    previous_status: str | None
    at: str
    type: str
    priority: str
    ordering_key: str
    attempts: int
    error: Mapping[str, str] | None = None
    queue_to_start_ms: int | None = None
    start_to_finish_ms: int | None = None

    def document(self) -> str:
        """The event as JSON; what does not apply is omitted, except for `previous_status`."""
        fields = dict(vars(self))
        return json.dumps({name: fields[name] for name in fields if fields[name] is not None or name in _ALWAYS})

    def attributes(self) -> dict[str, str]:
        """What subscribers can filter by; no value is empty."""
        attributes = {
            "status": self.status,
            "previous_status": self.previous_status,
            "type": self.type,
            "priority": self.priority,
            "ordering_key": self.ordering_key,
            "error_class": self.error["class"] if self.error else None,
        }
        return {name: text for name, text in attributes.items() if text}


_ALWAYS = {"previous_status"}


def to_event(change: Change) -> TaskEvent:
    """The event for a change; `UnreadableChange` when its times or its error cannot be read."""
    try:
        return _event(change)
    except (KeyError, ValueError) as error:
        raise UnreadableChange.from_error(error) from error


def _event(change: Change) -> TaskEvent:
    status, history = change.status, change.history
    return TaskEvent(
        event_id=change.event_id,
        task_id=change.task_id,
        status=status,
        previous_status=change.previous_status,
        # Without an entry in the history, the store's time is used.
        at=history[-1][1] if history and history[-1][0] == status else change.written_at,
        type=change.type[:MAX_NAME_CHARACTERS],
        priority=change.priority[:MAX_NAME_CHARACTERS],
        ordering_key=change.ordering_key[:MAX_NAME_CHARACTERS],
        attempts=change.attempts,
        error=_error(change.error or {}) if status == Status.FAILED else None,
        queue_to_start_ms=_queue_to_start(history) if status == Status.PROCESSING else None,
        start_to_finish_ms=_start_to_finish(history) if status in (Status.SUCCEEDED, Status.FAILED) else None,
    )


def _error(error: Mapping[str, str]) -> dict[str, str]:
    return {name: redact(error[name])[:MAX_MESSAGE_CHARACTERS] for name in ("class", "type", "message")}


def _queue_to_start(history: History) -> int | None:
    """From the last time that the task was queued to this start."""
    queued = [at for status, at in history if status == Status.QUEUED]
    return _milliseconds(queued[-1], history[-1][1]) if queued else None


def _start_to_finish(history: History) -> int | None:
    """From the first start after the task was last queued to its end: all attempts, and the waits between them."""
    last_queued = max((n for n, (status, _) in enumerate(history) if status == Status.QUEUED), default=-1)
    starts = [at for status, at in history[last_queued + 1 :] if status == Status.PROCESSING]
    return _milliseconds(starts[0], history[-1][1]) if starts else None


def _milliseconds(begin: str, end: str) -> int:
    """Never negative: the two times may come from different clocks."""
    span = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    return max(0, round(span.total_seconds() * 1000))
