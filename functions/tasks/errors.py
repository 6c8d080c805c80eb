"""Errors, named by what happens next.

Two families. `TaskError` and its subclasses are what goes wrong while a task is worked off: the exact class name
travels through Lambda as `errorType` and is the error name that the state machine retries and catches, so renaming
a class here means renaming it in `statemachine/task.asl.json` (a test holds both sides together).
`Refused` and `Unavailable` are what goes wrong before a task exists.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorClass(StrEnum):
    """Why a task failed, in the one word that operators filter by."""

    VALIDATION = "VALIDATION"
    NETWORK = "NETWORK"
    RATE_LIMIT = "RATE_LIMIT"
    SYSTEM = "SYSTEM"
    UNKNOWN = "UNKNOWN"


TRANSIENT = frozenset({ErrorClass.NETWORK, ErrorClass.RATE_LIMIT, ErrorClass.SYSTEM})
"""The classes that pass by themselves, with task and code as they are. The circuit breaker counts them."""


class TaskError(Exception):
    """A task type's function raises one of the subclasses below to say what shall happen next."""

    error_class: ClassVar[ErrorClass]


class TaskValidationError(TaskError):
    """Permanent: the task can never succeed as it stands. Dead letter at once, the ordering key advances."""

    error_class = ErrorClass.VALIDATION


class TaskNetworkError(TaskError):
    """Transient: something that the task talks to could not be reached. Retried with back-off."""

    error_class = ErrorClass.NETWORK


class TaskRateLimitError(TaskError):
    """Transient: something that the task talks to asked for patience. Retried with back-off.

    `retry_after` seconds, if it said how long, are honoured as far as the execution has time left.
    """

    error_class = ErrorClass.RATE_LIMIT

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TaskSystemError(TaskError):
    """Transient: something on this side failed that may work a moment later. Retried with back-off."""

    error_class = ErrorClass.SYSTEM


class TaskUnknownError(TaskError):
    """Nobody said what it is: any other exception of a task type's function becomes this one. Retried once."""

    error_class = ErrorClass.UNKNOWN


TASK_ERRORS: dict[ErrorClass, type[TaskError]] = {
    error.error_class: error
    for error in (
        TaskValidationError,
        TaskNetworkError,
        TaskRateLimitError,
        TaskSystemError,
        TaskUnknownError,
    )
}


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One field that a client got wrong: its path (`data.milliseconds`) and what to do about it."""

    field: str
    message: str


class Refused(Exception):
    """A request that is answered with a 4xx: nothing is queued, nothing is recorded.

    `status` is HTTP's, `headers` are sent with the answer, `errors` names every field that is wrong.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class Unavailable(Exception):
    """The table or the queue did not answer: 503, the client tries again."""
