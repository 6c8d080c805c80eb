"""Exit codes, and the failure that ends a command with one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the exit code of `taskline` means; the help and the guide list them from here."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    REFUSED = 5
    TASK_FAILED = 6
    TIMED_OUT = 124
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "the command is not used like that",
    ExitCode.NOT_FOUND: "not found, or not possible in its state",
    ExitCode.NOT_ALLOWED: "not allowed",
    ExitCode.REFUSED: "some of the tasks were refused",
    ExitCode.TASK_FAILED: "the task failed or was cancelled",
    ExitCode.TIMED_OUT: "the wait timed out",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(kw_only=True)
class CommandFailed(Exception):
    """Ends a command. `problem` has what an API's problem document says: status, errors by field, request id."""

    code: ExitCode = ExitCode.FAILED
    title: str
    detail: str = ""
    remedy: str = ""
    problem: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return self.title

    def document(self) -> dict[str, Any]:
        """As the JSON document that `--json` prints instead of a result."""
        own = {"title": self.title, "detail": self.detail, "remedy": self.remedy}
        shown = {name: text for name, text in own.items() if text}
        return {"error": {**self.problem, **shown, "exit_code": int(self.code)}}


def usage(title: str, remedy: str = "") -> CommandFailed:
    """The command is not used like that."""
    return CommandFailed(code=ExitCode.USAGE, title=title, remedy=remedy)
