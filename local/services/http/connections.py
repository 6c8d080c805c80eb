"""The connections of the front door: aiohttp's, except that no client is waited for without end, and that every error
is a problem document.

aiohttp closes a connection that is idle, but waits without end for the rest of a head or a body, and for a client that
does not take its response. Its own errors are plain text, with a traceback on the terminal for each malformed request.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import BadHttpMessage, InvalidURLError, LineTooLong

from local.services.http.problems import log_error, problem, raw_problem

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: request line and headers together
LONGEST_LINE: Final = 10_240
# How long a rejected upload may continue, so that its client gets to read the response.
LINGER_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long a client is waited for, in seconds."""

    head: float = 10.0  # for the head of a request, from its first byte; on a new connection, for that byte, too
    body: float = 30.0  # for more of a body
    response: float = 30.0  # for the client to take its response
    idle: float = 75.0  # for the next request


def most_connections() -> int:
    """Half of the files that this process may open; the other half is for workers, queues and tables."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if soft == resource.RLIM_INFINITY else max(1, min(1024, soft // 2))


class Connections:
    """The open connections, `most` of them at a time: beyond that, whoever has been waited for longest has to go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Connection] = set()

    def admit(self, newcomer: Connection) -> bool:
        """Take a connection, if necessary in the place of another. False if all others are being served."""
        self._open.add(newcomer)
        if len(self._open) <= self._most:
            return True
        waiting = [one for one in self._open if one is not newcomer and one.waiting_since is not None]
        if not waiting:
            return False
        longest = min(waiting, key=lambda one: one.waiting_since or 0.0)
        self._open.discard(longest)
        longest.hang_up()
        return True

    def forget(self, connection: Connection) -> None:
        """The connection has ended."""
        self._open.discard(connection)


class Connection(web.RequestHandler):
    """A connection to a client, who is never waited for longer than the timeouts say."""

    def __init__(self, server: web.Server, connections: Connections, timeouts: Timeouts, **options: Any) -> None:
        super().__init__(server, **options)
        self.waiting_since: float | None = None
        self._connections = connections
        self._timeouts = timeouts
        self._clock = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False  # part of a request has arrived, whose response has not been sent
        self._refused = False
        self._socket: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
        super().connection_made(transport)
        self._wait(self._timeouts.head, self.hang_up)
        if not self._connections.admit(self):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections. Try again later.")

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has ended."""
        self.stop_waiting()
        self._connections.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._refused:
            return
        if data and not self._begun:
            self._begun = True
            self._wait(self._timeouts.head, self._head_is_late)
        super().data_received(data)

    async def receive(self, body: StreamReader) -> bytes:
        """More of a body, b"" at its end. Raises `TimeoutError`, `ConnectionError` or `RequestPayloadError`."""
        self._wait(self._timeouts.body, lambda: body.set_exception(TimeoutError()))
        try:
            return await body.readany()
        finally:
            self.stop_waiting()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response and wait for the next request."""
        self._wait(self._timeouts.response, self.hang_up)
        finished = await super().finish_response(request, resp, start_time)
        self._begun = False
        # If the connection ends with this response, the client has as long to take it.
        self._wait(self._timeouts.idle, self.hang_up)
        return finished

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The response to a malformed request, or after an error of our own."""
        del message
        if request.writer.output_size > 0:
            raise ConnectionError("part of another response has been sent")
        if isinstance(exc, BadHttpMessage):
            return problem(_status(exc), _detail(exc), close=True)
        log_error("internal error in the front door", cause=repr(exc))
        return problem(HTTPStatus(status), "Internal server error", close=True)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """One line, without the traceback."""
        log_error(str(args[0]) % args[1:], cause=repr(kw.get("exc_info")))

    def hang_up(self) -> None:
        """Close the connection now, whatever has not been sent."""
        self.stop_waiting()
        if self._socket is not None:
            self._socket.abort()

    def stop_waiting(self) -> None:
        """It is not the client who is waited for."""
        self.waiting_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, seconds: float, expired: Callable[[], None]) -> None:
        self.stop_waiting()
        self.waiting_since = self._clock.time()
        self._timer = self._clock.call_later(seconds, expired)

    def _head_is_late(self) -> None:
        detail = f"The head of the request did not arrive within {self._timeouts.head:g} s."
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, detail)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send a problem document, and ignore what still arrives: after a sudden end the client might not read it."""
        assert self._socket is not None
        self._refused = True
        self._socket.write(raw_problem(status, detail))
        self._socket.write_eof()
        self.close()
        self._wait(LINGER_SECONDS, self.hang_up)


def _status(error: BadHttpMessage) -> HTTPStatus:
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if isinstance(error, LineTooLong) else HTTPStatus.BAD_REQUEST


def _detail(error: BadHttpMessage) -> str:
    """What is wrong, without what the client sent: the parser quotes it below an empty line."""
    if isinstance(error, LineTooLong):
        return f"A line of the request is longer than {LONGEST_LINE} bytes."
    if isinstance(error, InvalidURLError):
        return "The request is not valid HTTP: invalid target."
    reason = " ".join(error.message.partition("\n\n")[0].split()).rstrip(".:")
    return f"The request is not valid HTTP: {reason}."
