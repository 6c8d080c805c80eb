"""What is measured about tasks: how many reached which status, and how long that took."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from functions.tasks.errors import ErrorClass
from functions.tasks.events.event import TaskEvent
from functions.tasks.model import Status

OTHER = "other"
COUNT, MILLISECONDS = "Count", "Milliseconds"
# From the processor, 1 or 0 per run of a task: its average is the failure rate, its sample count the volume.
TRANSIENT_FAILURE = "TransientFailure"
# From the validator, per request: how many tasks it accepted, and, for a service level objective, 1 if that took long.
ACCEPTED = "TasksAccepted"
ACCEPTED_LATE = "AcceptedLate"
# For another objective, 1 or 0 per task, from the processor.
STARTED_LATE = "StartedLate"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Values of some metrics that share their dimensions. The keys of `values` are (name, unit)."""

    dimensions: Mapping[str, str]
    values: Mapping[tuple[str, str], list[int]]


def type_label(name: str, types: Container[str]) -> str:
    """The task type if it is registered, otherwise `other`: each new name would be a new metric or pattern."""
    return name if name in types else OTHER


def class_label(name: str) -> str:
    """The error class if it is in the taxonomy, otherwise `UNKNOWN`."""
    return name if name in set(ErrorClass) else ErrorClass.UNKNOWN


def measures(events: Iterable[TaskEvent], types: Container[str]) -> list[Measure]:
    """The measurements of some events, by status, type and, for a failure, class."""
    groups: dict[tuple[tuple[str, str], ...], dict[tuple[str, str], list[int]]] = {}
    for event in events:
        values = groups.setdefault(tuple(_dimensions(event, types).items()), {})
        for metric, value in _values(event).items():
            values.setdefault(metric, []).append(value)
    return [Measure(dimensions=dict(dimensions), values=values) for dimensions, values in groups.items()]


def _dimensions(event: TaskEvent, types: Container[str]) -> dict[str, str]:
    status = event.status if event.status in set(Status) else OTHER
    dimensions = {"status": status, "type": type_label(event.type, types)}
    return dimensions | {"error_class": class_label(event.error["class"])} if event.error else dimensions


def _values(event: TaskEvent) -> dict[tuple[str, str], int]:
    values: dict[tuple[str, str], int | None] = {
        ("Tasks", COUNT): 1,
        ("QueueToStart", MILLISECONDS): event.queue_to_start_ms,
        ("StartToFinish", MILLISECONDS): event.start_to_finish_ms,
        ("Attempts", COUNT): event.attempts if event.start_to_finish_ms is not None else None,
    }
    return {metric: value for metric, value in values.items() if value is not None}
