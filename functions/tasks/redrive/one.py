"""Redriving one task."""

from collections.abc import Callable
from datetime import datetime, timedelta

from functions.tasks.errors import Conflict, NotFound
from functions.tasks.model import Status
from functions.tasks.redrive.model import RedrivenTask, RedriveReport
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.redrive.state import TaskState
from functions.tasks.redrive.sweep import Sweep

_SWEEP = timedelta(seconds=5)
_REASONS = {
    Status.QUEUED: "is queued; if SQS gave up on its message, POST /redrive finds it",
    Status.PARKED: "is parked: it runs when the tasks before it are settled; GET /keys/{key} says which",
    Status.PROCESSING: "is being processed",
    Status.SUCCEEDED: "has succeeded",
    Status.CANCELLED: "was cancelled",
    Status.FAILED: "was redriven by another request",
}


def redrive_one(task_id: str, redriver: Redriver, sweep: Sweep, now: Callable[[], datetime]) -> RedriveReport:
    """Redrive the task and remove its dead letter; `NotFound`, or `Conflict` when it has not failed."""
    state = redriver.tasks.states([task_id]).get(task_id)
    if state is None:
        raise NotFound(task_id)
    mark = redriver.redrive(state) if state.status in (Status.FAILED, Status.QUEUED) else None
    if mark is None:
        raise Conflict("Not failed", f"The task {task_id!r} {_REASONS[state.status]}.")
    started = now()
    try:
        sweep.run(started + _SWEEP)
    finally:
        sweep.finish(started + 2 * _SWEEP, remove=True)
    return RedriveReport(dry_run=False, tasks=(report_line(state, mark.redrives),), dead_letters_removed=sweep.removed)


def report_line(state: TaskState, redrives: int) -> RedrivenTask:
    """The report's entry for this task."""
    return RedrivenTask(
        task_id=state.task_id,
        ordering_key=state.ordering_key,
        type=state.type,
        error_class=state.error_class,
        failed_at=state.failed_at,
        redrives=redrives,
    )
