"""A page of tasks: indexes hold which tasks there are, in which order; records hold what happened to them.

An index lags a moment behind, so a task that has changed since is shown as it is now, or left out if it no longer
matches. The order is that of acceptance and never changes, so that pages neither repeat nor skip a task, whatever is
submitted or processed in between.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from functions.tasks.listing.model import MAX_LIMIT, ListRequest, TaskList, TaskSummary
from functions.tasks.model import OPEN, Status
from functions.tasks.tenancy import View

# The most records that one call examines: a key may have a million tasks, and none of the requested status.
MAX_EXAMINED = 1000


@dataclass(frozen=True, kw_only=True)
class Position:
    """A task's position in the order of all tasks: `order` sorts by time of acceptance, then by id."""

    order: str
    task_id: str


class TaskIndex(Protocol):
    """Where tasks are found. Every method raises `Unavailable` when the store does not respond."""

    def newest_first(
        self, *, view: View, status: Status | None, ordering_key: str | None, before: str | None, page: int
    ) -> Iterator[Position]:
        """The positions before `before`, newest first, fetched lazily, about `page` at a time.

        Of one key, or else of one status, or else of all tasks; with both, those of the key. There may be tasks of
        other statuses among them. A view of everything is in the order of its tenants, and newest first for each.
        """
        ...

    def summaries(self, task_ids: Collection[str]) -> Mapping[str, TaskSummary]:
        """At most a hundred tasks as of now, without those whose record is gone."""
        ...


def list_tasks(request: ListRequest, view: View, index: TaskIndex) -> TaskList:
    """The requested page of what the view shows."""
    shown = request.narrowed(view)
    positions = index.newest_first(
        view=shown,
        status=request.status,
        ordering_key=request.ordering_key,
        before=request.before(view),
        page=request.limit,
    )
    page: list[TaskSummary] = []
    examined = 0
    while batch := list(islice(positions, _batch_size(request, examined))):
        found = index.summaries([position.task_id for position in batch])
        for number, position in enumerate(batch, 1):
            examined += 1
            page += _if_matching(found.get(position.task_id), request, shown)
            if len(page) == request.limit or examined == MAX_EXAMINED:
                has_more = number < len(batch) or next(positions, None) is not None
                cursor = request.cursor_after(position.order, view) if has_more else None
                return TaskList(tasks=tuple(page), cursor=cursor)
    return TaskList(tasks=tuple(page))


def _batch_size(request: ListRequest, examined: int) -> int:
    """With both filters, many of a key's tasks may not match; otherwise nearly all do.

    Unless they are to be open: of the newest ones, nearly all or nearly none are.
    """
    if request.status and (request.ordering_key or (request.status in OPEN and examined)):
        return MAX_LIMIT
    return request.limit


def _if_matching(task: TaskSummary | None, request: ListRequest, view: View) -> tuple[TaskSummary, ...]:
    """The record decides: also about whose the task is, whatever an index says."""
    if task is None or not view.shows(task.tenant):
        return ()
    return (task,) if request.status in (None, task.status) else ()
