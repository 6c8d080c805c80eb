"""Errors: those of a definition, which keep it from running, and those of a state, which the machine can
handle."""

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
    """A definition that is not run, with every problem found in it, each naming its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TaskFailure(Exception):
    """What a task runner raises for a failed task; `None` means that the error has no name or no cause."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class ExpressionFailed(Exception):
    """An expression that threw, or a value that its field cannot take. `location` is the field, as in
    `Output/a[0]`; a state's input has none."""

    def __init__(self, cause: str, location: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.location = location


@dataclass
class StateFailed(Exception):
    """A state failed. `fatal` ones end the execution whatever `Catch` says; `task` ones came from a task
    itself; `missed` is the time-out of a heartbeat."""

    error: str | None
    cause: str | None
    fatal: bool = False
    task: bool = False
    missed: bool = False


class BadArguments(Exception):
    """Arguments that a service integration cannot be called with."""


class MissingFake(Exception):
    """A task ran for which no canned result was given."""


def matches(names: tuple[str, ...], failed: StateFailed) -> bool:
    """Whether an `ErrorEquals` list covers the failure, wildcards included."""
    return any(_covers(name, failed) for name in names)


def _covers(name: str, failed: StateFailed) -> bool:
    error = failed.error
    if name == error:
        return True
    if error == RUNTIME or (error == DATA_LIMIT and not failed.task):
        # The two that wildcards do not cover. A task whose result is too large has failed like any other.
        return False
    if name == ALL:
        return True
    if name == TASK_FAILED:
        return error not in (QUERY, TIMEOUT, HEARTBEAT)
    # A missed heartbeat is a time-out that can be caught under two names.
    return name == HEARTBEAT and failed.missed
