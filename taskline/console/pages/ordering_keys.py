"""Ordering keys: all with open tasks, and one as a lane."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.basis.words import between
from taskline.console.reading import keys, lists
from taskline.console.reading.api import Problem
from taskline.console.reading.together import together
from taskline.console.web.page import console_of, render
from taskline.statuses import WAITING

Document = dict[str, Any]
SHOWN: Final = 200
CLIENTS: Final = 10


def ordering_keys(request: Request) -> Response:
    """Keys with open tasks, the longest wait first."""
    console = console_of(request)
    waiting, more_waiting = console.waiting()
    working, more_working = console.working()
    found = keys.keys(working, waiting)
    gates = together({"closed": console.closed_keys})
    return render(
        request,
        "keys.html",
        title="Ordering keys",
        section="keys",
        live=True,
        keys=found[:SHOWN],
        number=len(found),
        gates=gates["closed"],
        problems=gates.problems,
        waiting=len(waiting),
        longest=max((len(key.waiting) for key in found), default=0),
        more=more_waiting or more_working,
        looked_at=lists.MOST_LOOKED_AT,
        command=command(console.stage, "keys"),
    )


def one_key(request: Request) -> Response:
    """The newest tasks of a key as a lane, in the order in which they were accepted."""
    console, name = console_of(request), request.query_params.get("key", "")
    if not name:
        raise Problem(400, "Which key?", "The address names no key.")
    cursor = request.query_params.get("cursor", "")
    page = console.tasks(ordering_key=name, limit=lists.API_PAGE, cursor=cursor)
    lane: list[Document] = page["tasks"][::-1]
    clients = sorted({task.get("tenant") or "" for task in lane})[:CLIENTS] or [""]
    read = together({client: partial(console.key, name, client) for client in clients})
    return render(
        request,
        "key.html",
        title=f"Key {name}",
        section="keys",
        live=not cursor,
        name=name,
        lane=lane,
        cursor=page.get("cursor", ""),
        first=not cursor,
        head=_head(lane),
        waiting=sum(task["status"] == "queued" for task in lane),
        parked=sum(task["status"] == "parked" for task in lane),
        clients=clients,
        gates=[one for client in clients if (one := read[client]) and one["state"] == "closed"],
        problems=read.problems,
        last_failure=next((task for task in reversed(lane) if task["status"] == "failed"), None),
        took=between,
        command=command(console.stage, "keys", name),
    )


def _head(lane: Sequence[Document]) -> Document | None:
    """The task at work or, without one, the first that waits."""
    working = [task for task in lane if task["status"] == "processing"]
    waiting = [task for task in lane if task["status"] in WAITING]
    return next(iter([*working, *waiting]), None)
