"""Execution logs: history events in the format in which Express workflows write them to CloudWatch Logs."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from asl.core.templates import compact
from asl.execution.history import HistoryEvent
from asl.execution.records import details_of

_LOGGER: Final = logging.getLogger(__name__)

_FATAL: Final = {"ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}
_ERROR_ENDINGS: Final = ("Failed", "TimedOut", "Aborted")

_MOST_EVENTS: Final = 10_000
_MOST_BYTES: Final = 1_000_000
_OVERHEAD: Final = 26

LARGEST_DATA: Final = 248 * 1024
"""Most bytes of one detail in the log, escaped: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""


class LogsClient(Protocol):
    """The methods of a CloudWatch Logs client that are used."""

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> Any: ...  # noqa: N803

    def put_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        logStreamName: str,  # noqa: N803
        logEvents: list[dict[str, Any]],  # noqa: N803
    ) -> Any: ...


def log_group(configuration: Mapping[str, Any]) -> str:
    """The name of the log group in a machine's logging configuration, "" if there is none. As on AWS, the ARN ends in
    `:*`."""
    destinations: list[dict[str, Any]] = configuration.get("destinations") or []
    for destination in destinations:
        arn: str = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        return arn.removesuffix(":*").partition(":log-group:")[2]
    return ""


def is_logged(kind: str, level: str) -> bool:
    """Whether an event of this type is logged at a level: `ALL`, `ERROR`, `FATAL` or `OFF`."""
    if level == "ERROR":
        return kind.endswith(_ERROR_ENDINGS) or kind == "FailStateEntered"
    return level == "ALL" or (level == "FATAL" and kind in _FATAL)


def log_record(event: HistoryEvent, execution_arn: str, include_data: bool = True) -> dict[str, Any]:
    """The log record of one event, before it becomes text."""
    return {
        "id": str(event.id),
        "type": event.type,
        "details": details_of(event.details, include_data, LARGEST_DATA),
        "previous_event_id": str(event.previous_event_id),
        "event_timestamp": str(round(event.timestamp * 1000)),
        "execution_arn": execution_arn,
        "redrive_count": "0",
    }


@dataclass(slots=True)
class ExecutionLog:
    """Collects the events of one execution and writes them at its end. A failure to write is logged, not raised.

    Use it as the observer of a run, then call `flush`. Several logs may share a client.
    """

    client: LogsClient
    group: str
    stream: str
    execution_arn: str
    level: str = "ALL"
    include_data: bool = False
    _lines: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def __call__(self, event: HistoryEvent) -> None:
        """Collect an event, if its type is logged."""
        if is_logged(event.type, self.level):
            record = log_record(event, self.execution_arn, self.include_data)
            self._lines.append((round(event.timestamp * 1000), compact(record)))

    def flush(self) -> None:
        """Write the collected events in as few requests as the service allows."""
        if not self._lines:
            return
        try:
            self._create_stream()
            for batch in self._batches():
                self.client.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=batch)
        except Exception:
            # The execution has ended and its outcome counts, with or without a log.
            _LOGGER.warning("the log of %s is lost: it could not be written", self.execution_arn, exc_info=True)
        self._lines.clear()

    def _create_stream(self) -> None:
        try:
            self.client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        except Exception as error:
            # Usually another execution created it. Any other error shows when the events are put.
            _LOGGER.debug("log stream %s not created: %s", self.stream, error)

    def _batches(self) -> list[list[dict[str, Any]]]:
        batches: list[list[dict[str, Any]]] = []
        size = _MOST_BYTES
        for moment, line in self._lines:
            weight = len(line.encode("utf-8", "replace")) + _OVERHEAD
            if size + weight > _MOST_BYTES or len(batches[-1]) >= _MOST_EVENTS:
                batches.append([])
                size = 0
            batches[-1].append({"timestamp": moment, "message": line})
            size += weight
        return batches
