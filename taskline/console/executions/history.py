"""The events of a Standard execution, as Step Functions keeps them: complete, and for 90 days after its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, cast

from taskline.console.executions.events import EventLog, LogEvent

PAGE: Final = 1000
"""The most that one request gets. An execution has 25,000 events at most, so this ends:
https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html
"""


class HistoryClient(Protocol):
    """The method of a Step Functions client that is used."""

    def get_execution_history(self, **request: Any) -> Any: ...


def read_history(states: HistoryClient, arn: str, include_data: bool) -> EventLog:
    """All events of an execution, with data if wanted. Raises what the client raises."""
    request: dict[str, Any] = {"executionArn": arn, "maxResults": PAGE, "includeExecutionData": include_data}
    found: list[LogEvent] = []
    while True:
        page = cast(Mapping[str, Any], states.get_execution_history(**request))
        found += map(_event, cast(Iterable[Mapping[str, Any]], page["events"]))
        if "nextToken" not in page:
            return EventLog(events=tuple(found))
        request["nextToken"] = page["nextToken"]


def _event(record: Mapping[str, Any]) -> LogEvent:
    """Its details have the same form as in a log, under a name that depends on the type."""
    name = next((name for name in record if name.endswith("EventDetails")), "")
    return LogEvent(
        id=record["id"],
        type=record["type"],
        previous=record.get("previousEventId", 0),
        at=round(record["timestamp"].timestamp() * 1000),
        details=record.get(name, {}),
    )
