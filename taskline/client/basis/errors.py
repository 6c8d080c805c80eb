"""What can go wrong, by what it means for the caller. `TasklineError` is the base of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """A field of the request that is wrong, and what is wrong with it."""

    field: str
    message: str


class TasklineError(Exception):
    """A request that did not succeed.

    `status` is the HTTP status, None without a response. `problem` is the API's problem document (RFC 9457), None if
    it sent none, and `errors` are the fields that it names. `request_id` finds the request in the API's log.
    `idempotency_key` is the key that the request was sent with. `attempts` is how many times it was sent.
    `retry_after` is how many seconds the API asked to wait. `retryable` says that the same request, with the same key
    if it had one, can be sent again without a second effect, and may then succeed. `partial` is what had been done
    before, for calls that are made of several requests.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        problem: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.retryable = retryable
        self.retry_after = retry_after
        self.attempts = attempts
        self.partial: Any = None

    @property
    def errors(self) -> tuple[FieldProblem, ...]:
        """The fields that are wrong, as the problem document names them."""
        return tuple(
            FieldProblem(field=str(one.get("field", "")), message=str(one.get("message", "")))
            for one in fields_named(self.problem or {})
        )


def fields_named(problem: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The `errors` of a problem document; what is none of them is left out."""
    found: Any = problem.get("errors")
    named = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, Any]", one) for one in named if isinstance(one, Mapping)]


class ConnectionFailed(TasklineError):
    """The API could not be reached, or the connection broke before there was a response."""


class TimedOut(TasklineError):
    """There was no response in time."""


class ValidationFailed(TasklineError):
    """The request is wrong, and nothing was done (400, 413, 415; or found before it was sent)."""


class NotAllowed(TasklineError):
    """The credentials are missing or wrong, or do not allow this (401, 403)."""


class NotFound(TasklineError):
    """There is no such task or path (404); operators' paths are also not found without a signature."""


class Conflict(TasklineError):
    """The task is in the wrong status for this (409)."""


class IdempotencyMismatch(TasklineError):
    """The idempotency key was used before, for another request (422)."""


class RateLimited(TasklineError):
    """Too many requests, or the key's quota of the day is used up (429)."""


class Unavailable(TasklineError):
    """The API or what it stands on did not respond (408, 502, 503, 504)."""


class ServerFailed(TasklineError):
    """An error of the API (500 and others)."""


class UnexpectedReply(TasklineError):
    """A response that the API does not describe: perhaps the address is another server's."""


class TaskFailed(TasklineError):
    """An awaited task failed or was cancelled; `partial` is the task. Only if `raise_on_failure` asks for it."""


class WaitTimedOut(TimedOut):
    """An awaited task had not ended in time; `partial` is the task as it was last read."""


class NotSubmitted(TasklineError):
    """The task was not sent: an earlier one of its ordering key was not accepted, and would have come behind it."""
