"""Errors, named by what happens next.

`TaskError` and its subclasses are errors of processing a task: the exact class name travels through Lambda as
`errorType` and is the error name that the state machine retries and catches, so renaming a class here means renaming
it in `statemachine/task.asl.json` (a test checks that both agree).
`Rejected` and its subclasses, and `Unavailable`, are errors of a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from pydantic import ValidationError


class ErrorClass(StrEnum):
    """Why a task failed, in one word that operators filter by."""

    VALIDATION = "VALIDATION"
    NETWORK = "NETWORK"
    RATE_LIMIT = "RATE_LIMIT"
    SYSTEM = "SYSTEM"
    UNKNOWN = "UNKNOWN"


TRANSIENT = frozenset({ErrorClass.NETWORK, ErrorClass.RATE_LIMIT, ErrorClass.SYSTEM})
"""The classes that can pass without a change of task or code. The circuit breaker counts them."""


class TaskError(Exception):
    """A task type's function raises one of the subclasses below to decide what happens next."""

    error_class: ClassVar[ErrorClass]


class TaskValidationError(TaskError):
    """Permanent: the task can never succeed as it is. Dead-lettered immediately, and its ordering key advances."""

    error_class = ErrorClass.VALIDATION


class TaskNetworkError(TaskError):
    """Transient: a service that the task calls could not be reached. Retried with back-off."""

    error_class = ErrorClass.NETWORK


class TaskRateLimitError(TaskError):
    """Transient: a service that the task calls asked it to slow down. Retried with back-off.

    `retry_after` seconds, if the service gave a time, are honoured as far as the execution has time left.
    """

    error_class = ErrorClass.RATE_LIMIT

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TaskSystemError(TaskError):
    """Transient: something on our side failed that may work a moment later. Retried with back-off."""

    error_class = ErrorClass.SYSTEM


class TaskUnknownError(TaskError):
    """Unclassified: any other exception of a task type's function becomes this one. Retried once."""

    error_class = ErrorClass.UNKNOWN


class TaskTypeUnavailable(Exception):
    """The task's type is not known here, or its function cannot be loaded, or lacks a secret: the deployment's fault,
    not the task's.

    So not a `TaskError`: the state machine gives the message back, and gives up after some deliveries.
    """


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
    """One field that is wrong in a request: its path (`data.milliseconds`) and what to do about it."""

    field: str
    message: str


BODY = "body"  # the field's name when the whole body is wrong
_MESSAGES = {"missing": "is required", "extra_forbidden": "is not a known field"}


def field_errors(error: ValidationError, prefix: str = "") -> tuple[FieldError, ...]:
    """Pydantic's errors in the client's terms: the path of each field and a sentence."""
    return tuple(
        FieldError(
            field=".".join(str(part) for part in ((prefix,) if prefix else ()) + finding["loc"]) or BODY,
            message=_MESSAGES.get(finding["type"], finding["msg"].removeprefix("Value error, ")),
        )
        for finding in error.errors(include_url=False, include_context=False, include_input=False)
    )


class Rejected(Exception):
    """A request that has no effect: nothing is queued or recorded. Each subclass is one kind of reason.

    `title` names the problem in a few words, `detail` explains this occurrence, `errors` lists each wrong field.
    """

    def __init__(self, title: str, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class Invalid(Rejected):
    """The request is invalid. Names at most a hundred wrong fields."""

    # A megabyte of unknown fields would exceed Lambda's limit of 6 MB per response.
    MAX_ERRORS: ClassVar = 100

    def __init__(self, title: str, effect: str, errors: Sequence[FieldError]) -> None:
        shown = errors[: self.MAX_ERRORS]
        names = ", ".join(dict.fromkeys(error.field for error in shown))
        super().__init__(title, f"{effect} See: {names}.", shown)


class TooLarge(Rejected):
    """The request is too large for the pipeline."""


class NotFound(Rejected):
    """There is no task with this id."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Not found", f"There is no task {task_id!r}.")


class Conflict(Rejected):
    """The task's status does not allow it."""


class KeyReused(Rejected):
    """The idempotency key belongs to a request with another payload."""


class Unavailable(Exception):
    """The table, the queue or another dependency did not respond: the client may try again."""
