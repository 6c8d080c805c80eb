"""Problem documents (RFC 9457): the responses to rejected requests and to failures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from functions.api.headers import KEY_HEADER
from functions.tasks.errors import (
    Conflict,
    FieldError,
    Invalid,
    KeyReused,
    NotFound,
    Rejected,
    TooLarge,
    Unavailable,
)

# A problem's title by its status: the same in the functions, at the gateway and in the document.
TITLES: Mapping[int, str] = {
    400: "Invalid request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    413: "Request too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
    504: "Timeout",
}
RETRY_AFTER_SECONDS = 5
_STATUS: Mapping[type[Rejected], int] = {Invalid: 400, NotFound: 404, Conflict: 409, TooLarge: 413, KeyReused: 422}


class Problem(Exception):
    """A response with an error status: `errors` names each wrong field, `headers` are sent with it."""

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

    def document(self, instance: str) -> dict[str, Any]:
        """The problem document; `instance` is the path of the request."""
        document: dict[str, Any] = {
            "type": problem_type(self.title),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
        }
        return document | ({"errors": [asdict(error) for error in self.errors]} if self.errors else {})


def rejected(error: Rejected) -> Problem:
    """The problem for a request that the domain rejects."""
    errors = error.errors
    if isinstance(error, KeyReused):
        errors = (FieldError(field=KEY_HEADER, message="was used for a different request"),)
    return Problem(_STATUS[type(error)], error.title, error.detail, errors)


def unavailable(error: Unavailable | None = None) -> Problem:
    """The problem for a request that can be tried again; `error` explains it to the client."""
    detail = str(error or "The task store or the queue did not respond.")
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Problem(503, TITLES[503], f"{detail} It is safe to try again.", headers=headers)


def internal_error() -> Problem:
    """The problem for a bug: its cause is in the log, and not for the client."""
    return Problem(500, TITLES[500], "An internal error occurred; it has been logged.")


def problem_type(title: str) -> str:
    """A problem's `type`: an identifier to compare, not an address to visit."""
    return f"urn:taskline:problem:{title.lower().replace(' ', '-')}"
