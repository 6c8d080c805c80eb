"""Durations and counts in words."""

from __future__ import annotations

from taskline.console.executions.model import StateRun, Status


def duration(milliseconds: int | None) -> str:
    """`12 ms`, `1.25 s`, `2 min 5 s`; "" if it is not known."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def counted(count: int, one: str, more: str) -> str:
    """`1 try`, `2 tries`."""
    return f"{count} {one if count == 1 else more}"


def summary(run: StateRun) -> str:
    """A state in one line: `ClaimTask, Task, succeeded in 12 ms, 2 tries`."""
    took = duration(run.duration)
    told = [run.name, run.type, f"{run.status} in {took}" if took and run.status is not Status.RUNNING else run.status]
    if len(run.visits) > 1:
        told.append(counted(len(run.visits), "visit", "visits"))
    if run.tries > 1:
        told.append(counted(run.tries, "try", "tries"))
    if run.problem is not None and run.problem.error:
        told.append(run.problem.error)
    return ", ".join(told)


def short(run: StateRun) -> str:
    """What fits below a state's name: its type and how long it took, or how often it was tried."""
    if not run.visits:
        return f"{run.type} · {run.status}" if run.status is Status.UNKNOWN else run.type
    took = duration(run.duration) or run.status.value
    if len(run.visits) > 1:
        return f"{took} · {counted(len(run.visits), 'visit', 'visits')}"
    if run.tries > 1:
        return f"{took} · {counted(run.tries, 'try', 'tries')}"
    return f"{run.type} · {took}"
