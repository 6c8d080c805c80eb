"""The list of tasks: filters in the address, pages by the API's cursor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.reading import lists
from taskline.console.reading.api import Problem
from taskline.console.reading.lists import Filters
from taskline.console.web.page import console_of, go_to, render
from taskline.console.web.templating import query
from taskline.console.web.viewer import viewer_of
from taskline.statuses import STATUSES

PAGE: Final = 50
WITHIN: Final = {"15m": ("15 minutes", 15), "1h": ("hour", 60), "24h": ("24 hours", 1440), "7d": ("7 days", 10_080)}
NAMES: Final = ("status", "type", "ordering_key", "within", "from", "until")


def tasks(request: Request) -> Response:
    """A page of tasks. With `live` it is longer, so that rows that move down are still among them."""
    console = console_of(request)
    given = {name: request.query_params.get(name, "").strip() for name in NAMES}
    filters = _filters(given, viewer_of(request).zone)
    cursor = request.query_params.get("cursor", "")
    wanted = lists.API_PAGE if "live" in request.query_params else PAGE
    found = lists.find(console.tasks, filters, cursor=cursor, wanted=wanted)
    return render(
        request,
        "tasks.html",
        title="Tasks",
        section="tasks",
        live=not cursor,
        given=given,
        filtered=any(given.values()),
        found=found,
        first=not cursor,
        by_end=filters.by_end,
        within=WITHIN,
        types=console.known_types(),
        command=command(console.stage, "list", status=given["status"], ordering_key=given["ordering_key"]),
    )


def find_one(request: Request) -> Response:
    """Go to the task of an id, or else to the ordering key of that name."""
    wanted = request.query_params.get("q", "").strip()
    if not wanted:
        return go_to("/tasks")
    try:
        console_of(request).task(wanted)
    except Problem as problem:
        if problem.status not in (400, 404):
            raise
        return _by_key(request, wanted)
    return go_to(f"/tasks/{quote(wanted, safe='')}")


def _by_key(request: Request, wanted: str) -> Response:
    try:
        page = console_of(request).tasks(ordering_key=wanted, limit=1)
    except Problem as problem:
        if problem.status != 400:
            raise
        return _nothing(request, wanted)
    if page["tasks"]:
        return go_to(query("/keys/show", key=wanted))
    return _nothing(request, wanted)


def _nothing(request: Request, wanted: str) -> Response:
    return render(request, "not_found.html", status=404, title="Nothing found", section="tasks", wanted=wanted)


def _filters(given: dict[str, str], zone: tzinfo) -> Filters:
    now = datetime.now(UTC)
    since = now - timedelta(minutes=WITHIN[given["within"]][1]) if given["within"] in WITHIN else None
    return Filters(
        status=given["status"] if given["status"] in STATUSES else "",
        type=given["type"],
        ordering_key=given["ordering_key"],
        since=_local(given["from"], zone) or since,
        until=_local(given["until"], zone),
    )


def _local(text: str, zone: tzinfo) -> datetime | None:
    """What a field for date and time holds: without a zone, it is the viewer's."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=zone)
