"""Runs MiniStack: with a guard in front of it, an exit status that reports whether it saved its state, and two of its
functions replaced, so that a task costs the same after thousands of others.

The guard: anyone who reaches MiniStack's port is root there, and can run code through a function. So it serves only
clients that know the secret of this start, which AWS's SDKs send in their User-Agent (as the `app` that is set with
`AWS_SDK_UA_APP_ID`). Requests of web pages are refused in any case: those with a browser's headers, and those that
name another host, as a page does whose name was rebound to 127.0.0.1.

The exit status: MiniStack saves its state when it is terminated, logs what it could not save, and exits with 0.

The functions: before each SendMessage to a FIFO queue, MiniStack walks through all deduplication ids of the last five
minutes: twelve thousand at forty tasks per second, when a task costs 4 ms more than the first. And it holds the
records of a table's stream for a day, about 25 KB per task, though their one reader has them immediately. There are
settings for neither.
"""

from __future__ import annotations

import hmac
import http.server
import importlib
import logging
import math
import os
import runpy
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any

SECRET_VARIABLE = "TASKLINE_EMULATOR_SECRET"  # noqa: S105 its name, not the secret

NOT_SAVED = 3  # the exit status
READ_RECORD_SECONDS = 10.0  # a reader that lost a response continues behind the last record that it has

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


def prune_expired(queue: dict[str, Any]) -> None:
    """Drop the ids that were sent more than five minutes ago: the first entries, since all last equally long."""
    cache: dict[str, dict[str, Any]] = queue["dedup_cache"]
    now = time.time()
    while cache and cache[oldest := next(iter(cache))]["expire"] <= now:
        del cache[oldest]


class ReadRecords:
    """Drops stream records soon after they were read; those that were not read stay for MiniStack's own day."""

    def __init__(self, dynamodb: Any, now: Callable[[], float] = time.time) -> None:
        self._dynamodb = dynamodb
        self._now = now
        self._trim, self._since = dynamodb._trim_stream_records, dynamodb.stream_records_since
        self._read_until: dict[str, int] = {}

    def since(self, table: str, position: int, limit: int, **scope: Any) -> list[Any]:
        """What MiniStack returns from this position on. The reader has everything before it."""
        self._read_until[table] = max(position, self._read_until.get(table, 0))
        return self._since(table, position, limit, **scope)

    def trim(self, table: str, **scope: Any) -> None:
        """Drop what is a day old, and what was read."""
        self._trim(table, **scope)
        account, region = scope.get("account_id"), scope.get("region")
        records: list[dict[str, Any]] = self._dynamodb._live_stream_records(table, account, region)
        trimmed = self._dynamodb._trimmed_count(table, account, region)
        read = min(self._read_until.get(table, 0) - trimmed, len(records))
        cutoff = self._now() - READ_RECORD_SECONDS
        count = next((number for number in range(read) if _written(records[number]) >= cutoff), read)
        if count <= 0:
            return
        del records[:count]
        if account is None or region is None:
            self._dynamodb._stream_trimmed[table] = trimmed + count
        else:
            self._dynamodb._stream_trimmed.set_scoped(account, region, table, trimmed + count)


def _written(record: dict[str, Any]) -> float:
    """Epoch seconds. A restored record has none, and is kept."""
    change: dict[str, Any] = record.get("dynamodb") or {}
    return change.get("ApproximateCreationDateTime") or math.inf


def guarded(application: Application, secret: str, host: str) -> Application:
    """The ASGI application behind the guard; `host` is the only one that a request may name, with its port."""
    app, named = f"app/{secret}".encode(), host.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_admitted(scope["headers"], app, named):
            await application(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"Only Taskline itself may use its emulator.\n"})
        else:
            await send({"type": "websocket.close", "code": 1008})

    return guard


def _is_admitted(headers: Iterable[tuple[bytes, bytes]], app: bytes, host: bytes) -> bool:
    hosts: list[bytes] = []
    known = False
    for name, value in headers:
        if name == b"origin" or name.startswith(b"sec-fetch-"):
            return False
        if name == b"host":
            hosts.append(value)
        elif name == b"user-agent":
            known = any(hmac.compare_digest(part, app) for part in value.split())
    return known and hosts == [host]


class SaveFailures(logging.Handler):
    """Listens to MiniStack's log for parts of the state that could not be saved."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found = False

    def emit(self, record: logging.LogRecord) -> None:
        """Note it. MiniStack logs other errors of its state when it starts."""
        message = record.getMessage()
        self.found = self.found or "failed to save" in message or "error getting state" in message


def guard_runtime_apis(secret: str) -> None:
    """Keep strangers from taking or completing invocations: each function environment has its own port for them."""
    handler = http.server.BaseHTTPRequestHandler
    parse, app = handler.parse_request, f"app/{secret}".encode()

    def parse_request(self: http.server.BaseHTTPRequestHandler) -> bool:
        if not parse(self):
            return False
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        host = "{}:{}".format(*self.connection.getsockname())
        if _is_admitted(headers, app, host.encode()):
            return True
        self.send_error(403)
        return False

    handler.parse_request = parse_request


def main() -> None:
    """Serve until the process is terminated."""
    _replace("ministack.services.sqs", "_prune_dedup", prune_expired)
    stream = ReadRecords(importlib.import_module("ministack.services.dynamodb"))
    _replace("ministack.services.dynamodb", "stream_records_since", stream.since)
    _replace("ministack.services.dynamodb", "_trim_stream_records", stream.trim)
    if secret := os.environ[SECRET_VARIABLE]:
        _guard(secret, f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}")
    failures = SaveFailures()
    persistence: Any = importlib.import_module("ministack.core.persistence")
    persistence.logger.addHandler(failures)
    runpy.run_module("ministack", run_name="__main__")
    raise SystemExit(NOT_SAVED if failures.found else 0)


def _guard(secret: str, host: str) -> None:
    guard_runtime_apis(secret)
    application: Application = importlib.import_module("ministack.app").app
    _replace("ministack.app", "app", guarded(application, secret, host))


def _replace(module: str, name: str, replacement: object) -> None:
    loaded = importlib.import_module(module)
    if not hasattr(loaded, name):
        raise SystemExit(f"{__file__} does not match this version of MiniStack, which has no {module}.{name}")
    setattr(loaded, name, replacement)


if __name__ == "__main__":
    main()
