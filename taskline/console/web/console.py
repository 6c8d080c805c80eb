"""Everything that a page needs: the stage, its API, readings that are shared, and the work that goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from taskline.console.basis.stage import Stage
from taskline.console.reading import schema
from taskline.console.reading.api import StageApi
from taskline.console.reading.shared import Shared
from taskline.console.web.guard import Tokens
from taskline.console.work.jobs import Jobs

Document = dict[str, Any]
LIST_SECONDS = 1.0
TASK_SECONDS = 0.5
DOCUMENT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Console:
    """One console, for all requests of a process."""

    stage: Stage
    api: StageApi
    shared: Shared = field(default_factory=Shared)
    tokens: Tokens = field(default_factory=Tokens)
    jobs: Jobs = field(default_factory=Jobs)

    def tasks(self, **filters: Any) -> Document:
        """A page of the API's list, shared for a second."""
        key = ("tasks", *sorted((name, value) for name, value in filters.items() if value))
        return self.shared.get(key, LIST_SECONDS, lambda: self.api.tasks(**filters))

    def task(self, task_id: str) -> Document:
        """A task, shared for half a second."""
        return self.shared.get(("task", task_id), TASK_SECONDS, lambda: self.api.task(task_id))

    def document(self) -> Document:
        """The API's document."""
        return self.shared.get("document", DOCUMENT_SECONDS, self.api.openapi)

    def list_parameters(self) -> frozenset[str]:
        """What the API's list can be filtered by."""
        return schema.list_parameters(self.document())

    def type_names(self) -> list[str]:
        """The stage's task types, as its API describes them."""
        return schema.type_names(self.document())

    def breaker(self) -> Document:
        """The breaker and its pipe."""
        return self.shared.get("breaker", LIST_SECONDS, self.api.breaker)

    def stats(self) -> Document | None:
        """The counts, None if the API does not count."""
        return self.shared.get("stats", LIST_SECONDS, self.api.stats)
