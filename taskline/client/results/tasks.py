"""Tasks: as they are submitted, as they are read, and in lists. Times are UTC, ISO 8601, as the API sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from taskline.client.results.base import Result, each, named, read_by
from taskline.statuses import FINAL


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to submit. `priority` is low, medium or high; what is None is left to the stage."""

    title: str
    description: str
    priority: str
    due_date: str | None = None
    ordering_key: str | None = None
    type: str | None = None
    data: Mapping[str, Any] | None = None

    def as_document(self) -> dict[str, Any]:
        """As it is sent."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class TaskError(Result):
    """Why a task failed: `error_class` is VALIDATION, NETWORK, RATE_LIMIT, SYSTEM or UNKNOWN, `type` the exception."""

    error_class: str = field(metadata=named("class"))
    type: str
    message: str


@dataclass(frozen=True, kw_only=True)
class HistoryStep(Result):
    """A change of a task's status or, with an `attempt`, a failed run; `retry_in` is in seconds.

    `execution` is the ARN of the state machine's execution that made it. `skipped_by` is the operator who let the
    others of a halted key go on without this task, for `reason`.
    """

    status: str
    at: str
    execution: str | None = None
    attempt: int | None = None
    started_at: str | None = None
    retry_in: float | None = None
    error: TaskError | None = field(default=None, metadata=read_by(TaskError.read))
    skipped_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Links(Result):
    """Paths of what can be done next; each is there only while it applies."""

    itself: str = field(metadata=named("self"))
    same_key: str
    cancel: str | None = None
    redrive: str | None = None


@dataclass(frozen=True, kw_only=True)
class Progress(Result):
    """How far a task is that takes long: in percent, in a few words, and when that was reported."""

    percent: int
    text: str
    at: str


@dataclass(frozen=True, kw_only=True)
class BroughtBack(Result):
    """A token was brought back. `status` is what the task's was a moment before: its record follows in a second."""

    task_id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Sign(Result):
    """The answer to a worker's heartbeat: whether its task was cancelled, so that it should stop."""

    task_id: str
    cancel_requested: bool


@dataclass(frozen=True, kw_only=True)
class Task(Result):
    """A task: what was submitted, and its outcome so far. `tenant` is shown to operators only.

    `cancel_requested_at` is when a task that takes long was cancelled while it was processed.
    """

    task_id: str
    title: str
    description: str
    priority: str
    ordering_key: str
    status: str
    attempts: int
    created_at: str
    type: str = "default"
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    due_date: str | None = None
    redrives: int = 0
    started_at: str | None = None
    finished_at: str | None = None
    result: Any = None
    error: TaskError | None = field(default=None, metadata=read_by(TaskError.read))
    history: tuple[HistoryStep, ...] = field(default=(), metadata=read_by(each(HistoryStep.read)))
    batch_id: str | None = None
    tenant: str | None = None
    progress: Progress | None = field(default=None, metadata=read_by(Progress.read))
    cancel_requested_at: str | None = None
    links: Links | None = field(default=None, metadata=read_by(Links.read))

    @property
    def is_over(self) -> bool:
        """Whether it succeeded, failed or was cancelled; a failed one may be redriven."""
        return self.status in FINAL


@dataclass(frozen=True, kw_only=True)
class ListedTask(Result):
    """A task in a list, without what was submitted or returned."""

    task_id: str
    status: str
    type: str
    priority: str
    ordering_key: str
    attempts: int
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    error_class: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskPage(Result):
    """A page of a list. It may be short or empty; only a page without a `cursor` is the last."""

    tasks: tuple[ListedTask, ...] = field(metadata=read_by(each(ListedTask.read)))
    cursor: str | None = None
