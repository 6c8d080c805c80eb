"""Ordering keys: who is at work, who waits behind whom, and for how long. From the tasks that are open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(kw_only=True)
class KeyView:
    """One key: the task at work, and those that wait, oldest first."""

    name: str
    working: list[Document] = field(default_factory=list[Document])
    waiting: list[Document] = field(default_factory=list[Document])

    @property
    def head(self) -> Document:
        """The task that the others wait for."""
        return self.working[0] if self.working else self.waiting[0]

    @property
    def since(self) -> str:
        """Since when the oldest of its tasks has been waiting, or working if none waits."""
        return (self.waiting or self.working)[0]["created_at"]


def keys(working: Sequence[Document], waiting: Sequence[Document]) -> list[KeyView]:
    """Keys with open tasks, the longest wait first. Both lists are newest first."""
    found: dict[str, KeyView] = {}
    for task in reversed(working):
        found.setdefault(task["ordering_key"], KeyView(name=task["ordering_key"])).working.append(task)
    for task in reversed(waiting):
        found.setdefault(task["ordering_key"], KeyView(name=task["ordering_key"])).waiting.append(task)
    return sorted(found.values(), key=lambda key: (not key.waiting, key.since))


def oldest(waiting: Sequence[Mapping[str, Any]]) -> str:
    """When the oldest of the waiting tasks was accepted; empty if none waits."""
    return min((task["created_at"] for task in waiting), default="")
