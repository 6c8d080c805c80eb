"""Errors of definitions, which keep a machine from running, and errors of states, which a machine can handle."""

from dataclasses import dataclass
from typing import Final

RUNTIME: Final = "States.Runtime"
QUERY: Final = "States.QueryEvaluationError"
TIMEOUT: Final = "States.Timeout"
HEARTBEAT: Final = "States.HeartbeatTimeout"
DATA_LIMIT: Final = "States.DataLimitExceeded"
TASK_FAILED: Final = "States.TaskFailed"
ALL: Final = "States.ALL"
TOLERANCE: Final = "States.ExceedToleratedFailureThreshold"


class DefinitionError(ValueError):
    """An invalid definition, with every problem found in it. Each problem names its state and field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TaskFailure(Exception):
    """Raised by a task runner for a failed task. An error without a name or a cause has `None` there."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class ExpressionFailed(Exception):
    """An expression that threw, or a value that its field cannot take.

    `location` is the field, as in `Output/a[0]`; it is `None` for a state's input.
    """

    def __init__(self, cause: str, location: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.location = location


@dataclass
class StateFailed(Exception):
    """A state failed.

    A `fatal` failure ends the execution whatever `Catch` says, a `task` failure came from the task itself, and a
    `missed` one is the timeout of a heartbeat.
    """

    error: str | None
    cause: str | None
    fatal: bool = False
    task: bool = False
    missed: bool = False


class BadArguments(Exception):
    """Arguments that a service integration does not accept."""


class MissingFake(Exception):
    """A task ran that has no canned result."""


def matches(names: tuple[str, ...], failed: StateFailed) -> bool:
    """Whether an `ErrorEquals` list covers the failure, wildcards included."""
    return any(_covers(name, failed) for name in names)


def _covers(name: str, failed: StateFailed) -> bool:
    error = failed.error
    if name == error:
        return True
    if error == RUNTIME or (error == DATA_LIMIT and not failed.task):
        # Wildcards do not cover these two. A task whose result is too large has failed like any other task.
        return False
    if name == ALL:
        return True
    if name == TASK_FAILED:
        return error not in (QUERY, TIMEOUT, HEARTBEAT)
    # A missed heartbeat is a timeout that can be caught under two names.
    return name == HEARTBEAT and failed.missed
