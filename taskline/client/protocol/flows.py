"""What takes several requests: to wait for a task, to walk through pages, to redrive until nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taskline.client.basis.errors import Conflict, TaskFailed, TasklineError, TimedOut, UnexpectedReply, WaitTimedOut
from taskline.client.protocol import calls
from taskline.client.protocol.commands import Emit, Flow, Pause
from taskline.client.protocol.retrying import Caller
from taskline.client.results.redrive import RedriveReport
from taskline.client.results.tasks import Task

FIRST_POLL, LONGEST_POLL, POLL_FACTOR = 0.1, 5.0, 1.5
MAX_STALLED = 5  # redrives that come to no task, because the dead-letter queue is slow, before we give up
_ONE_LOOK = 1.0  # seconds that the first look at a task may take, however short the wait


def wait(caller: Caller, task_id: str, *, timeout: float | None, raise_on_failure: bool, operator: bool) -> Flow[Task]:
    """Read the task until it is over. `WaitTimedOut` after `timeout` seconds, `TaskFailed` if that is asked for."""
    clock = caller.clock
    began = clock.monotonic()
    ends = None if timeout is None else began + timeout
    task: Task | None = None
    pause = FIRST_POLL
    while True:
        task = yield from _look(caller, task_id, operator, ends, task)
        if task.is_over:
            return _checked(task, raise_on_failure)
        remaining = pause if ends is None else ends - clock.monotonic()
        if remaining <= 0:
            raise _not_over(task_id, task)
        yield Pause(seconds=min(pause, remaining))
        pause = min(pause * POLL_FACTOR, LONGEST_POLL)


def _look(caller: Caller, task_id: str, operator: bool, ends: float | None, seen: Task | None) -> Flow[Task]:
    """The task as it is now; the first look is always taken, later ones only before the wait is over."""
    now = caller.clock.monotonic()
    if ends is not None and seen is None:
        ends = max(ends, now + _ONE_LOOK)
    if ends is not None and now >= ends:
        raise _not_over(task_id, seen)
    try:
        return (yield from caller.perform(calls.read_task(task_id, operator=operator), ends))
    except TimedOut as error:
        if ends is not None and caller.clock.monotonic() >= ends:
            raise _not_over(task_id, seen) from error
        raise


def _not_over(task_id: str, seen: Task | None) -> WaitTimedOut:
    status = seen.status if seen else "not known yet"
    error = WaitTimedOut(f"The task {task_id} was not over in time; its status is {status}.", retryable=True)
    error.partial = seen
    return error


def _checked(task: Task, raise_on_failure: bool) -> Task:
    if raise_on_failure and task.status != "succeeded":
        why = f": {task.error.type}: {task.error.message}" if task.error else ""
        error = TaskFailed(f"The task {task.task_id} is {task.status}{why}")
        error.partial = task
        raise error
    return task


def pages(caller: Caller, filters: Mapping[str, Any], *, operator: bool) -> Flow[None]:
    """Emit each page of a list. A short or empty page with a cursor is not the end."""
    cursor: str | None = filters.get("cursor")
    while True:
        page = yield from caller.perform(calls.list_tasks({**filters, "cursor": cursor}, operator=operator))
        yield Emit(value=page)
        if page.cursor is None:
            return
        cursor = _next_cursor("GET /tasks", cursor, page.cursor)


def closed_keys(caller: Caller, page_size: int) -> Flow[None]:
    """Emit each closed key, page after page."""
    cursor: str | None = None
    while True:
        page = yield from caller.perform(calls.list_keys(page_size, cursor))
        for key in page.keys:
            yield Emit(value=key)
        if page.cursor is None:
            return
        cursor = _next_cursor("GET /keys", cursor, page.cursor)


def _next_cursor(request: str, cursor: str | None, following: str) -> str:
    if following == cursor:
        raise UnexpectedReply(f"{request}: the list does not go on: a page names its own cursor as the next.")
    return following


@dataclass(frozen=True, kw_only=True)
class Redrive:
    """Which failed tasks to redrive: those that match all filters, or those with these ids."""

    task_ids: tuple[str, ...] | None
    dry_run: bool
    filters: Mapping[str, Any]

    @classmethod
    def of(cls, *, task_ids: Iterable[str] | None, dry_run: bool, **filters: Any) -> Redrive:
        """From a method's arguments. `ValueError` for ids and filters together, and for times without a zone."""
        given = {name: _moment(name, one) for name, one in calls.without_nones(filters).items() if one is not False}
        if task_ids is None:
            return cls(task_ids=None, dry_run=dry_run, filters=given)
        if given:
            raise ValueError(f"Redrive by task_ids or by filters, not by both: {', '.join(sorted(given))}")
        if isinstance(task_ids, str):
            raise ValueError("task_ids is one text; pass a list of ids.")  # noqa: TRY004 as are all wrong arguments
        return cls(task_ids=tuple(task_ids), dry_run=dry_run, filters={})


def _moment(name: str, value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{name} has no time zone; pass for example datetime.now(UTC)")
    return value.isoformat()


def redrive_all(caller: Caller, redrive: Redrive) -> Flow[RedriveReport]:
    """Redrive until nothing is left; one report of it all. An error has the report of what was done as `partial`."""
    reports: list[RedriveReport] = []
    try:
        for_each = redrive_step_by_step(caller, redrive)
        value: Any = None
        while True:
            command = for_each.send(value)
            value = None
            if isinstance(command, Emit):
                reports.append(command.value)
            else:
                value = yield command
    except StopIteration:
        return RedriveReport.sum(reports) if reports else _report(redrive.dry_run, [])
    except TasklineError as error:
        error.partial = RedriveReport.sum(reports) if reports else None
        raise


def redrive_step_by_step(caller: Caller, redrive: Redrive) -> Flow[None]:
    """Emit the report of each request, and follow their continuations."""
    if redrive.task_ids is not None:
        yield from _redrive_by_id(caller, redrive.task_ids, redrive.dry_run)
        return
    request = {**redrive.filters, "dry_run": redrive.dry_run}
    stalled = 0
    while True:
        report = yield from caller.perform(calls.redrive_tasks(request))
        yield Emit(value=report)
        if report.continuation is None:
            return
        stalled = stalled + 1 if report.continuation == request.get("continuation") and not report.tasks else 0
        if stalled == MAX_STALLED:
            raise UnexpectedReply(f"POST /redrive: {stalled} requests one after the other redrove nothing.")
        if stalled:
            yield Pause(seconds=LONGEST_POLL)
        request = {**request, "continuation": report.continuation}


def _redrive_by_id(caller: Caller, task_ids: Iterable[str], dry_run: bool) -> Flow[None]:
    """In the order in which they were accepted. `Conflict`, and nothing is redriven, if one of them has not failed."""
    tasks: list[Task] = []
    for task_id in dict.fromkeys(task_ids):
        task = yield from caller.perform(calls.read_task(task_id, operator=True))
        if task.status != "failed":
            raise Conflict(f"The task {task_id} is {task.status}, and only failed tasks are redriven. None was.")
        tasks.append(task)
    tasks.sort(key=lambda task: task.created_at)
    if dry_run:
        yield Emit(value=_report(True, tasks))
        return
    for task in tasks:
        report = yield from caller.perform(calls.redrive_task(task.task_id))
        yield Emit(value=report)


def _report(dry_run: bool, tasks: Iterable[Task]) -> RedriveReport:
    """A report in the API's form, of what the client itself found out."""
    lines = [
        calls.without_nones(
            {
                "task_id": task.task_id,
                "ordering_key": task.ordering_key,
                "type": task.type,
                "redrives": task.redrives + 1,
                "error_class": task.error.error_class if task.error else None,
                "failed_at": task.finished_at,
            }
        )
        for task in tasks
    ]
    return RedriveReport.read({"dry_run": dry_run, "tasks": lines})
