"""Secrets, for the functions of task types: `secret("fonts-api")`.

A secret is declared beside its type (`needs.py`), has a value per stage, and is read while a task runs. It is in no
template, no environment and no state; a new value needs no deployment.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from functions.tasks.errors import TaskTypeUnavailable
from functions.tasks.redaction import hide

ReadSecret = Callable[[str], str]


def no_secrets(name: str) -> str:
    """Where there are no secrets."""
    raise TaskTypeUnavailable(f"there is no secret {name!r} here")


@dataclass(frozen=True, kw_only=True)
class _Run:
    task_type: str
    declared: tuple[str, ...]
    read: ReadSecret


_RUN: ContextVar[_Run] = ContextVar("run")


def secret(name: str) -> str:
    """The value of a secret of the task type that runs, read in the thread that its function was called in.

    `TaskTypeUnavailable`, which the function should not catch, if it is not declared or cannot be read: the task is
    not to blame, and its message returns to the queue.
    """
    run = _RUN.get(None)
    if run is None:
        raise TaskTypeUnavailable("secret() is called outside the run of a task, or in a thread that the run started")
    if name not in run.declared:
        raise TaskTypeUnavailable(
            f"task type {run.task_type!r} reads the secret {name!r}, and does not declare it: add it to the type's "
            "Needs(secrets=...)"
        )
    value = run.read(name)
    hide(value)
    return value


@contextmanager
def secrets_of(task_type: str, declared: tuple[str, ...], read: ReadSecret) -> Generator[None]:
    """Let the block read the secrets of a type."""
    token = _RUN.set(_Run(task_type=task_type, declared=declared, read=read))
    try:
        yield
    finally:
        _RUN.reset(token)
