"""Failure patterns: tasks of one type that fail with one class within a window are reported together.

A window opens with the first failure of a pattern and lasts for a fixed time; the next failure after it opens
another. Each window is reported once, so that a thousand failed tasks are one alert and not a thousand.
"""

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.clock import timestamp
from functions.tasks.errors import ErrorClass, Unavailable
from functions.tasks.events.measures import OTHER, class_label, type_label
from functions.tasks.redaction import redact

MAX_EXAMPLES = 5
ADVICE: Mapping[ErrorClass, str] = {
    ErrorClass.VALIDATION: "These tasks can never succeed as they are. Check what submits them and what the task type "
    "expects; submit them again once they are fixed.",
    ErrorClass.NETWORK: "A service that these tasks call cannot be reached, and retries did not help. Check its "
    "address, its status and the network in between; then redrive the tasks.",
    ErrorClass.RATE_LIMIT: "A service that these tasks call asks callers to slow down. Slow the producers down or "
    "have the limit raised; then redrive the tasks.",
    ErrorClass.SYSTEM: "The processor itself failed: it timed out, ran out of memory, or lost something that it "
    "needs. Search its log for these task ids; then redrive the tasks.",
    ErrorClass.UNKNOWN: "The task type raised an unclassified exception, most likely a bug. Search the processor's "
    "log for these task ids, fix the task type, then redrive the tasks.",
}


@dataclass(frozen=True, order=True, kw_only=True)
class Kind:
    """What failures of a pattern have in common: the labels of task type and error class."""

    type: str
    error_class: ErrorClass


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failed task, from its event. `event_id` is the same when the event is delivered again."""

    event_id: str
    task_id: str
    kind: Kind
    at: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern within its window. `since` is when its first task failed, `until` when the window closes."""

    kind: Kind
    failures: int
    since: str
    until: datetime
    examples: tuple[str, ...]
    message: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A notification for operators."""

    subject: str
    text: str


class PatternStore(Protocol):
    """Where patterns are counted. Every method raises `Unavailable` when the store does not respond."""

    def count(self, failure: Failure, *, now: datetime, window: timedelta) -> bool:
        """Count the failure; False when its event has already been counted."""
        ...

    def claim_alert(self, kind: Kind, *, now: datetime, threshold: int) -> Pattern | None:
        """The pattern, if it is due to be reported and no one else has claimed it; the claim expires after a while."""
        ...

    def mark_reported(self, pattern: Pattern, *, now: datetime) -> None:
        """Note that the pattern was reported in this window."""
        ...


class Alerts(Protocol):
    """Where alerts are sent. Raises `Unavailable` when it does not respond."""

    def send(self, alert: Alert) -> None:
        """Send it to all subscribers."""
        ...


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """The failure monitor's dependencies and rules. `threshold` failures in a window cause an alert."""

    patterns: PatternStore
    alerts: Alerts
    window: timedelta
    threshold: int
    types: Container[str]
    now: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class MonitorResult:
    """The outcome of a batch. `retry` are the ids of the messages to retry."""

    counted: int
    alerts: tuple[Kind, ...]
    retry: tuple[str, ...]


def count_failures(messages: Sequence[tuple[str, str]], monitor: Monitor) -> MonitorResult:
    """Count the failures in `messages` (id and text), then alert for each pattern that has not been reported.

    First all are counted, so that the alert says how many there are already. A message that cannot be read, counted
    or reported is retried on its own; its event is not counted again.
    """
    now = monitor.now()
    retry: list[str] = []
    kinds: dict[Kind, list[str]] = {}
    counted = 0
    for message_id, text in messages:
        try:
            failure = parse_failure(text, monitor.types)
            counted += monitor.patterns.count(failure, now=now, window=monitor.window)
        except (Unavailable, ValueError):
            retry.append(message_id)
        else:
            kinds.setdefault(failure.kind, []).append(message_id)
    alerts: list[Kind] = []
    for kind, message_ids in kinds.items():
        try:
            if _alert_if_due(kind, monitor, now):
                alerts.append(kind)
        except Unavailable:
            retry += message_ids
    return MonitorResult(counted=counted, alerts=tuple(alerts), retry=tuple(retry))


def parse_failure(text: str, types: Container[str]) -> Failure:
    """The failure in an event; `ValueError` when it is not the event of a failed task."""
    try:
        event = json.loads(text)
        error = event["error"]
        return Failure(
            event_id=str(event["event_id"]),
            task_id=str(event["task_id"]),
            kind=Kind(type=type_label(event["type"], types), error_class=ErrorClass(class_label(error["class"]))),
            at=str(event["at"]),
            message=redact(f"{error['type']}: {error['message']}"),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not the event of a failed task") from error


def to_alert(pattern: Pattern) -> Alert:
    """What failed, how many, since when, examples, and what to do."""
    kind = pattern.kind
    tasks = "1 task" if pattern.failures == 1 else f"{pattern.failures} tasks"
    lines = [
        f"{tasks} of type {kind.type} failed with {kind.error_class} since {pattern.since}.",
        f"First error: {pattern.message}",
        f"For example: {', '.join(pattern.examples)}",
        f"What to do: {ADVICE[kind.error_class]}",
        f'To redrive them: POST /redrive with {_redrive(kind)} lists them; add "dry_run": false to redrive them.',
        f"Further failures of this kind are counted, but not reported again before {timestamp(pattern.until)}.",
    ]
    subject = f"Taskline: tasks of type {kind.type} are failing with {kind.error_class}"
    return Alert(subject=subject, text="\n\n".join(lines))


def _redrive(kind: Kind) -> str:
    filters = {"error_class": kind.error_class, "type": kind.type}
    return json.dumps({name: value for name, value in filters.items() if value != OTHER})


def _alert_if_due(kind: Kind, monitor: Monitor, now: datetime) -> bool:
    """Send the alert if it is due. In this order, a crash in between reports twice rather than never."""
    pattern = monitor.patterns.claim_alert(kind, now=now, threshold=monitor.threshold)
    if pattern is None:
        return False
    monitor.alerts.send(to_alert(pattern))
    monitor.patterns.mark_reported(pattern, now=now)
    return True
