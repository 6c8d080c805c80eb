"""The outcomes of submitted tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskline.client.basis.errors import TasklineError
from taskline.client.results.base import Result, each, read_by
from taskline.client.results.tasks import Task


@dataclass(frozen=True, kw_only=True)
class BatchItem(Result):
    """The API's outcome of one task of a batch; `status` is what it would have had on its own."""

    status: int
    location: str | None = None
    replayed: bool | None = None
    task: Task | None = field(default=None, metadata=read_by(Task.read))
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class BatchReply(Result):
    """The API's outcome of a batch, task by task."""

    results: tuple[BatchItem, ...] = field(metadata=read_by(each(BatchItem.read)))
    batch_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A task that the API has recorded and queued.

    `index` is its position in the input, from 0. `replayed` says that an earlier request with this `idempotency_key`
    had already submitted it. `batch_id` is the batch that it was sent in, if the API names it.
    """

    task: Task
    index: int = 0
    replayed: bool = False
    idempotency_key: str
    batch_id: str | None = None

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.task.task_id

    @property
    def accepted(self) -> bool:
        """True."""
        return True

    def raise_for_rejected(self) -> Accepted:
        """Itself."""
        return self


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A task that was not accepted, and why. `index` is its position in the input, from 0.

    If `error.retryable`, the same input can be submitted again with the same key prefix.
    """

    index: int
    error: TasklineError
    idempotency_key: str | None = None

    @property
    def accepted(self) -> bool:
        """False."""
        return False

    def raise_for_rejected(self) -> Accepted:
        """Raise the error."""
        raise self.error


Outcome = Accepted | Rejected
