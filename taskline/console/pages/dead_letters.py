"""Failed tasks in groups, and the dry run of a redrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.basis.words import moment
from taskline.console.reading import aws
from taskline.console.reading.failures import Group, groups
from taskline.console.web.console import Console
from taskline.console.web.page import console_of, render

Document = dict[str, Any]
FILTERS: Final = ("error_class", "type", "ordering_key", "failed_from", "failed_until")
CLASSES: Final = ("VALIDATION", "NETWORK", "RATE_LIMIT", "SYSTEM", "UNKNOWN")
# The dry run goes on for so many pages of the API, so that the number is exact as far as anybody redrives by hand.
PREVIEW_PAGES: Final = 10
PREVIEW_LIMIT: Final = 200
SHOWN: Final = 20
CONFIRM_ABOVE: Final = 100
WARN: Final = timedelta(days=11)


def dead_letters(request: Request) -> Response:
    """The groups; filters are in the address."""
    console = console_of(request)
    given = filters_of(request)
    failed, more = console.failed()
    matching = [task for task in failed if matches(task, given)]
    found, unreadable = grouped(console, matching)
    return render(
        request,
        "dead_letters.html",
        title="Dead letters",
        section="dead-letters",
        live=True,
        groups=found,
        given=given,
        filtered=any(given.values()),
        number=len(matching),
        more=more,
        looked_at=len(failed),
        unreadable=unreadable,
        depth=_depth(console),
        classes=CLASSES,
        types=console.known_types(),
        old=[one for one in matching if _is_old(one)],
        jobs=console.jobs.of("redrive"),
        command=command(console.stage, "dead-letters", "list", **given),
    )


def preview(request: Request) -> Response:
    """The dry run: what a redrive with these filters would do, in words."""
    console = console_of(request)
    given = filters_of(request)
    tasks: list[Document] = []
    malformed: list[Document] = []
    busy: set[str] = set()
    continuation = ""
    for _ in range(PREVIEW_PAGES):
        report = console.api.redrive(**given, dry_run=True, limit=PREVIEW_LIMIT, continuation=continuation)
        tasks += report["tasks"]
        malformed += report.get("malformed", ())
        busy |= set(report.get("busy_keys", ()))
        continuation = report.get("continuation") or ""
        if not continuation:
            break
    return render(
        request,
        "redrive_preview.html",
        title="Redrive: dry run",
        section="dead-letters",
        given=given,
        words=in_words(given),
        tasks=tasks,
        shown=tasks[:SHOWN],
        keys=len({task["ordering_key"] for task in tasks}),
        malformed=malformed,
        busy=sorted(busy),
        more=bool(continuation),
        confirm=len(tasks) > CONFIRM_ABOVE or bool(continuation),
        command=command(console.stage, "dead-letters", "redrive", **given, all=not any(given.values()), dry_run=True),
    )


def preview_group(request: Request) -> Response:
    """What a redrive of one group would do: its tasks one by one, oldest first."""
    console = console_of(request)
    group = find_group(console, request.query_params)
    return render(
        request,
        "redrive_group.html",
        title="Redrive a group: dry run",
        section="dead-letters",
        group=group,
        words=group_in_words(group) if group else "",
        shown=group.tasks[::-1][:SHOWN] if group else [],
        confirm=bool(group and len(group.tasks) > CONFIRM_ABOVE),
    )


def find_group(console: Console, wanted: Mapping[str, str]) -> Group | None:
    """The group of that type, class and message as it is now."""
    failed, _ = console.failed()
    alike = [
        task
        for task in failed
        if task["type"] == wanted.get("type") and (task.get("error_class") or "") == wanted.get("error_class")
    ]
    found, _ = grouped(console, alike)
    return next((group for group in found if (group.message or "") == wanted.get("message", "")), None)


def grouped(console: Console, tasks: list[Document]) -> tuple[list[Group], str]:
    """The groups, and why messages could not be read, if so: then the groups are by type and class alone."""
    try:
        return groups(tasks, console.errors.of(tasks)), ""
    except aws.Unreadable as error:
        return groups(tasks, {}), str(error)


def filters_of(request: Request) -> dict[str, str]:
    """The filters of the address. What the API would refuse, it refuses."""
    return {name: request.query_params.get(name, "").strip() for name in FILTERS}


def in_words(given: Mapping[str, str]) -> str:
    """The filters as a sentence says them."""
    parts = [
        f"of the class {given['error_class']}" if given.get("error_class") else "",
        f"of the type {given['type']}" if given.get("type") else "",
        f"with the ordering key {given['ordering_key']}" if given.get("ordering_key") else "",
        f"that failed at {given['failed_from']} or later" if given.get("failed_from") else "",
        f"that failed at {given['failed_until']} or earlier" if given.get("failed_until") else "",
    ]
    narrowed = ", ".join(part for part in parts if part)
    return f"failed tasks {narrowed}" if narrowed else "all failed tasks, no filter"


def group_in_words(group: Group) -> str:
    """A group as a sentence says it."""
    message = f", message “{group.message}”" if group.message else ""
    return f"failed tasks of the type {group.type}, class {group.error_class}{message}"


def matches(task: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether a failed task matches, as the API's redrive would say."""
    at = moment(task.get("finished_at")) or datetime.min.replace(tzinfo=UTC)
    first, last = moment(given["failed_from"]), moment(given["failed_until"])
    return (
        (given["error_class"] or task.get("error_class")) == task.get("error_class")
        and (given["type"] or task["type"]) == task["type"]
        and (given["ordering_key"] or task["ordering_key"]) == task["ordering_key"]
        and (first is None or at >= first)
        and (last is None or at <= last)
    )


def _depth(console: Console) -> aws.QueueDepth | None:
    try:
        return console.dead_letters()
    except aws.Unreadable:
        return None


def _is_old(task: Mapping[str, Any]) -> bool:
    """Whether its dead letter is deleted in the next days."""
    at = moment(task.get("finished_at"))
    return at is not None and datetime.now(UTC) - at > WARN
