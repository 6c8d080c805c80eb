"""From a response, or from none, to the error that the caller sees."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from typing import Any, cast

from taskline.client.basis.errors import (
    Conflict,
    ConnectionFailed,
    IdempotencyMismatch,
    NotAllowed,
    NotFound,
    RateLimited,
    ServerFailed,
    TasklineError,
    TimedOut,
    Unavailable,
    UnexpectedReply,
    ValidationFailed,
    fields_named,
)
from taskline.client.protocol.messages import Call, Lost, Reply

RETRIED = frozenset({408, 429, 502, 503, 504})
_KINDS: Mapping[int, type[TasklineError]] = {
    400: ValidationFailed,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    413: ValidationFailed,
    415: ValidationFailed,
    422: IdempotencyMismatch,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
_SERVERS = 500
_SHOWN = 200  # characters of a response that is no document
_OPERATORS = re.compile(r"^/(operations|redrive|breaker|keys)\b|/redrive$")


def lost(call: Call[Any], lost: Lost, attempts: int) -> TasklineError:
    """The error for a request without a response."""
    kind = TimedOut if lost.timed_out else ConnectionFailed
    return kind(
        f"{call.name}: {lost.message}{_tries(attempts)}{_unknown(call)}",
        idempotency_key=call.idempotency_key,
        retryable=call.may_repeat,
        attempts=attempts,
    )


def refused(call: Call[Any], reply: Reply, attempts: int, now: float) -> TasklineError:
    """The error for a response that is no success. `now` is in seconds since 1970."""
    problem = problem_of(reply)
    kind = _KINDS.get(reply.status, ServerFailed if reply.status >= _SERVERS else UnexpectedReply)
    text = described(reply.status, problem) if problem else _undescribed(reply)
    return kind(
        f"{call.name}: {text}{_hint(call, reply, problem)}{_tries(attempts)}",
        status=reply.status,
        problem=problem,
        request_id=reply.request_id,
        idempotency_key=call.idempotency_key,
        retryable=reply.status in RETRIED and call.may_repeat,
        retry_after=retry_after(reply, now),
        attempts=attempts,
    )


def unexpected(call: Call[Any], reply: Reply, why: str) -> TasklineError:
    """The error for a success that is not as the API's document describes it."""
    return UnexpectedReply(
        f"{call.name}: the response ({reply.status}) is not what Taskline's API sends: {why}. Is this its address?",
        status=reply.status,
        request_id=reply.request_id,
        idempotency_key=call.idempotency_key,
    )


def of_item(status: int, problem: Mapping[str, Any], key: str) -> TasklineError:
    """The error for one task of a batch."""
    kind = _KINDS.get(status, ServerFailed if status >= _SERVERS else UnexpectedReply)
    text = described(status, problem)
    retryable = status in RETRIED
    return kind(text, status=status, problem=problem, idempotency_key=key, retryable=retryable, attempts=1)


def described(status: int, problem: Mapping[str, Any]) -> str:
    """A problem document in one line."""
    wrong = "; ".join(f"{one.get('field')} {one.get('message')}" for one in fields_named(problem))
    parts = [str(problem.get("title") or ""), str(problem.get("detail") or problem.get("message") or ""), wrong]
    return f"{status} {': '.join(part for part in parts if part)}".rstrip()


def problem_of(reply: Reply) -> Mapping[str, Any] | None:
    """The problem document of a response, or the gateway's own JSON object; None if it is neither."""
    try:
        found = reply.json()
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None


def retry_after(reply: Reply, now: float) -> float | None:
    """How many seconds the API asks to wait: given as such, or as a date. None if it does not ask."""
    text = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    asked, sent = _seconds(text), _seconds(reply.headers.get("date", ""))
    return None if asked is None else max(0.0, asked - (now if sent is None else sent))


def _seconds(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


def _undescribed(reply: Reply) -> str:
    text = reply.body[: 4 * _SHOWN].decode(errors="replace")
    start = " ".join(text.split())[:_SHOWN]
    return f"{reply.status}, without a problem document{f': {start}' if start else ''}"


def _hint(call: Call[Any], reply: Reply, problem: Mapping[str, Any] | None) -> str:
    if reply.status == 404 and problem is None:
        return " (Does the address end with the API's stage, such as /v1?)"
    if reply.status in (403, 404) and _OPERATORS.search(call.path):
        return " (Operators' requests need an AWS signature: pass auth=IamAuth().)"
    if location := reply.headers.get("location", "") if 300 <= reply.status < 400 else "":
        return f" (It is moved to {location}.)"
    return ""


def _tries(attempts: int) -> str:
    return f" (after {attempts} tries)" if attempts > 1 else ""


def _unknown(call: Call[Any]) -> str:
    return "" if call.may_repeat else " It may have been carried out; it is not sent again, because it has no key."
