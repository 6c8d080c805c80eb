"""Admits only clients that know the secret of this start.

Anyone who reaches MiniStack's port is root there, and can run code through a function. AWS's SDKs send the secret in
their User-Agent (as the `app` that is set with `AWS_SDK_UA_APP_ID`). Requests of web pages are refused in any case:
those with a browser's headers, and those that name another host, as a page does whose name was rebound to 127.0.0.1.
"""

from __future__ import annotations

import hmac
import http.server
from collections.abc import Iterable

from local.emulator.process.asgi import Application, Receive, Scope, Send, respond


def guarded(application: Application, secret: str, host: str) -> Application:
    """The ASGI application behind the guard; `host` is the only one that a request may name, with its port."""
    app, named = f"app/{secret}".encode(), host.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_admitted(scope["headers"], app, named):
            await application(scope, receive, send)
        elif scope["type"] == "http":
            await respond(send, 403, {"message": "Only Taskline itself may use its emulator."})
        else:
            await send({"type": "websocket.close", "code": 1008})

    return guard


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
