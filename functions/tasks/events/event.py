"""Task events: what a record of the table's stream says to the outside. Ids and facts, never a task's body or result.

A stream record holds the item before and after a write, in DynamoDB's own JSON:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.tasks.clock import timestamp
from functions.tasks.model import Status
from functions.tasks.redaction import redact

Item = Mapping[str, Any]

# A producer that sends to the queue directly may write anything into these fields; a topic takes 256 KiB.
MAX_NAME_CHARACTERS = 128
MAX_MESSAGE_CHARACTERS = 1024
_NOT_PRINTABLE = re.compile(r"[^ -~]")


class UnreadableChange(Exception):
    """A stream record that should be a task's change and cannot be understood: trying again changes nothing."""


@dataclass(frozen=True, kw_only=True)
class TaskEvent:
    """One change of a task's status. `event_id` is the same however often the event is published.

    Times are UTC, ISO 8601, milliseconds. `previous_status` is None for a task that was not there before.
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
        """The event as JSON; what does not apply is left out, but for `previous_status`."""
        fields = dict(vars(self))
        return json.dumps({name: fields[name] for name in fields if fields[name] is not None or name in _ALWAYS})

    def attributes(self) -> dict[str, str]:
        """What subscribers can filter by, as a topic takes it: printable, and never empty."""
        named = {
            "status": self.status,
            "previous_status": self.previous_status,
            "type": self.type,
            "priority": self.priority,
            "ordering_key": self.ordering_key,
            "error_class": self.error["class"] if self.error else None,
        }
        return {name: _NOT_PRINTABLE.sub("?", text) for name, text in named.items() if text}


_ALWAYS = {"previous_status"}


def event_of(record: Mapping[str, Any]) -> TaskEvent | None:
    """The event that a stream record means, or None: a deletion, another kind of item, or no change of status.

    `UnreadableChange` when it is a task's change that cannot be understood.
    """
    try:
        new: Item = record["dynamodb"].get("NewImage") or {}
        old: Item = record["dynamodb"].get("OldImage") or {}
        # A task's record has both from its first write on; what else may ever lie in the table is nobody's news.
        if "status" not in new or "body" not in new or new["status"] == old.get("status"):
            return None
        return _event(record, new, old)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        # The name of the error only: its text may hold what the task holds.
        raise UnreadableChange(f"the change cannot be read: {type(error).__name__}") from error


def _event(record: Mapping[str, Any], new: Item, old: Item) -> TaskEvent:
    status, history = _text(new, "status"), _history(new)
    return TaskEvent(
        event_id=record["eventID"],
        task_id=_text(new, "task_id"),
        status=status,
        previous_status=_text(old, "status") if "status" in old else None,
        at=_moment(record, status, history),
        type=_text(new, "type")[:MAX_NAME_CHARACTERS],
        priority=_text(new, "priority")[:MAX_NAME_CHARACTERS],
        ordering_key=_text(new, "ordering_key")[:MAX_NAME_CHARACTERS],
        attempts=int(new["attempts"]["N"]),
        error=_error(new["error"]["M"]) if status == Status.FAILED else None,
        queue_to_start_ms=_waited(history) if status == Status.PROCESSING else None,
        start_to_finish_ms=_worked(history) if status in (Status.SUCCEEDED, Status.FAILED) else None,
    )


def _text(item: Item, name: str) -> str:
    text = item[name]["S"]
    if not isinstance(text, str):
        raise TypeError(name)
    return text


def _history(item: Item) -> list[tuple[str, str]]:
    return [(_text(entry["M"], "status"), _text(entry["M"], "at")) for entry in item["history"]["L"]]


def _moment(record: Mapping[str, Any], status: str, history: list[tuple[str, str]]) -> str:
    if history and history[-1][0] == status:
        return history[-1][1]
    # A writer that kept no history: DynamoDB's own clock, in seconds.
    return timestamp(datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC))


def _error(error: Item) -> dict[str, str]:
    texts = {name: _text(error, name) for name in ("class", "type", "message")}
    return {name: redact(text)[:MAX_MESSAGE_CHARACTERS] for name, text in texts.items()}


def _waited(history: list[tuple[str, str]]) -> int | None:
    """From the last time that the task was queued to this start."""
    queued = [at for status, at in history if status == Status.QUEUED]
    return _milliseconds(queued[-1], history[-1][1]) if queued else None


def _worked(history: list[tuple[str, str]]) -> int | None:
    """From the first start after the task was last queued to its end: all attempts, and the waits between them."""
    last_queued = max((n for n, (status, _) in enumerate(history) if status == Status.QUEUED), default=-1)
    starts = [at for status, at in history[last_queued + 1 :] if status == Status.PROCESSING]
    return _milliseconds(starts[0], history[-1][1]) if starts else None


def _milliseconds(begin: str, end: str) -> int:
    """Never negative: the two moments may come from clocks that differ."""
    span = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    return max(0, round(span.total_seconds() * 1000))
