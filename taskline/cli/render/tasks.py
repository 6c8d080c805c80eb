"""Tasks as rows of a table, and one task in full."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from taskline.cli.render.output import Column, Output
from taskline.cli.render.words import age, duration, local_time, roughly, seconds_between

Task = Mapping[str, Any]

TERMINAL = (
    Column(title="Task"),
    Column(title="Status"),
    Column(title="Type", wide=True),
    Column(title="Key", wide=True),
    Column(title="Runs", right=True, spare=True),
    Column(title="Age", right=True),
    Column(title="Waited", right=True, spare=True),
    Column(title="Took", right=True, spare=True),
    Column(title="Error", wide=True),
)
NAMES = (
    *("task_id", "status", "type", "ordering_key", "priority", "attempts"),
    *("created_at", "started_at", "finished_at", "error_class"),
)
COMPLETE = tuple(Column(title=name) for name in NAMES)


def task_table(output: Output, tasks: Iterable[Task], *, empty: str) -> None:
    """A table for people, or in a pipe every field of each task."""
    if output.is_terminal:
        output.table(TERMINAL, [_row(task) for task in tasks], empty=empty)
    else:
        output.table(COMPLETE, ([text(task.get(name)) for name in NAMES] for task in tasks))


def _row(task: Task) -> list[str]:
    created, started, finished = (task.get(name) for name in ("created_at", "started_at", "finished_at"))
    return [
        *(text(task.get(name)) for name in ("task_id", "status", "type", "ordering_key", "attempts")),
        roughly(age(created)),
        duration(seconds_between(created, started)),
        duration(seconds_between(started, finished)),
        text(task.get("error_class")),
    ]


def text(value: Any) -> str:
    """A value of a document as a cell: empty if it is missing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def task_in_full(output: Output, task: Task) -> None:
    """Every field, the error first, and the history."""
    created, started, finished = (task.get(name) for name in ("created_at", "started_at", "finished_at"))
    error: Mapping[str, Any] = task.get("error") or {}
    values = {
        "task": text(task.get("task_id")),
        "status": text(task.get("status")),
        "error": ": ".join(
            filter(None, (text(error.get("class")), text(error.get("type")), text(error.get("message"))))
        ),
        **{name: text(task.get(name)) for name in ("title", "description", "type", "priority")},
        "key": text(task.get("ordering_key")),
        "due": text(task.get("due_date")),
        "accepted": when(output, created),
        "waited": duration(seconds_between(created, started)),
        "took": duration(seconds_between(started, finished)),
        "runs": text(task.get("attempts")),
        "progress": _progress(task),
        "data": text(task.get("data")),
        "result": text(task.get("result")),
    }
    output.fields({name: shown for name, shown in values.items() if shown})
    for entry in task.get("history") or ():
        output.text(history_line(output, entry))


def _progress(task: Task) -> str:
    """How far it is, and whether it was asked to stop."""
    progress: Mapping[str, Any] = task.get("progress") or {}
    parts = (f"{progress['percent']} %", text(progress.get("text"))) if progress else ()
    asked = task.get("cancel_requested_at") and task.get("status") == "processing"
    return ", ".join(filter(None, (*parts, "asked to stop" if asked else "")))


def history_line(output: Output, entry: Mapping[str, Any]) -> str:
    """One change of a task, or one run that failed."""
    if "skipped_by" in entry:
        return f"{when(output, entry.get('at'))}  skipped by {entry['skipped_by']}: {text(entry.get('reason'))}"
    if "attempt" not in entry:
        return f"{when(output, entry.get('at'))}  {entry.get('status')}"
    error: Mapping[str, Any] = entry.get("error") or {}
    again = f", next run in {duration(float(entry['retry_in']))}" if entry.get("retry_in") is not None else ""
    why = ": ".join(filter(None, (text(error.get("class")), text(error.get("message")))))
    return f"{when(output, entry.get('at'))}  run {entry['attempt']} failed: {why}{again}"


def when(output: Output, moment: str | None) -> str:
    """A time in this machine's zone on a terminal, as the API wrote it in a pipe."""
    return local_time(moment) if output.is_terminal else moment or ""
