"""What `make run` says about tasks: a line when one has ended, and the traceback of a run that failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

FINAL = frozenset({"succeeded", "failed", "cancelled"})
_LONGEST_MESSAGE = 160
Record = Mapping[str, Any]


class Talk:
    """Tells people, or with `as_json` machines, what happens to tasks. For any thread.

    It sees what the table's stream and the functions' logs hold, and asks nothing.
    """

    def __init__(self, say: Callable[[str], None], *, as_json: bool = False) -> None:
        self._say = say
        self._as_json = as_json

    def changes(self, records: Iterable[Record]) -> None:
        """Records of the task table's stream: a line for each task that has ended by it."""
        for record in records:
            change = record["dynamodb"]
            new, old = change.get("NewImage", {}), change.get("OldImage", {})
            if _text(new, "status") in FINAL and _text(new, "status") != _text(old, "status"):
                self._say(self._line(_outcome(new)))

    def logged(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Lines of a function's log: a traceback in one is told with its task's id."""
        for event in events:
            if '"traceback"' not in event["message"]:
                continue
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict) and isinstance(line.get("traceback"), str):  # pyright: ignore[reportUnknownMemberType]
                self._say(self._traceback(line))  # pyright: ignore[reportUnknownArgumentType]

    def _line(self, outcome: Mapping[str, Any]) -> str:
        if self._as_json:
            return json.dumps(outcome)
        error = outcome.get("error")
        took = "" if outcome["milliseconds"] is None else f"{outcome['milliseconds']} ms"
        runs = "" if outcome["attempts"] < 2 else f"{outcome['attempts']} runs"
        why = f"{error['class']}: {error['message'][:_LONGEST_MESSAGE]}" if error else ""
        about = "  ".join(filter(None, (took, runs, why)))
        time = _local(outcome["at"])
        return f"{time}  {outcome['status']:<9}  {outcome['type']}  {outcome['ordering_key']}  {about}".rstrip()

    def _traceback(self, line: Mapping[str, Any]) -> str:
        task, text = line.get("task_id"), line["traceback"]
        if self._as_json:
            return json.dumps({"task_id": task, "attempt": line.get("attempt"), "traceback": text})
        return f"Run {line.get('attempt')} of task {task} failed:\n{text.rstrip()}"


def _outcome(image: Record) -> dict[str, Any]:
    """A task that has ended, by its record; times in milliseconds, None for one that never ran."""
    error = image.get("error", {}).get("M")
    started, finished = _first_start(image), _text(image, "finished_at")
    return {
        "at": finished or datetime.now(UTC).isoformat(timespec="milliseconds"),
        "task_id": _text(image, "task_id"),
        "status": _text(image, "status"),
        "type": _text(image, "type"),
        "ordering_key": _text(image, "ordering_key"),
        "attempts": int(image.get("attempts", {}).get("N", 0)),
        "milliseconds": _between(started, finished),
        **({"error": {name: _text(error, name) for name in ("class", "type", "message")}} if error else {}),
    }


def _between(started: str, finished: str) -> int | None:
    if not (started and finished):
        return None
    return round((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds() * 1000)


def _local(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")


def _first_start(image: Record) -> str:
    """When the task was first claimed, by its history; empty if it never was."""
    steps = (one["M"] for one in image.get("history", {}).get("L", ()))
    starts = (_text(step, "at") for step in steps if _text(step, "status") == "processing")
    return _text(image, "started_at") or next(starts, "")


def _text(image: Record, name: str) -> str:
    return image.get(name, {}).get("S", "")
