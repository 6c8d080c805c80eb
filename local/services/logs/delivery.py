"""Delivers logs to CloudWatch Logs in the background, many executions and invocations in one request."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from local.services.logs.streams import Streams

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

    from local.emulator.lean_client import LeanClient

# How long lines wait for others. AWS, too, only delivers within seconds.
GATHER_SECONDS: Final = 0.5
STOP_SECONDS: Final = 5.0
# Of one PutLogEvents request: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 1_000_000
OVERHEAD: Final = 26

Event: TypeAlias = dict[str, Any]
LogSource: TypeAlias = tuple[str, str]
"""A log group, and the source of the log: `states/` and a machine's name, or "" for the group's function."""


OnEvents: TypeAlias = Callable[[list[Event]], None]


def _nobody(_events: list[Event]) -> None:
    """Nobody looks at the events."""


class LogDelivery:
    """Stands in for a CloudWatch Logs client: takes events immediately, writes them soon. `close` writes the rest.

    `seen` gets them, too, when they are taken.

    The caller names the source of events; their stream is chosen when they are written. A log that cannot be written
    is reported once on standard error and dropped: it never fails an execution.
    """

    def __init__(self, logs: CloudWatchLogsClient | LeanClient, seen: OnEvents = _nobody) -> None:
        self._logs: Any = logs
        self._seen = seen
        self._waiting: queue.SimpleQueue[tuple[LogSource, list[Event]] | None] = queue.SimpleQueue()
        self._streams = Streams(logs)
        self._complaints: set[str] = set()
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write_all, name="logs", daemon=True)
        self._writer.start()

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803 AWS's names
        """Does nothing: the writer creates streams when it needs them."""

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[Event]) -> None:  # noqa: N803
        """Take events; returns immediately."""
        self._seen(logEvents)
        self._waiting.put(((logGroupName, logStreamName), logEvents))

    def close(self) -> None:
        """Write everything that was taken, and end. All sources of logs must have ended."""
        self._closing.set()
        self._waiting.put(None)
        self._writer.join(STOP_SECONDS)

    def _write_all(self) -> None:
        last = False
        while not last:
            gathered, last = self._gather()
            for log, events in gathered.items():
                self._write(log, events)

    def _gather(self) -> tuple[dict[LogSource, list[Event]], bool]:
        """Everything that arrives shortly after the first events, and whether it was the last."""
        gathered: dict[LogSource, list[Event]] = {}
        until = 0.0
        while True:
            try:
                taken = self._waiting.get(timeout=max(0.0, until - time.monotonic()) if until else None)
            except queue.Empty:
                return gathered, False
            if taken is None:
                return gathered, True
            log, events = taken
            gathered.setdefault(log, []).extend(events)
            if not until:
                until = time.monotonic() + (0.0 if self._closing.is_set() else GATHER_SECONDS)

    def _write(self, log: LogSource, events: list[Event]) -> None:
        group, source = log
        try:
            for batch, size in batches(events):
                stream = self._streams.take(group, source, size)
                self._logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)  # type: ignore[arg-type]
        except Exception as error:  # what was logged is over, and its outcome stands
            self._streams.forget(group, source)
            self._complain(group, error)

    def _complain(self, group: str, error: Exception) -> None:
        if str(error) in self._complaints:
            return
        self._complaints.add(str(error))
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": stamp, "level": "WARNING", "message": "log not written", "log_group": group}
        print(json.dumps({**line, "cause": str(error)}), file=sys.stderr, flush=True)


def batches(events: list[Event]) -> Iterator[tuple[list[Event], int]]:
    """The events in order of time, in as few requests as the service allows, each with its size in bytes."""
    batch: list[Event] = []
    size = 0
    for event in sorted(events, key=_moment):
        weight = len(event["message"].encode("utf-8", "replace")) + OVERHEAD
        if batch and (size + weight > MOST_BYTES or len(batch) >= MOST_EVENTS):
            yield batch, size
            batch, size = [], 0
        batch.append(event)
        size += weight
    if batch:
        yield batch, size


def _moment(event: Event) -> int:
    return event["timestamp"]
