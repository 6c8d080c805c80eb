"""The load generator: on the laptop only, and bounded."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.pages.submit import PRESETS
from taskline.console.reading.api import Problem
from taskline.console.reading.latencies import PERCENTILES, latencies
from taskline.console.web.console import Console
from taskline.console.web.page import Sent, console_of, go_to, render
from taskline.console.work.loading import MOST_KEYS, MOST_RATE, MOST_TASKS, Load, Plan


def start(sent: Sent) -> Response:
    """Start a load; one at a time."""
    console = console_of(sent.request)
    if not console.stage.is_laptop:
        raise Problem(403, "Only the laptop can be loaded", "Nothing was submitted.")
    if any(job.running for job in console.jobs.of("load")):
        raise Problem(409, "A load is under way", "Stop it first, or wait until it ends.")
    preset = PRESETS.get(sent.text("preset"))
    if preset is None:
        raise Problem(400, "There is no such preset", sent.text("preset"))
    data = {"milliseconds": 50} if preset[1] == "demo.slow" else preset[2]
    plan = Plan(
        type=preset[1],
        data=data,
        tasks=_number(sent, "tasks", MOST_TASKS),
        rate=_number(sent, "rate", MOST_RATE),
        keys=_number(sent, "keys", MOST_KEYS),
    )
    return go_to(f"/loads/{console.jobs.start(Load(console.api.submit_many, plan)).id}")


def show(request: Request) -> Response:
    """How far it is, and how long its tasks take."""
    console, job = console_of(request), _job(request)
    mine = _mine(console, job)
    return render(
        request,
        "load_job.html",
        title="Load",
        section="submit",
        live=True,
        job=job,
        tasks=len(mine),
        ended=sum(bool(task.get("finished_at")) for task in mine),
        failed=sum(task["status"] == "failed" for task in mine),
        latencies=latencies(mine),
        percentiles=PERCENTILES,
        command=command(console.stage, "load", rate=job.plan.rate, keys=job.plan.keys, type=job.plan.type),
    )


def stop(sent: Sent) -> Response:
    """Submit no more."""
    job = _job(sent.request)
    job.stop()
    return go_to(f"/loads/{job.id}", "Stopped: what was accepted still runs.")


def _mine(console: Console, job: Load) -> list[dict[str, Any]]:
    return [task for task in console.newest(1000) if task["ordering_key"].startswith(job.key_prefix)]


def _number(sent: Sent, name: str, most: int) -> int:
    text = sent.text(name)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Problem(400, "The load is out of bounds", f"{name} is {text!r}; it can be 1 to {most}.")
    return int(text)


def _job(request: Request) -> Load:
    job = console_of(request).jobs.get(request.path_params["job_id"])
    if job is None or job.kind != "load":
        raise Problem(404, "This load is not known any more", "The console was restarted, which ends a load.")
    return cast("Load", job)
