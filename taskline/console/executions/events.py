"""The events of one execution, read from CloudWatch Logs: the only history that an Express execution has.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html: delivery is best effort, so events may come late or
never. The name of the stream cannot be derived from an execution, so the group is searched, within a few minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

LONGEST_MS: Final = 300_000
"""How long an Express execution can take."""
BEFORE_MS: Final = 60_000
"""Clocks differ, and a claim is later than the start of its execution."""
AFTER_MS: Final = 30_000
WITHOUT_HINT_MS: Final = 3 * 3_600_000
"""How far back to look if the time of the execution is not known."""

MOST_PAGES: Final = 40
MOST_SECONDS: Final = 10.0
"""A page searches a part of the window and may be empty; the quota is some requests a second for the account."""

ENDS: Final = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"})


class LogsClient(Protocol):
    """The method of a CloudWatch Logs client that is used."""

    def filter_log_events(self, **request: Any) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """One event. `at` is in milliseconds since 1970; `previous` is 0 if no event came before it.

    In `details`, inputs, outputs and variables are JSON texts.
    """

    id: int
    type: str
    previous: int
    at: int
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Window:
    """The span that is searched, in milliseconds since 1970.

    `latest` is the last moment at which the execution is known to have been at work, None if nothing is known.
    """

    start: int
    end: int
    latest: int | None = None


@dataclass(frozen=True, kw_only=True)
class EventLog:
    """What was found. `searched_all` is False if the search ended before the window did; `unreadable` counts lines."""

    events: tuple[LogEvent, ...] = ()
    window: Window = field(default_factory=lambda: Window(start=0, end=0))
    searched_all: bool = True
    unreadable: int = 0


def window(now: int, started: int | None = None, ended: int | None = None) -> Window:
    """Where to look for an execution of which it is known about when it started, or ended, or nothing."""
    if started is None and ended is None:
        return Window(start=now - WITHOUT_HINT_MS, end=now + AFTER_MS)
    first = started if started is not None else cast(int, ended) - LONGEST_MS
    last = ended if ended is not None else first + LONGEST_MS
    latest = ended if ended is not None else first
    return Window(start=max(0, min(first, last) - BEFORE_MS), end=max(first, last) + AFTER_MS, latest=latest)


def read_events(
    logs: LogsClient, group: str, execution_arn: str, span: Window, clock: Callable[[], float] = time.monotonic
) -> EventLog:
    """Search a log group for the events of an execution. Raises what the client raises.

    The search ends at the end of the window, when the log is whole, or at its limits of pages and seconds.
    """
    # A quoted term, not a JSON pattern: it is exact enough, and the laptop's emulator understands it. Events of other
    # executions that mention this one, such as the owner of a lease, are left out below.
    request: dict[str, Any] = {
        "logGroupName": group,
        "filterPattern": f'"{execution_arn}"',
        "startTime": span.start,
        "endTime": span.end,
    }
    found: dict[int, LogEvent] = {}
    unreadable, until = 0, clock() + MOST_SECONDS
    for _ in range(MOST_PAGES):
        page = logs.filter_log_events(**request)
        lines = [str(event["message"]) for event in page.get("events", ())]
        events = list(parse_lines(lines, execution_arn))
        unreadable += sum(event is None for event in events)
        found.update((event.id, event) for event in events if event is not None)
        token = page.get("nextToken")
        if not token or is_whole(found):
            return _log(found, span, True, unreadable)
        if clock() >= until:
            break
        request["nextToken"] = token
    return _log(found, span, False, unreadable)


def _log(found: Mapping[int, LogEvent], span: Window, searched_all: bool, unreadable: int) -> EventLog:
    events = tuple(found[number] for number in sorted(found))
    return EventLog(events=events, window=span, searched_all=searched_all, unreadable=unreadable)


def is_whole(found: Mapping[int, LogEvent]) -> bool:
    """Whether these are all events of an execution, by id: each from the first to its end."""
    return any(event.type in ENDS and len(found) == number for number, event in found.items())


def parse_lines(lines: Iterable[str], execution_arn: str) -> Iterator[LogEvent | None]:
    """The events of this execution; None for a line that names it and is no event."""
    for line in lines:
        try:
            record: Any = json.loads(line)
        except ValueError:
            yield None
            continue
        if not isinstance(record, dict):
            yield None
            continue
        fields = cast(Mapping[str, Any], record)
        if fields.get("execution_arn") == execution_arn:
            yield _event(fields)


def _event(fields: Mapping[str, Any]) -> LogEvent | None:
    try:
        details = fields.get("details")
        return LogEvent(
            id=int(fields["id"]),
            type=str(fields["type"]),
            previous=int(fields.get("previous_event_id") or 0),
            at=int(fields["event_timestamp"]),
            details=cast(Mapping[str, Any], details) if isinstance(details, dict) else {},
        )
    except (KeyError, TypeError, ValueError):
        return None
