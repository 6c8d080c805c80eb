"""Runs MiniStack: with a guard in front of it, an exit status that reports whether it saved its state, and one of its
functions replaced by a faster one.

The guard: anyone who reaches MiniStack's port is root there, and can run code through a function. So it serves only
clients that know the secret of this start, which AWS's SDKs send in their User-Agent (as the `app` that is set with
`AWS_SDK_UA_APP_ID`). Requests of web pages are refused in any case: those with a browser's headers, and those that
name another host, as a page does whose name was rebound to 127.0.0.1.

The exit status: MiniStack saves its state when it is terminated, logs what it could not save, and exits with 0.

The function: before each SendMessage to a FIFO queue, MiniStack walks through all deduplication ids of the last five
minutes: twelve thousand at forty tasks per second, when a task costs 4 ms more than the first. There is no setting.
"""

from __future__ import annotations

import hmac
import http.server
import importlib
import logging
import os
import runpy
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any

SECRET_VARIABLE = "TASKLINE_EMULATOR_SECRET"  # noqa: S105 its name, not the secret

NOT_SAVED = 3  # the exit status

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
    secret, host = os.environ[SECRET_VARIABLE], f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"
    guard_runtime_apis(secret)
    application: Application = importlib.import_module("ministack.app").app
    _replace("ministack.app", "app", guarded(application, secret, host))
    failures = SaveFailures()
    persistence: Any = importlib.import_module("ministack.core.persistence")
    persistence.logger.addHandler(failures)
    runpy.run_module("ministack", run_name="__main__")
    raise SystemExit(NOT_SAVED if failures.found else 0)


def _replace(module: str, name: str, replacement: object) -> None:
    loaded = importlib.import_module(module)
    if not hasattr(loaded, name):
        raise SystemExit(f"{__file__} does not match this version of MiniStack, which has no {module}.{name}")
    setattr(loaded, name, replacement)


if __name__ == "__main__":
    main()
