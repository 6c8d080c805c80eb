"""What a redrive did or would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from taskline.client.results.base import Result, each, read_by


@dataclass(frozen=True, kw_only=True)
class RedrivenTask(Result):
    """A task that was redriven or, in a dry run, would be. `error_class` is None if there was no outcome."""

    task_id: str
    ordering_key: str
    type: str
    redrives: int
    error_class: str | None = None
    failed_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class MalformedMessage(Result):
    """A message in the dead-letter queue that contains no task."""

    message_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RedriveReport(Result):
    """What a redrive did or, in a dry run, would do; with a `continuation` there is more.

    `busy_keys` were left alone because one of their tasks was being processed.
    """

    dry_run: bool
    tasks: tuple[RedrivenTask, ...] = field(metadata=read_by(each(RedrivenTask.read)))
    malformed: tuple[MalformedMessage, ...] = field(default=(), metadata=read_by(each(MalformedMessage.read)))
    dead_letters_removed: int = 0
    busy_keys: tuple[str, ...] = field(default=(), metadata=read_by(each(str)))
    continuation: str | None = None

    @classmethod
    def sum(cls, reports: Iterable[Self]) -> Self:
        """One report of what several calls did; the continuation is the last one's. `ValueError` without any."""
        first, *others = reports
        total = first
        for one in others:
            total = total._and(one)
        return total

    def _and(self, after: Self) -> Self:
        malformed = {one.message_id: one for one in (*self.malformed, *after.malformed)}
        parts: dict[str, Any] = {
            "tasks": (*self.tasks, *after.tasks),
            "malformed": tuple(malformed.values()),
            "busy_keys": tuple(sorted({*self.busy_keys, *after.busy_keys})),
        }
        removed = self.dead_letters_removed + after.dead_letters_removed
        return type(self)(
            document=_document(self, after, parts, removed),
            dry_run=after.dry_run,
            dead_letters_removed=removed,
            continuation=after.continuation,
            **parts,
        )


def _document(before: RedriveReport, after: RedriveReport, parts: dict[str, Any], removed: int) -> dict[str, Any]:
    joined: dict[str, Any] = {
        **{name: value for name, value in {**before.document, **after.document}.items() if name != "continuation"},
        "tasks": [one.document for one in parts["tasks"]],
        "malformed": [one.document for one in parts["malformed"]],
        "busy_keys": list(parts["busy_keys"]),
        "dead_letters_removed": removed,
    }
    return joined | ({"continuation": after.continuation} if after.continuation else {})
