"""Publishing what the table's stream says: in order, and nothing skipped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from functions.tasks.errors import Unavailable
from functions.tasks.events.event import TaskEvent, UnreadableChange, event_of

MOST_EVENTS = 10  # of one request to the topic


class EventTopic(Protocol):
    """Where task events are published. Raises `Unavailable` when it does not answer."""

    def publish(self, events: Sequence[TaskEvent]) -> int:
        """Publish up to `MOST_EVENTS` events. Returns how many, from the first on, are out; later ones may be, too."""
        ...


class UnreadableChanges(Protocol):
    """Where stream records are kept that cannot be understood. Raises `Unavailable` when it does not answer."""

    def keep(self, change: Mapping[str, object]) -> None:
        """Keep where the record stands in the stream, its keys and the reason: enough to find it again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of a batch: the events that are out, how many records were unreadable, and where it stopped.

    `stopped_at` is the sequence number of the first record that is not done; None when all are.
    """

    events: tuple[TaskEvent, ...]
    unreadable: int
    stopped_at: str | None
    reason: str = ""


def publish_changes(
    records: Sequence[Mapping[str, Any]], *, topic: EventTopic, unreadable: UnreadableChanges
) -> Published:
    """Publish the records' events, oldest first, up to the first that cannot be published now.

    Stopping there keeps a task's events in order: the stream is read again from that record on. A record that
    cannot be understood is put aside at once, because waiting would hold up all behind it and not fix it.
    """
    publication = _Publication(topic, unreadable)
    for record in records:
        if not publication.take(record):
            break
    return publication.end()


class _Publication:
    """The events of one batch on their way, as many as fit into a request at a time."""

    def __init__(self, topic: EventTopic, unreadable: UnreadableChanges) -> None:
        self._topic = topic
        self._unreadable = unreadable
        self._waiting: list[tuple[Mapping[str, Any], TaskEvent]] = []
        self._out: list[TaskEvent] = []
        self._put_aside = 0
        self._stopped: tuple[Mapping[str, Any], Unavailable] | None = None

    def take(self, record: Mapping[str, Any]) -> bool:
        """Take the next record; whether the one after it may follow."""
        try:
            event = event_of(record)
        except UnreadableChange as error:
            return self._flush() and self._keep(record, error)
        if event is None:
            return True
        self._waiting.append((record, event))
        return len(self._waiting) < MOST_EVENTS or self._flush()

    def end(self) -> Published:
        """Publish what is left, and say what became of it all."""
        if self._stopped is None:
            self._flush()
        record, reason = self._stopped or (None, "")
        return Published(
            events=tuple(self._out),
            unreadable=self._put_aside,
            stopped_at=record["dynamodb"]["SequenceNumber"] if record else None,
            reason=str(reason),
        )

    def _flush(self) -> bool:
        """Publish what waits; whether all of it is out."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return True
        try:
            count = self._topic.publish([event for _, event in waiting])
        except Unavailable as unavailable:
            self._stopped = waiting[0][0], unavailable
            return False
        self._out += [event for _, event in waiting[:count]]
        if count < len(waiting):
            self._stopped = waiting[count][0], Unavailable("the topic did not take every event")
        return self._stopped is None

    def _keep(self, record: Mapping[str, Any], error: UnreadableChange) -> bool:
        try:
            self._unreadable.keep(_whereabouts(record, error))
        except Unavailable as unavailable:
            self._stopped = record, unavailable
            return False
        self._put_aside += 1
        return True


def _whereabouts(record: Mapping[str, Any], error: UnreadableChange) -> dict[str, object]:
    return {
        "reason": str(error),
        "event_id": record.get("eventID"),
        "stream": record.get("eventSourceARN"),
        "sequence_number": record["dynamodb"]["SequenceNumber"],
        "keys": record["dynamodb"].get("Keys"),
    }
