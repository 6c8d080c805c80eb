"""Stream records and fakes for the tests of task events and of the failure monitor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.stream import read_record
from functions.tasks.errors import Unavailable
from functions.tasks.events import event, publishing
from functions.tasks.events.event import TaskEvent, UnreadableChange
from functions.tasks.events.publishing import Published
from tests.builders import TASK_ID, an_item

AN_ERROR = {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"}


def a_change(old: Any, new: Any, number: int = 1) -> dict[str, Any]:
    """A record of the stream as Lambda delivers it; None for an item that does not exist."""
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": 1769860809.0,
        "Keys": {"task_id": {"S": TASK_ID}},
        "SequenceNumber": f"{number:03}",
    }
    images = {"OldImage": old, "NewImage": new}
    change |= {name: image for name, image in images.items() if image is not None}
    return {"eventID": f"event-{number}", "eventSourceARN": "arn:stream", "dynamodb": change}


def to_event(record: Mapping[str, Any]) -> TaskEvent | None:
    """The event for a record of the stream, read as the function reads it."""
    change = read_record(record).change
    if isinstance(change, UnreadableChange):
        raise change
    return None if change is None else event.to_event(change)


def publish_changes(records: Sequence[Mapping[str, Any]], **ports: Any) -> Published:
    """Publish records as Lambda delivers them."""
    return publishing.publish_changes([read_record(record) for record in records], **ports)


def a_failed_item(**error: str) -> dict[str, Any]:
    return an_item(
        "queued",
        "processing",
        "failed",
        error={"M": {name: {"S": text} for name, text in (AN_ERROR | error).items()}},
    )


@dataclass
class FakeTopic:
    """Accepts `fails_after` events, and no more; `requests` has the size of each request."""

    fails_after: int = 1000
    events: list[TaskEvent] = field(default_factory=list[TaskEvent])
    requests: list[int] = field(default_factory=list[int])

    def publish(self, events: Sequence[TaskEvent]) -> int:
        self.requests.append(len(events))
        accepted = events[: self.fails_after - len(self.events)]
        if not accepted:
            raise Unavailable("the topic did not respond")
        self.events += accepted
        return len(accepted)


@dataclass
class Kept:
    """The queue for unreadable records."""

    broken: bool = False
    changes: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])

    def keep(self, change: Mapping[str, object]) -> None:
        if self.broken:
            raise Unavailable("the queue did not respond")
        self.changes.append(change)


def read(record: Mapping[str, Any]) -> TaskEvent:
    """The event that a change of a task's status is."""
    made = to_event(record)
    assert made is not None, "this record is a change of a task's status"
    return made


class SilentClient:
    """SNS, which notes what it is asked for and rejects these entries."""

    def __init__(self, *failed: str) -> None:
        self.requests: list[dict[str, Any]] = []
        self._failed = [{"Id": one} for one in failed]

    def publish(self, **request: Any) -> object:
        raise AssertionError("events are published in batches")

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"Failed": self._failed}
