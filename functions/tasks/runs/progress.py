"""Progress, for the functions of task types that take long: `report_progress(40, "4 of 10 pages")`.

It is shown wherever the task is. To report it is also how a function learns that its task was cancelled.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from functions.tasks.errors import TaskTypeUnavailable, TaskValidationError

MOST_CHARACTERS = 2_000


class TaskCancelled(TaskValidationError):
    """Somebody has cancelled the task while it runs: let it through, and the task ends as cancelled."""


class Progress(Protocol):
    """Where progress is noted. Raises `Unavailable` when the store does not respond."""

    def note(self, task_id: str, owner: str | None, percent: int, text: str) -> bool:
        """Note the progress of a task that is being processed, and that nobody has cancelled; otherwise return False.

        `owner` is the execution that has to hold its lease; None for whichever does.
        """
        ...


Report = Callable[[int, str], bool]
_REPORT: ContextVar[Report] = ContextVar("report")


def report_progress(percent: int, text: str = "") -> None:
    """Note how far the task is: 0 to 100, and a few words, of which 2,000 characters are kept.

    `TaskCancelled` if the task was cancelled, or if another execution has taken it over: stop then, and let the error
    through. Called in the thread that the function was called in.
    """
    report = _REPORT.get(None)
    if report is None:
        raise TaskTypeUnavailable(
            "report_progress() is called outside the run of a task that takes long: give its type a timeout, "
            "task_type(..., timeout=timedelta(...)), and call it in the thread that the function was called in"
        )
    if not 0 <= percent <= 100:
        raise ValueError(f"percent is {percent}; allowed: 0 to 100")
    if not report(percent, text[:MOST_CHARACTERS]):
        raise TaskCancelled("The task was cancelled while it was processed.")


@contextmanager
def reporting(report: Report | None) -> Generator[None]:
    """Let the block report progress; without a `report` it cannot."""
    if report is None:
        yield
        return
    token = _REPORT.set(report)
    try:
        yield
    finally:
        _REPORT.reset(token)
