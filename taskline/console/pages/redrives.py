"""A redrive of many: started, watched, stopped, gone on with."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.pages.dead_letters import CONFIRM_ABOVE, FILTERS, find_group, group_in_words, in_words
from taskline.console.reading.api import Problem
from taskline.console.web.page import Sent, console_of, go_to, render
from taskline.console.work.redriving import Redrive, RedriveEach


def start(sent: Sent) -> Response:
    """Redrive what the dry run showed. Filters that differ from those of the dry run stop it."""
    console = console_of(sent.request)
    given = {name: sent.text(name) for name in FILTERS}
    if in_words(given) != sent.text("words"):
        raise Problem(409, "The filters have changed", "Nothing was redriven. Make the dry run once more.")
    expected = _confirmed(sent)
    more = sent.text("more") == "yes"
    job = Redrive(console.api.redrive, {n: v for n, v in given.items() if v}, in_words(given), expected, more)
    return go_to(f"/redrives/{console.jobs.start(job).id}")


def start_group(sent: Sent) -> Response:
    """Redrive one group, task by task."""
    console = console_of(sent.request)
    group = find_group(console, {name: sent.text(name) for name in ("type", "error_class", "message")})
    if group is None:
        raise Problem(409, "The group is gone", "Its tasks have been redriven, or their records have expired.")
    expected = _confirmed(sent)
    if len(group.tasks) != expected:
        raise Problem(
            409, "The group has changed", f"It has {len(group.tasks)} tasks now. Make the dry run once more."
        )
    job = RedriveEach(console.api.redrive_task, group.tasks, group_in_words(group))
    return go_to(f"/redrives/{console.jobs.start(job).id}")


def show(request: Request) -> Response:
    """How far it is."""
    console, job = console_of(request), _job(request)
    return render(
        request,
        "redrive_job.html",
        title="Redrive",
        section="dead-letters",
        live=job.running,
        job=job,
        newest=job.redriven[-20:][::-1],
        keys=len({task["ordering_key"] for task in job.redriven}),
        command=command(console.stage, "dead-letters", "redrive", **job.filters) if job.filters else "",
    )


def stop(sent: Sent) -> Response:
    """Stop after the page that is under way."""
    job = _job(sent.request)
    job.stop()
    return go_to(f"/redrives/{job.id}", "It stops after the tasks that are under way.")


def go_on(sent: Sent) -> Response:
    """Go on where it was stopped."""
    console, old = console_of(sent.request), _job(sent.request)
    if not old.can_go_on:
        raise Problem(409, "There is nothing to go on with", "It has come to its end.")
    left = max(0, old.expected - len(old.redriven))
    job = Redrive(console.api.redrive, old.filters, old.words, left, old.more, old.continuation)
    return go_to(f"/redrives/{console.jobs.start(job).id}")


def _confirmed(sent: Sent) -> int:
    """The number of the dry run; above a hundred it has to be typed."""
    expected = int(sent.text("expected")) if sent.text("expected").isdecimal() else -1
    if expected < 1:
        raise Problem(400, "There is nothing to redrive", "Make the dry run once more.")
    if (expected > CONFIRM_ABOVE or sent.text("more") == "yes") and sent.text("typed") != str(expected):
        raise Problem(400, "The number does not match", f"Type {expected} to redrive so many tasks. Nothing was done.")
    return expected


def _job(request: Request) -> Redrive:
    job = console_of(request).jobs.get(request.path_params["job_id"])
    if job is None or job.kind != "redrive":
        detail = "The console was restarted. What it had redriven stays so; make a dry run of the rest."
        raise Problem(404, "This redrive is not known any more", detail)
    return cast("Redrive", job)
