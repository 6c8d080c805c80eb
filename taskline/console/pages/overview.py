"""The stage at a glance: what waits, how fast it goes, what failed, and whether it runs at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.basis.words import count, duration
from taskline.console.drawing.chart import Chart, Series
from taskline.console.reading import keys, lists
from taskline.console.reading.api import Problem
from taskline.console.reading.latencies import latencies
from taskline.console.reading.metrics import LastHour
from taskline.console.reading.together import together
from taskline.console.web.page import Sent, console_of, go_to, render
from taskline.console.web.viewer import Viewer, viewer_of

LOOKED_AT: Final = 200
FAILURES: Final = 6


def overview(request: Request) -> Response:
    """The page. What cannot be read says so, what is still being read as well; the rest is shown."""
    console, viewer = console_of(request), viewer_of(request)
    found = together(
        {
            "hour": console.last_hour,
            "waiting": console.waiting,
            "depth": console.depth,
            "dead": console.dead_letters,
            "working": lambda: console.tasks(status="processing", limit=lists.API_PAGE),
            "failures": lambda: console.tasks(status="failed", limit=FAILURES),
            "newest": lambda: latencies(console.newest(LOOKED_AT)),
            "closed": console.closed_keys,
            "breaker": console.breaker,
            "rules": console.breaker_rules,
            "alarms": console.alarms,
            "stats": console.stats,
        }
    )
    waiting: tuple[list[dict[str, Any]], bool] = found["waiting"] or ([], False)
    return render(
        request,
        "overview.html",
        title="Overview",
        section="overview",
        live=True,
        found=found,
        oldest=keys.oldest(waiting[0]),
        older_exist=waiting[1],
        alarms=[alarm for alarm in found["alarms"] or () if alarm.state == "ALARM" and alarm.notifies],
        charts=charts(found["hour"], viewer) if found["hour"] else [],
        command=command(console.stage, "stats"),
    )


def switch(sent: Sent) -> Response:
    """Open or close the breaker, with a reason."""
    console = console_of(sent.request)
    state, reason = sent.text("state"), sent.text("reason")
    if state not in ("open", "closed") or not reason:
        raise Problem(
            400, "A reason is needed", "Say why, for whoever looks at the breaker next. Nothing was changed."
        )
    console.api.set_breaker(state, reason)
    word = "The breaker is open: tasks wait." if state == "open" else "The breaker is closed: tasks run."
    return go_to("/", f"{word} AWS takes up to two minutes to stop or to start the pipe.")


def charts(hour: LastHour, viewer: Viewer) -> list[Chart]:
    """What ended, and how long tasks waited, on the same axis of time."""
    labels = [f"{minute.astimezone(viewer.zone):%H:%M}" for minute in hour.minutes]
    major = [label for label in labels if label.endswith(("00", "15", "30", "45"))]
    shared: Mapping[str, Any] = {"labels": labels, "major": major}
    ended = [Series(name=name, style=name, values=hour.ended[name]) for name in ("failed", "succeeded", "cancelled")]
    waits = [
        Series(name="longest", style="series-b", values=hour.longest_wait),
        Series(name="mean", style="series-a", values=hour.mean_wait),
    ]
    return [
        Chart(title="Ended per minute", unit="tasks", series=ended, stacked=True, word=count, **shared),
        Chart(title="Wait from queue to start", unit="time", series=waits, stacked=False, word=duration, **shared),
    ]
