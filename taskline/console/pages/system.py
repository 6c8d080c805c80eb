"""What the stage is made of: outputs, settings, alarms, versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib import metadata
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis.commands import command
from taskline.console.basis.words import duration
from taskline.console.reading.aws import QueueDepth
from taskline.console.reading.together import together
from taskline.console.web.console import Console
from taskline.console.web.page import console_of, render
from taskline.lanes import Lane, lanes_of

Rows = list[tuple[str, str]]


class LaneRow(NamedTuple):
    """A lane as the page shows it."""

    name: str
    depth: QueueDepth
    pipe: str
    stopped: bool
    note: str


PACKAGES: Final = ("taskline", "starlette", "jinja2", "httpx", "boto3", "pygal")


def system(request: Request) -> Response:
    """The page. What cannot be read says so."""
    console = console_of(request)
    settings = {f"settings {number}": partial(read, console) for number, read in enumerate(_SETTINGS)}
    own = {"alarms": console.alarms, "health": console.health, "document": console.document}
    lanes = {"lanes": console.lanes, "breaker": console.breaker} if _has_lanes(console) else {}
    found = together({**own, **lanes, **settings})
    return render(
        request,
        "system.html",
        title="System",
        section="system",
        live=True,
        found=found,
        lanes=lane_rows(found["lanes"] or (), found["breaker"] or {}) if lanes else [],
        settings=[row for name in settings for row in found[name] or ()],
        outputs=list(_outputs(console.stage.outputs)),
        versions=list(_versions(found["document"])),
        command=command(console.stage, "doctor"),
    )


def _has_lanes(console: Console) -> bool:
    """Whether there are more lanes than the one that every stage has."""
    return len(lanes_of(console.stage.outputs)) > 1


def lane_rows(lanes: Iterable[tuple[Lane, QueueDepth]], breaker: Mapping[str, Any]) -> list[LaneRow]:
    """Each lane with its messages, the state of its pipe, and what is special about it."""
    pipes: Mapping[str, Any] = {pipe["name"]: pipe for pipe in breaker.get("pipes") or ()}
    return [
        LaneRow(
            name=lane.name,
            depth=depth,
            pipe=pipes.get(lane.pipe_name, {}).get("current_state", ""),
            stopped=pipes.get(lane.pipe_name, {}).get("stopped", False),
            note=_note(lane, waits=pipes.get(lane.pipe_name, {}).get("waits", False)),
        )
        for lane, depth in lanes
    ]


def _note(lane: Lane, *, waits: bool) -> str:
    if waits:
        return "waits until the lanes before are empty"
    return "gets no new tasks, and drains" if lane.drains else ""


def _outputs(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted(outputs):
        value = outputs[name]
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _breaker(console: Console) -> Rows:
    rules = console.breaker_rules()
    words = {
        "failure_percent": ("Breaker opens at", "{} % of runs failed"),
        "minimum_attempts": ("Breaker judges from", "{} runs"),
        "period_seconds": ("Breaker's period", "{} s"),
        "cool_down_seconds": ("Breaker's cool-down", "{} s"),
        "probe_seconds": ("Breaker's probe", "{} s"),
    }
    return [(name, text.format(rules[key])) for key, (name, text) in words.items() if key in rules]


def _queue(console: Console) -> Rows:
    found = console.queue_settings("queue_url")
    policy = json.loads(found.get("RedrivePolicy", "{}"))
    return [
        ("Queue keeps messages for", duration(float(found.get("MessageRetentionPeriod", 0)))),
        ("Queue hides a message for", duration(float(found.get("VisibilityTimeout", 0)))),
        ("Queue gives up after", f"{policy.get('maxReceiveCount', 'no')} deliveries"),
    ]


def _dead(console: Console) -> Rows:
    found = console.queue_settings("dead_letter_queue_url")
    return [("Dead letters are kept for", duration(float(found.get("MessageRetentionPeriod", 0))))]


def _processor(console: Console) -> Rows:
    found = console.processor_settings()
    return [("A run may take", f"{found['Timeout']} s"), ("Processor's memory", f"{found['MemorySize']} MB")]


_SETTINGS: Final = (_processor, _queue, _dead, _breaker)


def _versions(document: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if document:
        yield "API", f"{document['info']['version']} (OpenAPI {document['openapi']})"
    yield "Python", platform.python_version()
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
