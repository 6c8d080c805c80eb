"""An HTTP/1.x server on a bound socket, for one handler of all requests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from local.services.http.connections import (
    LINGER_SECONDS,
    LONGEST_LINE,
    Connection,
    Connections,
    Timeouts,
    most_connections,
)
from local.services.http.problems import problem

STOP_SECONDS = 2.0

Handler = Callable[["IncomingRequest"], Awaitable[web.StreamResponse]]


class Stalled(Exception):
    """The client has stopped sending its body."""


class IncomingRequest(web.BaseRequest):
    """A request whose head has arrived. `known_version` is False if it is neither HTTP/1.0 nor HTTP/1.1."""

    known_version = True

    async def body(self, most: int) -> bytes | None:
        """The whole body as received, None if it is longer than `most` bytes.

        Raises `Stalled` when the client stops sending, `ConnectionError` or `RequestPayloadError` when the body is
        broken.
        """
        if (self.content_length or 0) > most:
            return None
        if self.headers.get(hdrs.EXPECT) and self.version == HttpVersion11:
            await self._continue()
        body = bytearray()
        while chunk := await self._more():
            body += chunk
            if len(body) > most:
                return None
        return bytes(body)

    async def _more(self) -> bytes:
        assert isinstance(self.protocol, Connection)
        try:
            return b"" if self.content.at_eof() else await self.protocol.receive(self.content)
        except TimeoutError as error:
            raise Stalled from error

    async def _continue(self) -> None:
        """Ask for the body, which the client announced and held back."""
        await self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.writer.output_size = 0  # it is not part of the response

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Responses carry the API's headers and no others."""
        response.headers.pop(hdrs.SERVER, None)


class Server(web.Server):
    """Serves on an already bound socket, at most `most` connections at a time."""

    def __init__(self, handler: Handler, timeouts: Timeouts, most: int | None = None) -> None:
        super().__init__(self._serve, request_factory=_request)  # pyright: ignore[reportArgumentType]
        self._respond = handler
        self._timeouts = timeouts
        self._admitted = Connections(most_connections() if most is None else most)
        self._runner = web.ServerRunner(self, shutdown_timeout=STOP_SECONDS)

    def __call__(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(
            self,
            self._admitted,
            self._timeouts,
            loop=asyncio.get_running_loop(),
            access_log=None,
            auto_decompress=False,
            lingering_time=LINGER_SECONDS,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )

    async def start(self, listener: socket.socket) -> None:
        """Start serving."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Finish the requests in flight and close the socket."""
        await self._runner.cleanup()

    async def _serve(self, request: IncomingRequest) -> web.StreamResponse:
        assert isinstance(request.protocol, Connection)
        request.protocol.stop_waiting()
        return _unserved(request) or await self._respond(request)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> IncomingRequest:
    """The response to another version of HTTP is in HTTP/1.1."""
    known = message.version in (HttpVersion10, HttpVersion11)
    if not known:
        message = message._replace(version=HttpVersion11)
    request = IncomingRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())
    request.known_version = known
    return request


def _unserved(request: IncomingRequest) -> web.Response | None:
    """The response to what HTTP knows and this server does not do; None for all other requests."""
    if not request.known_version:
        return problem(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are served.", close=True)
    if request.method == hdrs.METH_CONNECT:
        return problem(HTTPStatus.NOT_IMPLEMENTED, "This is no proxy: CONNECT is not served.", close=True)
    expected = request.headers.get(hdrs.EXPECT, "100-continue")
    if expected.lower() != "100-continue":
        detail = f"Only 100-continue can be expected, not {expected!r}."
        return problem(HTTPStatus.EXPECTATION_FAILED, detail, close=True)
    return None
