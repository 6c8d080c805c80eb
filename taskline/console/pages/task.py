"""One task: where it is, since when, what failed, what to do next, and who waits behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from taskline.console.basis.advice import advice
from taskline.console.basis.commands import command, curl
from taskline.console.basis.words import moment
from taskline.console.drawing.timeline import timeline
from taskline.console.reading.api import Problem
from taskline.console.reading.lists import API_PAGE
from taskline.console.web.console import Console
from taskline.console.web.page import Sent, console_of, go_to, render
from taskline.console.web.templating import SHOWN_BYTES, pretty
from taskline.statuses import OPEN, WAITING

Document = dict[str, Any]
VIEWS: Final = ("timeline", "events")
PARTS: Final = ("data", "result")


def task(request: Request) -> Response:
    """The page of a task; `view` is the tab, `show` a part that is shown whole."""
    console, task_id = console_of(request), request.path_params["task_id"]
    found = console.task(task_id)
    view = request.query_params.get("view", VIEWS[0])
    same_key = _same_key(console, found)
    return render(
        request,
        "task.html",
        title=found.get("title") or task_id,
        section="tasks",
        live=found["status"] in OPEN,
        task=found,
        timeline=timeline(found, datetime.now(UTC), _held_since(console, found)),
        view=view if view in VIEWS else VIEWS[0],
        advice=advice(found["error"]["class"]) if found.get("error") else "",
        parts=[
            _part(found, name, request.query_params.get("show", "")) for name in PARTS if found.get(name) is not None
        ],
        neighbours=_neighbours(same_key, task_id),
        gate=_gate(console, found),
        executions=_executions(found),
        command=command(console.stage, "get", task_id),
        curl=curl(console.stage, "GET", f"/tasks/{quote(task_id, safe='')}"),
        path=f"/tasks/{quote(task_id, safe='')}",
        next_try=_next_try(found),
    )


def download(request: Request) -> Response:
    """The data or the result of a task as a file."""
    task_id, part = request.path_params["task_id"], request.path_params["part"]
    found = console_of(request).task(task_id)
    if part not in PARTS or found.get(part) is None:
        raise Problem(404, "There is no such part", f"The task has no {part}.")
    name = "".join(one for one in task_id if one.isalnum() or one in "-_")
    return JSONResponse(found[part], headers={"Content-Disposition": f'attachment; filename="{name}-{part}.json"'})


def redrive(sent: Sent) -> Response:
    """Redrive the task, and see it go."""
    task_id = sent.request.path_params["task_id"]
    console_of(sent.request).api.redrive_task(task_id)
    return go_to(f"/tasks/{quote(task_id, safe='')}", "Redriven: it waits at its original position in its key.")


def cancel(sent: Sent) -> Response:
    """Cancel the task."""
    task_id = sent.request.path_params["task_id"]
    console_of(sent.request).api.cancel(task_id)
    return go_to(f"/tasks/{quote(task_id, safe='')}", "Cancelled.")


def _same_key(console: Console, found: Document) -> Sequence[Document]:
    """The newest tasks of its key; none if they cannot be listed, since the task can be shown without them."""
    try:
        return console.tasks(ordering_key=found["ordering_key"], limit=API_PAGE)["tasks"]
    except Problem:
        return ()


def _neighbours(tasks: Sequence[Document], task_id: str) -> Document:
    """The tasks before and after it in its key, and how many wait behind it, as far as they are among the newest."""
    ids = [one["task_id"] for one in tasks]
    if task_id not in ids:
        return {"previous": None, "next": None, "behind": None, "ahead": None}
    place = ids.index(task_id)
    return {
        "previous": tasks[place + 1] if place + 1 < len(tasks) else None,
        "next": tasks[place - 1] if place else None,
        "behind": sum(one["status"] in WAITING for one in tasks[:place]),
        "ahead": sum(one["status"] in OPEN for one in tasks[place + 1 :]),
    }


def _held_since(console: Console, found: Document) -> datetime | None:
    """Since when an open breaker keeps this task from being processed."""
    if found["status"] != "queued":
        return None
    try:
        breaker = console.breaker()
    except Problem:
        return None
    return moment(breaker.get("since")) if breaker["state"] == "open" else None


def _gate(console: Console, found: Document) -> Document | None:
    """Its key, if that is closed and so concerns it; None as well if the key cannot be read."""
    if found["status"] not in ("parked", "failed", "processing"):
        return None
    try:
        key = console.key(found["ordering_key"], found.get("tenant") or "")
    except Problem:
        return None
    return key if key["state"] == "closed" else None


def _part(found: Mapping[str, Any], name: str, whole: str) -> Document:
    """Data or result, cut unless it is asked for whole."""
    text = pretty(found[name])
    size = len(json.dumps(found[name], ensure_ascii=False).encode())
    cut = len(text) > SHOWN_BYTES and whole != name
    return {"name": name, "size": size, "text": text[:SHOWN_BYTES] if cut else text, "cut": cut}


def _executions(found: Document) -> list[str]:
    """The executions that the history names, oldest first, each once."""
    return list(dict.fromkeys(one["execution"] for one in found.get("history", ()) if one.get("execution")))


def _next_try(found: Document) -> datetime | None:
    """When the next run starts, while the task waits for it."""
    history: list[Document] = found.get("history") or []
    last = history[-1] if history else {}
    at = moment(last.get("at"))
    if found["status"] != "processing" or at is None or last.get("retry_in") is None:
        return None
    return datetime.fromtimestamp(at.timestamp() + float(last["retry_in"]), UTC)
