"""Errors outside the stages: problem documents for the client, and lines for the terminal."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

PROBLEM_JSON = "application/problem+json"


def problem(status: HTTPStatus, detail: str, *, close: bool = False) -> web.Response:
    """An error as a problem document (RFC 9457). `close` ends the connection after it."""
    response = web.Response(status=status, body=_document(status, detail), content_type=PROBLEM_JSON)
    if close:
        response.force_close()
    return response


def raw_problem(status: HTTPStatus, detail: str) -> bytes:
    """The same as bytes, for a client to whose connection no request belongs; the connection ends with it."""
    body = _document(status, detail)
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {PROBLEM_JSON}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body


def log_error(message: str, **facts: str) -> None:
    """One line on the terminal."""
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"timestamp": timestamp, "level": "ERROR", "message": message, **facts}
    print(json.dumps(line), file=sys.stderr, flush=True)


def _document(status: HTTPStatus, detail: str) -> bytes:
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return json.dumps(document).encode()
