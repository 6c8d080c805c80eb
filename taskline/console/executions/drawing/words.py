"""Durations and counts in words."""

from __future__ import annotations

from taskline.console.basis.words import duration
from taskline.console.executions.model import Attempt, StateRun, StepStatus, Visit


def took(run: StateRun | Visit | Attempt) -> str:
    """How long it took; "" if that is not known."""
    return "" if run.duration is None else duration(run.duration / 1000)


def counted(count: int, one: str, more: str) -> str:
    """`1 try`, `2 tries`."""
    return f"{count} {one if count == 1 else more}"


def summary(run: StateRun) -> str:
    """A state in one line: `ClaimTask, Task, succeeded in 12 ms, 2 tries`."""
    time = "" if run.status is StepStatus.RUNNING else took(run)
    told = [run.name, run.type, f"{run.status} in {time}" if time else run.status.value]
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
        return f"{run.type} · {run.status}" if run.status is StepStatus.UNKNOWN else run.type
    time = took(run) or run.status.value
    if len(run.visits) > 1:
        return f"{time} · {counted(len(run.visits), 'visit', 'visits')}"
    if run.tries > 1:
        return f"{time} · {counted(run.tries, 'try', 'tries')}"
    return f"{run.type} · {time}"
