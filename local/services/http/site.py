"""Serves an ASGI application behind the front door: the console.

The application is made when the edition is ready, or at the first request: no start has to wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict

from local.services.http.messages import HOP_BY_HOP
from local.services.http.server import IncomingRequest

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
# The largest form: a task with its 192 KiB of data, escaped.
MAX_FORM: Final = 1024 * 1024


class Site:
    """An application that `make` returns, once it is wanted."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._made: Application | None = None
        self._lock = threading.Lock()

    async def warm(self) -> None:
        """Make the application before anybody asks for it. If that fails, the first request shows it."""
        with contextlib.suppress(Exception):
            await asyncio.to_thread(self._application)

    async def respond(self, request: IncomingRequest, body: bytes, server: tuple[str, int]) -> web.Response:
        """The application's response to a request, whole."""
        application = self._made or await asyncio.to_thread(self._application)
        response = _Collected()
        await application(_scope(request, server), _sending(body), response.take)
        return response.response()

    def _application(self) -> Application:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


class _Collected:
    """A response as the application sends it: its start, then its body in parts."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    def response(self) -> web.Response:
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers)
        headers = CIMultiDict((name, value) for name, value in pairs if name.lower() not in _OWN)
        return web.Response(status=self._status, headers=headers, body=bytes(self._body))


_OWN: Final = HOP_BY_HOP | {"content-length"}


def _scope(request: IncomingRequest, server: tuple[str, int]) -> Message:
    path, _, query = request.raw_path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": (request.remote or "127.0.0.1", 0),
        "server": server,
        "state": {},
    }


def _sending(body: bytes) -> Callable[[], Awaitable[Message]]:
    """The body in one message, then nothing: the front door waits for the whole response, and so does the client."""
    left = [body]

    async def receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await asyncio.get_running_loop().create_future()

    return receive
