"""A redrive of many tasks: page after page as the API goes on, or a list of single tasks, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from taskline.console.reading.api import Problem
from taskline.console.work.jobs import Job

Document = dict[str, Any]
PAGE: Final = 50
NOT_FAILED: Final = 409


class Redrive(Job):
    """Redrives what matches filters; each key keeps its order. Stopped, it can go on where it was."""

    kind = "redrive"

    def __init__(
        self, call: Callable[..., Document], filters: Mapping[str, str], words: str, expected: int, more: bool,
        continuation: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        self.filters = dict(filters)
        self.words = words
        self.expected = expected
        self.more = more
        self.redriven: list[Document] = []
        self.busy_keys: set[str] = set()
        self.malformed = 0
        self.continuation = continuation
        self.refused = 0
        self._call = call

    @property
    def can_go_on(self) -> bool:
        """Whether something was left when it ended."""
        return bool(not self.running and self.continuation)

    def step(self) -> bool:
        """One page."""
        report = self._call(**self.filters, dry_run=False, limit=PAGE, continuation=self.continuation)
        self.redriven += report["tasks"]
        self.busy_keys |= set(report.get("busy_keys", ()))
        self.malformed += len(report.get("malformed", ()))
        self.continuation = report.get("continuation") or ""
        return bool(self.continuation)


class RedriveEach(Redrive):
    """Redrives given tasks one by one, oldest first, which keeps the order of each key among them."""

    def __init__(self, one: Callable[[str], Document], tasks: Sequence[Document], words: str) -> None:
        super().__init__(_no_filters, {}, words, len(tasks), more=False)
        self._one = one
        self._left = sorted(tasks, key=lambda task: (task["created_at"], task["task_id"]))

    @property
    def can_go_on(self) -> bool:
        """The group is shown again instead: what is left of it is what still has failed."""
        return False

    def step(self) -> bool:
        """One task. One that has not failed any more was redriven by somebody else."""
        if not self._left:
            return False
        task = self._left.pop(0)
        try:
            report = self._one(task["task_id"])
        except Problem as problem:
            if problem.status != NOT_FAILED:
                raise
            self.refused += 1
        else:
            self.redriven += report.get("tasks", ())
        return bool(self._left)


def _no_filters(**_: Any) -> Document:
    raise AssertionError("single tasks have no filters")
