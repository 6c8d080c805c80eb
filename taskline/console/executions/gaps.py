"""What an execution's log or history does not say, and why: in words for the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from taskline.console.executions.events import ENDS, LONGEST_MS, EventLog, LogEvent
from taskline.console.executions.model import Gap, GapKind
from taskline.console.executions.setup import Chosen, Setup

FRESH_MS: Final = 60_000
"""Delivery to CloudWatch Logs takes seconds, seldom a minute."""
_SETTING: Final = "Settings executionLogLevel and logExecutionData decide what later executions log."


def gaps(log: EventLog, setup: Setup, chosen: Chosen, *, now: int, is_laptop: bool = False) -> tuple[Gap, ...]:
    """Everything that is missing, the most important first. `now` is in milliseconds since 1970."""
    if setup.keeps_history:
        return (*_data(log, setup), *_definition(chosen))
    if not setup.logs:
        text = f"This state machine logs nothing (level {setup.level}), so its executions have no history."
        return (Gap(kind=GapKind.NO_LOG, text=text, remedy=_SETTING),)
    found: list[Gap] = []
    found += _search(log)
    found += _nothing(log, setup, now, is_laptop)
    found += _level(setup)
    found += _data(log, setup)
    found += _events(log, setup, now)
    found += _truncated(log.events)
    found += _definition(chosen)
    return tuple(found)


def _search(log: EventLog) -> Iterator[Gap]:
    if not log.searched_all:
        text = "The search took too long and ended early: there may be more events."
        yield Gap(kind=GapKind.SEARCH, text=text, remedy="Reload, or open the log group in CloudWatch Logs Insights.")
    if log.unreadable:
        text = f"{log.unreadable} lines that name this execution could not be read as events."
        yield Gap(kind=GapKind.SEARCH, text=text)


def _nothing(log: EventLog, setup: Setup, now: int, is_laptop: bool) -> Iterator[Gap]:
    if log.events or not log.searched_all:
        return
    if log.window.latest is not None and now - log.window.latest < FRESH_MS:
        text = "There are no events yet: they reach the log some seconds after they happen."
        yield Gap(kind=GapKind.LATE, text=text, remedy="Reload in a moment.")
        return
    where = f"The log group {setup.log_group} has no events of this execution"
    if setup.level != "ALL":
        text = f"{where}: only failures are logged, and it had none."
        yield Gap(kind=GapKind.NOT_THERE, text=text, remedy=_SETTING)
    elif log.window.latest is None:
        text = f"{where} from the last three hours; when it ran is not known."
        yield Gap(kind=GapKind.NOT_THERE, text=text, remedy="Open it from its task: the task's history has its time.")
    else:
        text = f"{where}: they have expired, or were never delivered."
        if is_laptop:
            text = f"{where}: the laptop keeps only the last few hundred executions."
        yield Gap(kind=GapKind.NOT_THERE, text=text, remedy="The task's own record stays as long as its retention.")


def _level(setup: Setup) -> Iterator[Gap]:
    if setup.level == "ERROR":
        text = "Only failures are logged (level ERROR): successful states and the path between them are not known."
        yield Gap(kind=GapKind.LEVEL, text=text, remedy=_SETTING)
    elif setup.level == "FATAL":
        text = "Only the failure of a whole execution is logged (level FATAL): states are not known."
        yield Gap(kind=GapKind.LEVEL, text=text, remedy=_SETTING)


def _data(log: EventLog, setup: Setup) -> Iterator[Gap]:
    data = ("input", "output", "parameters", "assignedVariables")
    if not setup.data and not any(key in event.details for event in log.events for key in data):
        done = "shown" if setup.keeps_history else "logged"
        text = f"Inputs, outputs and variables are not {done}, because they are your clients' data."
        yield Gap(kind=GapKind.DATA, text=text, remedy=_SETTING)


def _events(log: EventLog, setup: Setup, now: int) -> Iterator[Gap]:
    if setup.level != "ALL" or not log.events:
        return
    missing = _missing(log.events)
    ended = any(event.type in ENDS for event in log.events)
    since = now - log.events[-1].at
    if missing:
        which = f"Events {missing} have not arrived" if since < FRESH_MS else f"Events {missing} were not delivered"
        text = f"{which}: delivery to the log is best effort."
        yield Gap(kind=GapKind.LATE if since < FRESH_MS else GapKind.EVENTS, text=text)
    if not ended and now > log.events[0].at + LONGEST_MS:
        text = "The end of the execution is not in the log, though it can have taken five minutes at most."
        yield Gap(kind=GapKind.EVENTS, text=text, remedy="The task's record has the outcome.")


def _missing(events: Sequence[LogEvent]) -> str:
    """Ids that are not there, as `3, 5-7`."""
    known = {event.id for event in events}
    runs: list[str] = []
    first = 0
    for number in range(1, max(known) + 2):
        if number not in known and number <= max(known):
            first = first or number
        elif first:
            runs.append(str(first) if first == number - 1 else f"{first}-{number - 1}")
            first = 0
    return ", ".join(runs)


def _truncated(events: Sequence[LogEvent]) -> Iterator[Gap]:
    details = ("inputDetails", "outputDetails", "assignedVariablesDetails")
    cut = [
        event.id
        for event in events
        if any(str(dict(event.details.get(key) or {}).get("truncated")).lower() == "true" for key in details)
    ]
    if cut:
        text = f"Data of {len(cut)} events was cut: the log keeps 248 KiB of each value."
        yield Gap(kind=GapKind.TRUNCATED, text=text)


def _definition(chosen: Chosen) -> Iterator[Gap]:
    if chosen.version:
        text = f"The execution fits version {chosen.version} of the machine, not the current definition."
        yield Gap(kind=GapKind.DEFINITION, text=text)
    elif not chosen.fits:
        text = "The definition has changed since this execution: it is drawn on the current one, which does not fit."
        yield Gap(kind=GapKind.DEFINITION, text=text, remedy="The list of events is complete all the same.")
