"""A load for the laptop: tasks at a steady rate over some keys, up to a number."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from taskline.console.work.jobs import Job

Document = dict[str, Any]
MOST_TASKS: Final = 5000
MOST_RATE: Final = 100
MOST_KEYS: Final = 1000
BATCH: Final = 25
TICK: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to submit: `tasks` of a type with some data, `rate` per second, over so many keys."""

    type: str
    data: Document
    tasks: int
    rate: int
    keys: int

    def task(self, number: int, name: str) -> Document:
        """One of them."""
        return {
            "title": f"Load {number + 1} of {self.tasks}",
            "description": "Submitted by the console's load generator",
            "priority": "low",
            "type": self.type,
            "ordering_key": f"{name}-{number % self.keys}",
            "data": self.data,
        }


class Load(Job):
    """Submits in batches, several times a second. One that is refused ends the load: the rest would be as well."""

    kind = "load"

    def __init__(self, submit: Callable[[list[Document], str], list[bool]], plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.accepted = 0
        self.rejected = 0
        self.sent = 0
        self._submit = submit
        self._begun = time.monotonic()

    @property
    def key_prefix(self) -> str:
        """What its ordering keys begin with."""
        return f"load-{self.id[:6]}"

    def step(self) -> bool:
        """What is due by now, or a short wait."""
        due = min(self.plan.tasks, int((time.monotonic() - self._begun) * self.plan.rate) + 1)
        if due > self.sent:
            numbers = range(self.sent, min(due, self.sent + BATCH))
            results = self._submit([self.plan.task(one, self.key_prefix) for one in numbers], f"{self.id}-{self.sent}")
            self.sent += len(numbers)
            self.accepted += sum(results)
            self.rejected += len(results) - sum(results)
        else:
            self.pause(TICK)
        return self.sent < self.plan.tasks
