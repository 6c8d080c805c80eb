"""Task tokens: what a task's function passes on, and whoever has it brings back.

A worker's token is `run.check.token`: which run of its execution it is for, whose task it is, and what Step Functions
gave.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol, Self

from functions.tasks.errors import Conflict

_CHECK_CHARACTERS = 12


class TokenExpired(Exception):
    """Nobody waits for this token (any more): the run has ended, or has timed out, or the token never was one."""


class Tokens(Protocol):
    """Where tokens are brought back. Every method raises `TokenExpired`, and `Unavailable`."""

    def succeed(self, token: str, output: str) -> None:
        """The task is done; `output` is the JSON text that the state machine gets."""
        ...

    def fail(self, token: str, error: str, cause: str) -> None:
        """The run has failed: the name of the error, and its cause."""
        ...

    def beat(self, token: str) -> None:
        """Somebody is still at it."""
        ...


@dataclass(frozen=True, kw_only=True)
class WorkerToken:
    """What a worker's token holds."""

    run: int
    check: str
    token: str

    @classmethod
    def read(cls, text: str, task_id: str) -> Self:
        """The token of this task; `Conflict` if it is another's, or none."""
        run, _, rest = text.partition(".")
        check, _, token = rest.partition(".")
        if not (run.isascii() and run.isdigit() and token and check == _check(task_id)):
            raise Conflict("Not its token", f"The token is not one of the task {task_id!r}.")
        return cls(run=int(run), check=check, token=token)


def worker_token(task_id: str, run: int, token: str) -> str:
    """The token that a task's function passes on."""
    return f"{run}.{_check(task_id)}.{token}"


def _check(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:_CHECK_CHARACTERS]
