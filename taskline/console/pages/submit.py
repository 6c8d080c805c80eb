"""Submit a task: a form from the schema of its type, presets for the demo types, a copy of another task."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.reading import schema
from taskline.console.reading.api import Problem
from taskline.console.reading.schema import TypeForm
from taskline.console.web.console import Console
from taskline.console.web.page import Sent, console_of, go_to, render
from taskline.console.web.templating import pretty

Document = dict[str, Any]
FIELDS: Final = ("title", "description", "priority", "ordering_key", "due_date")
PRESETS: Final[Mapping[str, tuple[str, str, Document]]] = {
    "echo": ("Echo: returns its data", "demo.echo", {"hello": "world"}),
    "slow": ("Slow: takes 10 seconds", "demo.slow", {"milliseconds": 10_000}),
    "flaky": ("Flaky: fails now and then", "demo.flaky", {"probability": 0.5, "error_class": "NETWORK", "seed": 1}),
    "failing": ("Failing: always fails", "demo.flaky", {"probability": 1.0, "error_class": "VALIDATION", "seed": 1}),
}
DEFAULTS: Final = {"title": "Say hello", "description": "Submitted from the console", "priority": "medium"}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the form shows: a type, the common fields, and its data as an object; `errors` by field."""

    type: str
    values: Mapping[str, str]
    data: Document = field(default_factory=dict[str, Any])
    raw: str = ""
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    problem: Problem | None = None


def form(request: Request) -> Response:
    """The empty form, one with a preset, or a copy of a task."""
    console = console_of(request)
    if copied := request.query_params.get("copy", ""):
        return _page(request, _copy(console.task(copied)))
    preset = PRESETS.get(request.query_params.get("preset", ""))
    name = request.query_params.get("type", preset[1] if preset else "")
    values = dict(DEFAULTS)
    if preset:
        values |= {"title": preset[0].partition(":")[0] + " task", "ordering_key": "demo"}
    names = console.type_names()
    chosen = name if name in names else ("demo.echo" if "demo.echo" in names else next(iter(names), "default"))
    return _page(request, Draft(type=chosen, values=values, data=preset[2] if preset else {}))


def submit(sent: Sent) -> Response:
    """Submit the task, or show the form again with what is wrong. Sending it twice submits it once."""
    console, request = console_of(sent.request), sent.request
    shape = schema.type_form(console.document(), sent.text("type"))
    values = {name: sent.text(name) for name in FIELDS}
    data, errors = _data(shape, sent)
    raw = sent.text("data")
    if not errors:
        task = {"type": shape.name, "data": data, **{name: value for name, value in values.items() if value}}
        try:
            made = console.api.submit(task, sent.text("idempotency_key") or secrets.token_urlsafe(16))
        except Problem as problem:
            errors = {name.removeprefix("data."): text for name, text in problem.errors}
            draft = Draft(type=shape.name, values=values, data=data, raw=raw, errors=errors, problem=problem)
            return _page(request, draft, status=problem.status or 502)
        return go_to(f"/tasks/{quote(made['task_id'], safe='')}", "Accepted.")
    return _page(request, Draft(type=shape.name, values=values, data=data, raw=raw, errors=errors), status=400)


def _page(request: Request, draft: Draft, status: int = 200) -> Response:
    console = console_of(request)
    document = console.document()
    return render(
        request,
        "submit.html",
        status=status,
        title="Submit",
        section="submit",
        types=console.type_names(),
        shape=schema.type_form(document, draft.type),
        draft=draft,
        raw=draft.raw or pretty(draft.data),
        presets=[(name, one[0]) for name, one in PRESETS.items() if one[1] in console.type_names()],
        idempotency_key=secrets.token_urlsafe(16),
        loads=console.jobs.of("load") if console.stage.is_laptop else [],
        command=_command(console, draft),
    )


def _command(console: Console, draft: Draft) -> str:
    values = {name: value for name, value in draft.values.items() if value}
    data = json.dumps(draft.data, ensure_ascii=False) if draft.data else ""
    return command(console.stage, "submit", type=draft.type, **values, data=data)


def _copy(found: Document) -> Draft:
    values = {name: str(found.get(name) or "") for name in FIELDS}
    return Draft(type=found["type"], values=values, data=found.get("data") or {}, raw=pretty(found.get("data") or {}))


def _data(shape: TypeForm, sent: Sent) -> tuple[Document, dict[str, str]]:
    """The data: from the fields, or from the JSON of a type without fields."""
    if shape.fields and sent.text("how") != "json":
        return schema.filled(shape, {name: sent.text(name) for name in sent.form})
    try:
        data: object = json.loads(sent.text("data") or "{}")
    except ValueError as error:
        return {}, {"data": f"is not JSON: {error}"}
    if not isinstance(data, dict):
        return {}, {"data": "must be a JSON object"}
    return cast("Document", data), {}
