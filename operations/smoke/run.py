"""One run: what its checks share, and what they report."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from operations.smoke.api import Answer, ApiCaller
from operations.smoke.stack import Stack

ENDED = ("succeeded", "failed", "cancelled")
PAUSE_SECONDS = 0.5
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison. `agrees` is None for what was not checked; `found` says why."""

    check: str
    expected: str
    found: str
    agrees: bool | None


def same(check: str, expected: object, found: object) -> Row:
    """A row for two values that should be equal."""
    return Row(check=check, expected=str(expected), found=str(found), agrees=expected == found)


def at_least(check: str, expected: float, found: float) -> Row:
    """A row for a number that others may have increased, too."""
    return Row(check=check, expected=f"{expected:g} or more", found=f"{found:g}", agrees=found >= expected)


def unchecked(check: str, why: str) -> Row:
    """A row for what cannot be checked here."""
    return Row(check=check, expected="", found=f"not checked: {why}", agrees=None)


@dataclass(kw_only=True)
class Run:
    """The stack and its API, a name that no other run has, and the tasks that it has submitted, by type.

    `seconds` is how long it waits for something to happen; `succeeded` says that a task has.
    """

    stack: Stack
    api: ApiCaller
    seconds: float
    name: str = field(default_factory=lambda: f"smoke-{uuid.uuid4().hex[:8]}")
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    submitted: list[str] = field(default_factory=list[str])
    succeeded: bool = False

    def post(self, kind: str, data: Mapping[str, object], key: str = "", **headers: str) -> Answer:
        """The response to a new task of this type, under an ordering key of this run."""
        task = {
            "title": "Smoke test",
            "description": f"One of the tasks of {self.name}",
            "priority": "low",
            "type": kind,
            "ordering_key": f"{self.name}-{key or kind}",
            "data": data,
        }
        return self.api.request("POST", "/tasks", task, **headers)

    def submit(self, kind: str, data: Mapping[str, object], key: str = "") -> str:
        """The id of a new task. Raises `Unexpected` if it is refused."""
        answer = self.post(kind, data, key)
        if answer.status != 202:
            raise Unexpected(f"POST /tasks of {kind} returned {answer.status}: {dict(answer.document)}")
        self.submitted.append(kind)
        return answer.document["task_id"]

    def read(self, task_id: str) -> Mapping[str, Any]:
        """The task as it is now. Raises `Unexpected`."""
        answer = self.api.request("GET", f"/tasks/{task_id}")
        if answer.status != 200:
            raise Unexpected(f"GET /tasks/{task_id} returned {answer.status}: {dict(answer.document)}")
        return answer.document

    def ended(self, task_id: str) -> Mapping[str, Any]:
        """The task once it has ended, or as it is when the time is over."""
        return self.until(lambda: self.read(task_id), lambda task: task["status"] in ENDED)

    def until(self, look: Callable[[], Value], good: Callable[[Value], object]) -> Value:
        """What is seen as soon as it is good, or when the time is over."""
        deadline = time.monotonic() + self.seconds
        while not good(seen := look()) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        return seen


class Unexpected(Exception):
    """A step of a check did not work, so that the check cannot go on."""


Check = Callable[[Run], Iterator[Row]]
