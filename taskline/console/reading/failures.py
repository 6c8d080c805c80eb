"""Failed tasks in groups: by type, class, and message with ids and numbers taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from taskline.console.basis.stage import Stage
from taskline.console.reading.aws import reading

Document = dict[str, Any]
BATCH: Final = 100  # of BatchGetItem
SAMPLES: Final = 3
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_HEX = re.compile(r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPACE = re.compile(r"\s+")
LONGEST: Final = 200


@dataclass(kw_only=True)
class Group:
    """Failures that are alike; `tasks` newest first. `message` is None where it could not be read."""

    type: str
    error_class: str
    message: str | None
    name: str = ""
    tasks: list[Document] = field(default_factory=list[Document])

    @property
    def keys(self) -> int:
        """How many ordering keys it touches."""
        return len({task["ordering_key"] for task in self.tasks})

    @property
    def first(self) -> str:
        """When the first of them failed."""
        return min(task.get("finished_at") or "" for task in self.tasks)

    @property
    def last(self) -> str:
        """When the last of them failed."""
        return max(task.get("finished_at") or "" for task in self.tasks)

    @property
    def samples(self) -> Sequence[Document]:
        """A few of them."""
        return self.tasks[:SAMPLES]


def pattern(message: str) -> str:
    """A message without what differs from task to task."""
    text = _NUMBER.sub("#", _HEX.sub("<id>", _UUID.sub("<id>", message)))
    return _SPACE.sub(" ", text).strip()[:LONGEST]


def groups(tasks: Iterable[Document], errors: Mapping[str, Mapping[str, str]]) -> list[Group]:
    """The groups of failed tasks, the largest first. `errors` by task id, as far as they could be read."""
    found: dict[tuple[str, str, str | None], Group] = {}
    for task in tasks:
        error = errors.get(task["task_id"])
        message = pattern(error.get("message", "")) if error is not None else None
        name = error.get("type", "") if error else ""
        kind = (task["type"], task.get("error_class") or "", message)
        group = found.setdefault(kind, Group(type=kind[0], error_class=kind[1], message=message, name=name))
        group.tasks.append(task)
    return sorted(found.values(), key=lambda group: (-len(group.tasks), group.type, group.error_class))


class Errors:
    """Errors of failed tasks, read from the table; a failure does not change, so each is read once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: dict[tuple[str, str], Mapping[str, str]] = {}

    def of(self, tasks: Sequence[Document]) -> dict[str, Mapping[str, str]]:
        """The errors by task id. Raises `Unreadable` if the table may not be read."""
        wanted = [(task["task_id"], task.get("finished_at") or "") for task in tasks]
        missing = [one for one in wanted if one not in self._known]
        for start in range(0, len(missing), BATCH):
            part = dict(missing[start : start + BATCH])
            for task_id, error in self._read(list(part)).items():
                self._known[task_id, part[task_id]] = error
        found = {task_id: self._known[task_id, at] for task_id, at in wanted if (task_id, at) in self._known}
        self._known = {one: self._known[one] for one in wanted if one in self._known}
        return found

    def _read(self, ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
        table = self._stage.output("table_name")
        keys = [{"task_id": {"S": task_id}} for task_id in ids]
        request = {table: {"Keys": keys, "ProjectionExpression": "task_id, #error",
                           "ExpressionAttributeNames": {"#error": "error"}}}  # fmt: skip
        response: Document = reading(
            "The table", lambda: self._stage.client("dynamodb").batch_get_item(RequestItems=request)
        )
        items: list[Document] = response["Responses"].get(table, [])
        return {item["task_id"]["S"]: _error(item["error"]) for item in items if "error" in item}


def _error(attribute: Document) -> dict[str, str]:
    return {name: str(next(iter(value.values()))) for name, value in attribute.get("M", {}).items()}
