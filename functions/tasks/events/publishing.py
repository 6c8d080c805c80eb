"""Publishing the changes of tasks: in order, and without gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.tasks.errors import Unavailable
from functions.tasks.events.event import Change, TaskEvent, UnreadableChange, to_event

MAX_EVENTS = 10  # per request to the topic


@dataclass(frozen=True, kw_only=True)
class StreamRecord:
    """One record of the stream of changes; `change` is None when it changes no task's status.

    `position` is the position to read the stream from again, `source` identifies the record in the stream.
    """

    position: str
    change: Change | UnreadableChange | None
    source: Mapping[str, object]


class EventTopic(Protocol):
    """Where task events are published. Raises `Unavailable` when it does not respond."""

    def publish(self, events: Sequence[TaskEvent]) -> int:
        """Publish up to `MAX_EVENTS` events; return how many, from the first on, were. Later ones may be, too."""
        ...


class UnreadableChanges(Protocol):
    """Where unreadable records are kept. Raises `Unavailable` when it does not respond."""

    def keep(self, change: Mapping[str, object]) -> None:
        """Keep the record's location in the stream, and the reason."""
        ...


@dataclass(frozen=True, kw_only=True)
class Published:
    """The outcome of a batch: the published events, the number of unreadable records, and where it stopped.

    `resume_from` is the position of the first unfinished record; None when all are finished.
    """

    events: tuple[TaskEvent, ...]
    unreadable: int
    resume_from: str | None
    reason: str = ""


def publish_changes(records: Sequence[StreamRecord], *, topic: EventTopic, unreadable: UnreadableChanges) -> Published:
    """Publish the records' events, oldest first, up to the first that cannot be published now.

    Stopping there keeps a task's events in order: the stream is read again from that record on. An unreadable record
    is set aside immediately, because waiting would hold up everything behind it without fixing it.
    """
    publication = _Publication(topic, unreadable)
    for record in records:
        if not publication.add(record):
            break
    return publication.finish()


class _Publication:
    """Publishes the events of one batch, as many per request as fit."""

    def __init__(self, topic: EventTopic, unreadable: UnreadableChanges) -> None:
        self._topic = topic
        self._unreadable = unreadable
        self._waiting: list[tuple[StreamRecord, TaskEvent]] = []
        self._published: list[TaskEvent] = []
        self._set_aside_count = 0
        self._blocked: tuple[StreamRecord, Unavailable] | None = None

    def add(self, record: StreamRecord) -> bool:
        """Add the next record; whether another one may follow."""
        if record.change is None:
            return True
        try:
            event = _event(record.change)
        except UnreadableChange as error:
            return self._flush() and self._set_aside(record, error)
        self._waiting.append((record, event))
        return len(self._waiting) < MAX_EVENTS or self._flush()

    def finish(self) -> Published:
        """Publish what is left, and return the outcome."""
        if self._blocked is None:
            self._flush()
        record, reason = self._blocked or (None, "")
        return Published(
            events=tuple(self._published),
            unreadable=self._set_aside_count,
            resume_from=record.position if record else None,
            reason=str(reason),
        )

    def _flush(self) -> bool:
        """Publish the waiting events; whether all were published."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return True
        try:
            count = self._topic.publish([event for _, event in waiting])
        except Unavailable as unavailable:
            self._blocked = waiting[0][0], unavailable
            return False
        self._published += [event for _, event in waiting[:count]]
        if count < len(waiting):
            self._blocked = waiting[count][0], Unavailable("the topic did not accept every event")
        return self._blocked is None

    def _set_aside(self, record: StreamRecord, error: UnreadableChange) -> bool:
        try:
            self._unreadable.keep({"reason": str(error), **record.source})
        except Unavailable as unavailable:
            self._blocked = record, unavailable
            return False
        self._set_aside_count += 1
        return True


def _event(change: Change | UnreadableChange) -> TaskEvent:
    if isinstance(change, UnreadableChange):
        raise change
    return to_event(change)
