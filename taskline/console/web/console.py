"""Everything that a page needs: the stage, its API, readings that are shared, and the work that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from taskline.console.basis.stage import Stage
from taskline.console.reading import aws, lists, metrics, schema
from taskline.console.reading.api import StageApi
from taskline.console.reading.failures import Errors
from taskline.console.reading.shared import Shared
from taskline.console.web.guard import Tokens
from taskline.console.work.jobs import Jobs
from taskline.lanes import Lane

Document = dict[str, Any]
LIST_SECONDS = 1.0
TASK_SECONDS = 0.5
DOCUMENT_SECONDS = 30.0
NEWEST_SECONDS = 5.0
SETTINGS_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Console:
    """One console, for all requests of a process."""

    stage: Stage
    api: StageApi
    errors: Errors
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

    def type_names(self) -> list[str]:
        """The stage's task types, as its API describes them."""
        return schema.type_names(self.document())

    def known_types(self) -> list[str]:
        """The task types to filter by: those that were deployed, which need no call; else those of the API."""
        return self.stage.task_types or self.type_names()

    def breaker(self) -> Document:
        """The breaker and its pipe."""
        return self.shared.get("breaker", LIST_SECONDS, self.api.breaker)

    def closed_keys(self) -> list[Document]:
        """The closed keys, the longest closed first."""
        return self.shared.get("closed", LIST_SECONDS, self.api.keys)

    def key(self, name: str, tenant: str) -> Document:
        """An ordering key of a client: open, or closed and why."""
        return self.shared.get(("key", name, tenant), LIST_SECONDS, lambda: self.api.key(name, tenant))

    def stats(self) -> Document | None:
        """The counts, None if the API does not count."""
        return self.shared.get("stats", LIST_SECONDS, self.api.stats)

    def newest(self, most: int) -> list[Document]:
        """The newest tasks, at most so many."""
        read = self.api.tasks
        return self.shared.get(("newest", most), NEWEST_SECONDS, lambda: lists.newest(read, most)[0])

    def waiting(self) -> tuple[list[Document], bool]:
        """The newest tasks that wait, and whether there are more than could be looked at."""
        read = self.api.tasks
        return self.shared.get("waiting", LIST_SECONDS, lambda: lists.newest(read, status="queued"))

    def working(self) -> tuple[list[Document], bool]:
        """The tasks that are being processed."""
        read = self.api.tasks
        return self.shared.get("working", LIST_SECONDS, lambda: lists.newest(read, status="processing"))

    def failed(self) -> tuple[list[Document], bool]:
        """The newest tasks that failed, and whether there are more than could be looked at."""
        read = self.api.tasks
        return self.shared.get("failed", NEWEST_SECONDS, lambda: lists.newest(read, status="failed"))

    def depth(self) -> aws.QueueDepth:
        """How many messages wait, and how many are in flight, in all lanes."""
        return aws.total(self.lanes())

    def lanes(self) -> list[tuple[Lane, aws.QueueDepth]]:
        """Each lane with its messages."""
        return self.shared.get("lanes", LIST_SECONDS, lambda: aws.lane_depths(self.stage))

    def dead_letters(self) -> aws.QueueDepth:
        """How many dead letters there are."""
        output = "dead_letter_queue_url"
        return self.shared.get(output, LIST_SECONDS, lambda: aws.queue_depth(self.stage, self.stage.output(output)))

    def alarms(self) -> list[aws.AlarmView]:
        """The stack's alarms."""
        return self.shared.get("alarms", self._patience(NEWEST_SECONDS), lambda: aws.alarms(self.stage))

    def breaker_rules(self) -> Mapping[str, int]:
        """The breaker's thresholds."""
        return self.shared.get("rules", SETTINGS_SECONDS, lambda: aws.breaker_rules(self.stage))

    def queue_settings(self, output: str) -> Mapping[str, str]:
        """The attributes of a queue of the stack."""
        return self.shared.get(("queue", output), SETTINGS_SECONDS, lambda: aws.queue_settings(self.stage, output))

    def processor_settings(self) -> Document:
        """The configuration of the processor."""
        return self.shared.get("processor", SETTINGS_SECONDS, lambda: aws.function_settings(self.stage, "processor"))

    def health(self) -> Document:
        """Whether the API responds."""
        return self.shared.get("health", LIST_SECONDS, self.api.health)

    def last_hour(self) -> metrics.LastHour:
        """The last hour by the minute."""
        known = self.shared.get("metrics", self._patience(10.0), lambda: metrics.known_metrics(self.stage))
        seconds = self._patience(NEWEST_SECONDS)
        return self.shared.get("hour", seconds, lambda: metrics.last_hour(self.stage, known, datetime.now(UTC)))

    def _patience(self, seconds: float) -> float:
        """AWS charges for each metric that is read, and has new values once a minute."""
        return seconds if self.stage.is_laptop else max(60.0, seconds)
