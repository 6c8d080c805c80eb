"""The one port of the laptop edition: the API below its stage name, and the console everywhere else.

Requests to the API go through `local/services/gateway/`; the front door does its HTTP and invokes the functions.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web
from multidict import CIMultiDict

from local.host import processes
from local.host.errors import LaptopError
from local.services.http.connections import Timeouts
from local.services.http.gateway_errors import GatewayError, bad_response, broken, not_invoked, too_large, too_slow
from local.services.http.messages import FunctionCall, HttpRequest, HttpResponse
from local.services.http.problems import log_error, problem
from local.services.http.proxy_response import Malformed
from local.services.http.server import IncomingRequest, Server, Stalled
from local.services.http.site import MAX_FORM, Site
from local.services.lambdas.model import Invocation, Invoker

HOST = "127.0.0.1"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_PAYLOAD = 10 * 1024 * 1024
# Concurrent invocations; each blocks a thread.
INVOCATIONS = 64
READS = frozenset({"GET", "HEAD", "OPTIONS"})  # nothing new is accepted with these

OnResponse = Callable[[str, str, str, int], None]
"""Called in the event loop after each response of a function: function name, verb, path template, status."""


class ApiStage(Protocol):
    """A deployed stage of an API; `local.services.gateway.stage.Stage` is one."""

    def call(self, request: HttpRequest) -> FunctionCall:
        """The function call that a request leads to. Raises `GatewayError`."""
        ...

    def respond(self, request: HttpRequest, payload: bytes) -> HttpResponse:
        """The response to the client from a function's payload. Raises `Malformed`."""
        ...

    def error_response(self, request: HttpRequest, error: GatewayError) -> HttpResponse:
        """The response to a request that the gateway itself rejects."""
        ...


def _always_room() -> str:
    return ""


def _ignore(_function: str, _verb: str, _resource: str, _status: int) -> None:
    return


class FrontDoor:
    """Serves on an already bound socket. `apis` are the stages by the first segment of their paths.

    `hosts` are names (with their ports) that requests may name besides 127.0.0.1 and localhost. `shortage` returns why
    nothing new may be accepted, or nothing. `site` serves what is not below a stage.
    """

    def __init__(
        self,
        listener: socket.socket,
        apis: Mapping[str, ApiStage],
        invoker: Invoker,
        on_response: OnResponse = _ignore,
        hosts: Sequence[str] = (),
        shortage: Callable[[], str] = _always_room,
        timeouts: Timeouts | None = None,
        most_connections: int | None = None,
        site: Site | None = None,
    ) -> None:
        self._site = site
        self._listener = listener
        self._apis = apis
        self._invoker = invoker
        self._on_response = on_response
        self._shortage = shortage
        self._port: int = listener.getsockname()[1]
        self._hosts = {*hosts, *(f"{name}:{self._port}" for name in (HOST, "localhost"))}
        self._threads = ThreadPoolExecutor(INVOCATIONS, thread_name_prefix="front-door")
        self._timeouts = timeouts or Timeouts()
        self._most_connections = most_connections
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """The address of the console."""
        return f"http://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """The address of the API: that of its first stage."""
        return f"{self.url}/{next(iter(self._apis), 'v1')}"

    async def start(self) -> None:
        """Start serving."""
        self._server = Server(self._serve, self._timeouts, self._most_connections)
        await self._server.start(self._listener)

    async def stop(self) -> None:
        """Finish the requests in flight and close the port."""
        if self._server is not None:
            await self._server.stop()
        # Invocations that are still running have lost their clients; they end with their functions.
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, request: IncomingRequest) -> web.Response:
        """Refuse other names: a page whose name was rebound to 127.0.0.1 is of the same origin as its requests."""
        host = request.headers.get(hdrs.HOST, "")
        if host not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            return problem(
                HTTPStatus.FORBIDDEN, f"Host {host!r} is not served here, only {names}. Set TASKLINE_HOSTS."
            )
        return await self._dispatch(request)

    async def _dispatch(self, request: IncomingRequest) -> web.Response:
        # The raw path: what a client escaped stays escaped, and `..` has no meaning here.
        path, _, query = request.raw_path.partition("?")
        name, slash, rest = path.removeprefix("/").partition("/")
        stage = self._apis.get(name)
        if stage is None and self._site is not None:
            return await self._visit(self._site, request)
        if stage is None or (".." in rest and ".." in rest.split("/")):
            return problem(HTTPStatus.NOT_FOUND, f"There is nothing at {path}. The API is below /v1/.")
        if request.method not in READS and (shortage := self._shortage()):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, shortage)
        body = await _body(request, MAX_PAYLOAD)
        if isinstance(body, web.Response):
            return body
        received = self._received(request, name, f"{slash}{rest}", query, body or b"")
        if body is not None:
            return _response(await self._respond(stage, received))
        response = _response(stage.error_response(received, too_large(MAX_PAYLOAD)))
        response.force_close()  # the rest of the body is not read
        return response

    async def _visit(self, site: Site, request: IncomingRequest) -> web.Response:
        """A page of the site. Never raises."""
        body = await _body(request, MAX_FORM)
        if isinstance(body, web.Response):
            return body
        if body is None:
            detail = f"A form has at most {MAX_FORM} bytes."
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, close=True)
        try:
            return await site.respond(request, body, (HOST, self._port))
        except Exception as error:
            log_error("the console failed", path=request.path, cause=repr(error))
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")

    def _received(self, request: IncomingRequest, stage: str, path: str, query: str, body: bytes) -> HttpRequest:
        return HttpRequest(
            id=_request_id(),
            received=time.time(),
            verb=request.method,
            stage=stage,
            path=path,
            query=query,
            headers=request.headers,
            body=body,
            source_ip=request.remote or HOST,
            port=self._port,
        )

    async def _respond(self, stage: ApiStage, request: HttpRequest) -> HttpResponse:
        """Never raises: an internal error becomes a gateway error."""
        try:
            return await self._proxied(stage, stage.call(request), request)
        except GatewayError as error:
            return stage.error_response(request, error)
        except Exception as error:
            _log("internal error in the front door", request, cause=repr(error))
            return stage.error_response(request, broken())

    async def _proxied(self, stage: ApiStage, call: FunctionCall, request: HttpRequest) -> HttpResponse:
        invocation = await self._invoke(call, request)
        try:
            response = stage.respond(request, invocation.payload)
        except Malformed as malformed:
            _log(f"malformed proxy response: {malformed}", request, function=call.function)
            raise bad_response() from malformed
        self._notify(call, request, response)
        return response

    async def _invoke(self, call: FunctionCall, request: HttpRequest) -> Invocation:
        """Run the function. Raises `GatewayError` unless it succeeds in time."""
        invoked = asyncio.get_running_loop().run_in_executor(
            self._threads, self._invoker.invoke, call.function, call.event
        )
        try:
            async with asyncio.timeout(call.seconds):
                invocation = await invoked
        except TimeoutError as error:
            _log(f"no response within {call.seconds:g} s", request, function=call.function)
            raise too_slow() from error
        except Exception as error:
            _log("the function was not invoked", request, function=call.function, cause=repr(error))
            raise not_invoked() from error
        if invocation.failed:
            _log("the function failed", request, function=call.function)
            raise bad_response()
        return invocation

    def _notify(self, call: FunctionCall, request: HttpRequest, response: HttpResponse) -> None:
        try:
            self._on_response(call.function, request.verb, call.resource, response.status)
        except Exception as error:  # the client still gets its response
            _log("internal error in on_response", request, cause=repr(error))


def bind(port: int) -> socket.socket:
    """Take the port before anything slow starts, or raise `LaptopError` naming the process that has it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        owner = processes.listener(port)
        other = port + 1 if port < 65535 else 4000
        raise LaptopError(
            f"Port {port} is taken{' by ' + owner if owner else ''}.",
            f"Stop that process, or choose another port: `TASKLINE_PORT={other} make run`.",
        ) from error
    return listener


async def _body(request: IncomingRequest, most: int) -> bytes | web.Response | None:
    """The body, None if it is too long, or the response to one that did not arrive."""
    try:
        return await request.body(most)
    except Stalled:
        return problem(HTTPStatus.REQUEST_TIMEOUT, "The rest of the body did not arrive in time.", close=True)
    except (ConnectionError, web.RequestPayloadError):
        return problem(HTTPStatus.BAD_REQUEST, "The request body is broken, or ended early.", close=True)


def _request_id() -> str:
    """A UUID, as in API Gateway. It is not a secret, and the system's randomness would cost ten times as much."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _response(response: HttpResponse) -> web.Response:
    return web.Response(status=response.status, headers=CIMultiDict(response.headers), body=response.body)


def _log(message: str, request: HttpRequest, **facts: str) -> None:
    log_error(message, request_id=request.id, **facts)
