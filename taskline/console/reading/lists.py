"""Tasks that match more than the API can filter by: its pages are looked through, up to a number that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from taskline.console.basis.words import moment
from taskline.statuses import FINAL

Document = dict[str, Any]
MOST_LOOKED_AT: Final = 1000
API_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What to show. Times are those at which tasks were accepted or, with a final `status`, ended."""

    status: str = ""
    type: str = ""
    ordering_key: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def by_end(self) -> bool:
        """Whether times are those of the end."""
        return self.status in FINAL

    def matches(self, task: Mapping[str, Any]) -> bool:
        """Whether a task of a list matches what the API has not filtered by."""
        if self.type and task.get("type") != self.type:
            return False
        at = moment(task.get("finished_at") if self.by_end else task.get("created_at"))
        if (self.since or self.until) and at is None:
            return False
        return not (at and ((self.since and at < self.since) or (self.until and at > self.until)))

    def is_past(self, task: Mapping[str, Any]) -> bool:
        """Whether this task, and so all after it in the list, were accepted too early."""
        at = moment(task.get("created_at"))
        return bool(self.since and at and at < self.since and not self.by_end)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Tasks that match, newest first. `cursor` goes on; `looked_at` counts those looked through, if any."""

    tasks: list[Document] = field(default_factory=list[Document])
    cursor: str = ""
    looked_at: int = 0


def find(read: Callable[..., Document], filters: Filters, *, cursor: str, wanted: int) -> Found:
    """A page of tasks. The API filters by status and key; what it does not know is looked for here."""
    asked = {"status": filters.status, "ordering_key": filters.ordering_key}
    if filters.since or filters.until or filters.type:
        return _look_through(read, asked, filters, cursor, wanted)
    page = read(**asked, limit=wanted, cursor=cursor)
    return Found(tasks=page["tasks"], cursor=page.get("cursor") or "")


def _look_through(
    read: Callable[..., Document], asked: Mapping[str, str], filters: Filters, cursor: str, wanted: int
) -> Found:
    """Whole pages of the API, so that its cursor is where the next page goes on."""
    matching: list[Document] = []
    looked_at = 0
    while looked_at < MOST_LOOKED_AT and len(matching) < wanted:
        page = read(**asked, limit=API_PAGE, cursor=cursor)
        tasks: list[Document] = page["tasks"]
        looked_at += len(tasks)
        matching += [task for task in tasks if filters.matches(task)]
        cursor = page.get("cursor") or ""
        if not cursor or (tasks and filters.is_past(tasks[-1])):
            return Found(tasks=matching, looked_at=looked_at)
    return Found(tasks=matching, cursor=cursor, looked_at=looked_at)


def newest(read: Callable[..., Document], most: int = MOST_LOOKED_AT, **asked: str) -> tuple[list[Document], bool]:
    """The newest tasks of a status or key, at most so many, and whether there are more."""
    tasks: list[Document] = []
    cursor = ""
    while len(tasks) < most:
        page = read(**asked, limit=API_PAGE, cursor=cursor)
        tasks += page["tasks"]
        cursor = page.get("cursor") or ""
        if not cursor:
            return tasks, False
    return tasks[:most], True
