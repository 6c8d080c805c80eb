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


SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
NOT_JSON: Final = "INVALID_JSON_DESCRIPTION"
TARGET: Final = "MISSING_TRANSITION_TARGET"
NO_END: Final = "MISSING_END_STATE"
DUPLICATE: Final = "DUPLICATE_STATE_NAME"
STATE_NAME: Final = "INVALID_STATE_NAME"
SYNTAX: Final = "INVALID_JSONATA_EXPRESSION"
REFERENCE: Final = "UNSUPPORTED_JSONATA_EXPRESSION"
UNSUPPORTED: Final = "UNSUPPORTED_BY_THIS_RUNNER"
"""Codes of problems. All but the last are those of AWS, which accepts what only this runner refuses."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a definition, as `ValidateStateMachineDefinition` reports it: a "diagnostic".

    `location` is a path such as `/States/A/Next`; AWS has none for some problems of the whole machine. `hint` is a way
    out in our own words, or "".
    """

    code: str
    message: str
    location: str | None = None
    hint: str = ""

    @property
    def by_aws(self) -> bool:
        """Whether AWS refuses it, too."""
        return self.code != UNSUPPORTED

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {'null' if self.location is None else self.location}"


class DefinitionError(ValueError):
    """An invalid definition, with every problem found in it. Its text is the one that `CreateStateMachine` sends."""

    code: Final = "InvalidDefinition"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, problems))}'")
        self.problems = problems

    @property
    def refused_by_aws(self) -> bool:
        """Whether AWS would refuse the definition too: not so if it only has what this runner does not support."""
        return any(problem.by_aws for problem in self.problems)


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
