"""The one port a person talks to: the API below its stage name, everything else about the laptop edition elsewhere."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from local import processes
from local.errors import LaptopError
from local.gateway import Gateway
from local.welcome import page

HOST = "127.0.0.1"
# API Gateway's own quotas, which the emulator does not enforce.
MAX_PAYLOAD = 10 * 1024 * 1024
INTEGRATION_SECONDS = 29.0
# How long a refused upload may go on, so that its client comes to read the refusal.
LINGER_SECONDS = 2.0
# RFC 9110, 7.6.1: these belong to one connection.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What aiohttp would add by itself to a request that does not have it.
NOT_ADDED = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)
NOTHING_MORE = Gateway()


class FrontDoor:
    """Serves on an already bound socket. `routes` maps a stage name to the emulator's URL of that stage."""

    def __init__(
        self,
        listener: socket.socket,
        routes: Mapping[str, str],
        integration_seconds: float = INTEGRATION_SECONDS,
        gateway: Gateway = NOTHING_MORE,
    ) -> None:
        self._listener = listener
        self._routes = routes
        self._seconds = integration_seconds
        self._gateway = gateway
        self._upstream: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address a person types."""
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    @property
    def api_url(self) -> str:
        """The address of the API: that of its first stage."""
        return f"{self.url}/{next(iter(self._routes), 'v1')}"

    async def start(self) -> None:
        """Begin to answer."""
        # A kept connection may be closed under a POST, which must not be sent twice: each request gets its own.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._upstream = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        application = web.Application()
        application.on_response_prepare.append(_without_server_header)
        application.router.add_get("/", self._welcome)
        application.router.add_route("*", r"/{path:[\s\S]*}", self._dispatch)  # a path may hold an escaped line break
        self._runner = web.AppRunner(
            application, auto_decompress=False, access_log=None, shutdown_timeout=2.0, lingering_time=LINGER_SECONDS
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        """Finish what is being answered and close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._upstream is not None:
            await self._upstream.close()

    async def _welcome(self, _request: web.Request) -> web.Response:
        return web.Response(text=page(self.api_url), content_type="text/html")

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        # The raw path: what a client escaped must stay escaped, and `..` must mean nothing here.
        raw = request.raw_path
        path, _, query = raw.partition("?")
        stage, slash, rest = path.removeprefix("/").partition("/")
        target = self._routes.get(stage)
        if target is None or ".." in rest.split("/"):
            return problem(HTTPStatus.NOT_FOUND, f"There is nothing at {path}. The API is below /v1/.")
        return await self._forward(request, URL(f"{target}{slash}{rest}{'?' + query if query else ''}", encoded=True))

    async def _forward(self, request: web.Request, url: URL) -> web.StreamResponse:
        body = await _read(request)
        if body is None:
            response = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The payload is larger than 10 MB.")
            response.force_close()  # the rest of the body is not read
            return response
        assert self._upstream is not None
        headers = _passed_on(request.headers, drop=frozenset({"host", "content-length"}))
        self._gateway.identify(headers)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._upstream.request(
                    request.method,
                    url,
                    data=body or None,
                    headers=headers,
                    skip_auto_headers=NOT_ADDED,
                    allow_redirects=False,
                ) as answer,
            ):
                return self._answer(request, answer, await answer.read())
        except TimeoutError:
            return problem(HTTPStatus.GATEWAY_TIMEOUT, f"No answer within {self._seconds:g} s.")
        except aiohttp.ClientConnectorError:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The AWS emulator does not run. Start again: `make run`.")
        except aiohttp.ClientError as error:
            return problem(HTTPStatus.BAD_GATEWAY, f"The AWS emulator broke off: {error}.")

    def _answer(self, request: web.Request, answer: aiohttp.ClientResponse, body: bytes) -> web.Response:
        headers = _passed_on(answer.headers)
        if request.method != hdrs.METH_HEAD:
            headers.popall(hdrs.CONTENT_LENGTH, None)  # aiohttp counts again
            body = self._gateway.compress(request.headers, headers, body)
        response = web.Response(status=answer.status, reason=answer.reason, body=body or None)
        response.headers.clear()
        response.headers.extend(headers)
        return response


async def _without_server_header(_request: web.Request, response: web.StreamResponse) -> None:
    """The API's headers are those of the API alone."""
    response.headers.pop(hdrs.SERVER, None)


def bind(port: int) -> socket.socket:
    """Take the port now, before anything slow starts, or raise `LaptopError` saying who has it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        owner = processes.listener(port)
        raise LaptopError(
            f"Port {port} is taken{' by ' + owner if owner else ''}.",
            f"Stop that one, or choose another port: `TASKLINE_PORT={port + 1 if port < 65535 else 4000} make run`.",
        ) from error
    return listener


def problem(status: HTTPStatus, detail: str) -> web.Response:
    """An error of the front door itself, as RFC 9457 wants it."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return web.Response(status=status, body=json.dumps(document).encode(), content_type="application/problem+json")


async def _read(request: web.Request) -> bytes | None:
    """The whole body as it came, or None if it is over the limit."""
    if (request.content_length or 0) > MAX_PAYLOAD:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_PAYLOAD:
            return None
    return bytes(body)


def _passed_on(headers: Mapping[str, str], drop: frozenset[str] = frozenset()) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    dropped = HOP_BY_HOP | named | drop
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
