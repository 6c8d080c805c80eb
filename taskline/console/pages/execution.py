"""One execution: its graph, timeline, steps and events, which share one selection through the address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from taskline import links
from taskline.console.basis.commands import command
from taskline.console.executions.drawing.graph_svg import graph_svg
from taskline.console.executions.drawing.markup import shape, tag
from taskline.console.executions.drawing.timeline import timeline_of
from taskline.console.executions.loading import ExecutionUnavailable, Hint, Loaded, load
from taskline.console.executions.model import Execution, Outcome, StateRun, StepStatus, Visit
from taskline.console.executions.payloads import parts_of, readable
from taskline.console.executions.subject import executions_of, task_status
from taskline.console.reading.api import Problem
from taskline.console.web.console import Console
from taskline.console.web.page import console_of, render
from taskline.console.web.templating import SHOWN_BYTES, query

PATH: Final = "/executions"
VIEWS: Final = ("graph", "timeline", "steps", "events")
MOST_ROWS: Final = 400
SHARED_SECONDS: Final = 2.0
BADGES: Final[Mapping[str, str]] = {
    "succeeded": "succeeded",
    "caught": "warning",
    "failed": "failed",
    "timed out": "failed",
    "aborted": "cancelled",
    "running": "processing",
}
"""How a status looks; others look like what waits."""


def execution(request: Request) -> Response:
    """The page of an execution; without `arn`, what to do to find one."""
    chosen = request.query_params
    if not chosen.get("arn"):
        return render(request, "executions/find.html", title="Executions", section="tasks")
    console = console_of(request)
    loaded = _loaded(console, chosen["arn"], chosen.get("task", ""))
    found = loaded.execution
    step = found.states.get(chosen.get("step", "")) or _most_telling(found)
    visit = _visit(step, chosen.get("visit", ""))
    view = chosen.get("view", "") if chosen.get("view") in VIEWS else VIEWS[0]
    task_id = found.task_id or chosen.get("task") or ""
    link = _links(found.arn, chosen.get("task", ""), view, step.name if step else "")
    about, source = _source(loaded, step)
    return render(
        request,
        "executions/execution.html",
        title=f"Execution {found.name}",
        section="tasks",
        live=found.outcome is Outcome.RUNNING,
        command=command(console.stage, "get", task_id) if task_id else "",
        execution=found,
        kept=loaded.setup.keeps_history,
        task_id=task_id,
        task_status=task_status(found.output),
        view=view,
        views=VIEWS,
        link=link,
        badge=_badge,
        at=_iso,
        step=step,
        visit=visit,
        about=about,
        source=source,
        shown_parts=parts_of(visit, SHOWN_BYTES, chosen.get("show", "")) if visit else [],
        mark=_mark,
        readable=readable,
        aws=None if console.stage.is_laptop else _aws(found),
        **_view(view, loaded, step, link, chosen.get("event", "")),
    )


def events(request: Request) -> Response:
    """The events of an execution as a file, in the form of its log."""
    chosen = request.query_params
    found = _loaded(console_of(request), chosen.get("arn", ""), chosen.get("task", "")).execution
    name = "".join(one for one in found.name if one.isalnum() or one in "-_")
    return JSONResponse(
        [
            {
                "id": one.id,
                "type": one.type,
                "previous_event_id": one.previous,
                "at": _iso(one.at),
                "details": one.details,
            }
            for one in found.events
        ],
        headers={"Content-Disposition": f'attachment; filename="{name}-events.json"'},
    )


def _loaded(console: Console, arn: str, task_id: str) -> Loaded:
    hint = _hint(console, arn, task_id)
    stage = console.stage

    def read() -> Loaded:
        states, logs = stage.client("stepfunctions"), stage.client("logs")
        return load(states, logs, arn, now=round(time.time() * 1000), hint=hint, is_laptop=stage.is_laptop)

    try:
        return console.shared.get(("execution", arn, hint), SHARED_SECONDS, read)
    except ExecutionUnavailable as error:
        raise Problem(404, "The execution cannot be shown", f"{error} {error.remedy}".strip()) from error


def _hint(console: Console, arn: str, task_id: str) -> Hint:
    """When the task's record says that the execution was; nothing if it does not say."""
    if not task_id:
        return Hint()
    try:
        history: Sequence[Mapping[str, Any]] = console.task(task_id).get("history") or ()
    except Problem:
        return Hint()
    known = next((one for one in executions_of(history) if one.arn == arn), None)
    return Hint() if known is None else Hint(started=known.started, ended=known.ended)


def _most_telling(found: Execution) -> StateRun | None:
    """The state to show first: the one that failed or is running, else the last with a problem, else the last Task."""
    visits = found.visits
    for fits in (_is_open_or_failed, _has_problem, _does_something, bool):
        for visit in reversed(visits):
            if fits(visit):
                return found.states[visit.state]
    return None


def _is_open_or_failed(visit: Visit) -> bool:
    return visit.status in (StepStatus.FAILED, StepStatus.RUNNING) and visit.type != "Fail"


def _has_problem(visit: Visit) -> bool:
    return visit.problem is not None


def _does_something(visit: Visit) -> bool:
    return visit.type == "Task"


def _visit(step: StateRun | None, number: str) -> Visit | None:
    if step is None or not step.visits:
        return None
    return next((one for one in step.visits if str(one.number) == number), step.visits[-1])


Link = Callable[..., str]


def _links(arn: str, task_id: str, view: str, step: str) -> Link:
    """Addresses of this page: what is not named stays as it is, apart from the visit, the event and what is shown."""

    def link(**changes: Any) -> str:
        return query(PATH, {"arn": arn, "task": task_id, "view": view, "step": step, **changes})

    return link


def _view(view: str, loaded: Loaded, step: StateRun | None, link: Link, event: str) -> dict[str, Any]:
    """What only this view needs."""
    found = loaded.execution
    if view == "graph":
        return {"graphs": _graphs(loaded, step, link)}
    if view == "timeline":
        return {"timeline": timeline_of(found, round(time.time() * 1000))}
    if view == "steps":
        return {
            "visits": found.visits[:MOST_ROWS],
            "left_out": max(0, len(found.visits) - MOST_ROWS),
            "step_counts": {name: len(run.visits) for name, run in found.states.items()},
        }
    state_of = {number: one.state for one in found.visits for number in one.events}
    chosen = next((one for one in found.events if str(one.id) == event), None)
    return {
        "shown_events": found.events[:MOST_ROWS],
        "left_out": max(0, len(found.events) - MOST_ROWS),
        "state_of": state_of,
        "chosen": chosen,
        "chosen_text": json.dumps(chosen.details, indent=2, ensure_ascii=False)[:SHOWN_BYTES] if chosen else "",
    }


def _graphs(loaded: Loaded, step: StateRun | None, link: Link) -> list[tuple[str, Markup]]:
    """The machine, and under it what is inside its Parallel and Map states."""
    definition, selected = loaded.definition, step.name if step else ""
    graphs: list[tuple[str, Markup]] = []
    for scope in definition.scopes:
        title = "" if scope.owner is None else f"Inside {scope.owner}, branch {scope.branch + 1}"
        if scope.owner is not None and definition.states[scope.owner].type == "Map":
            title = f"Inside {scope.owner}, for each item"
        svg = graph_svg(definition, scope, loaded.execution, lambda name: f"{link(step=name)}#step", selected)
        graphs.append((title, svg))
    return graphs


def _badge(status: str) -> str:
    """How the badge of a status, or of an outcome, looks."""
    return BADGES.get(status, "queued")


def _source(loaded: Loaded, step: StateRun | None) -> tuple[str, str]:
    """What a state is for, and its definition."""
    state = loaded.definition.states.get(step.name) if step else None
    if state is None:
        return "", ""
    return state.comment, json.dumps(state.source, indent=2, ensure_ascii=False)


def _mark(status: str) -> Markup:
    """The mark of a status, for the legend."""
    box = {"class": "legend-mark", "viewBox": "0 0 16 16", "width": "16", "height": "16", "aria-hidden": "true"}
    return tag("svg", {**box}, shape(StepStatus(status), 0, 0))


def _iso(milliseconds: int | None) -> str | None:
    """For the filters of templates that show times."""
    if milliseconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03}+00:00"


def _aws(found: Execution) -> str:
    """The execution in AWS's own console."""
    started = None if found.start is None else datetime.fromtimestamp(found.start / 1000, UTC)
    return links.execution(found.arn, started)
