"""A front door with fake functions, and raw HTTP conversations with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from local.program.declarations.gateway import GatewayDeclarations
from local.services.http.front_door import FrontDoor, bind
from local.services.lambdas.model import Invocation, InvocationRefused
from tests.local.laptop import free_port
from tests.local.services.gateway.apis import declared, operation, stage_of

HOSTS = ("x", "api.test:1")
HUGE = 8 * 1024 * 1024  # more than the sockets' buffers hold
RawTalk = Callable[[str | bytes], Awaitable[bytes]]
PATHS = {
    "/": {"any": operation("root")},
    "/long": {"any": operation("long")},
    "/short": {"any": operation("short")},
    "/huge": {"any": operation("huge")},
    "/encoded": {"any": operation("encoded")},
    "/empty": {"any": operation("empty")},
    "/slow": {"any": operation("slow", milliseconds=300)},
    "/waits": {"any": operation("waits")},
    "/missing": {"get": operation("missing")},
    "/breaks": {"get": operation("breaks")},
    "/fails": {"get": operation("fails")},
    "/talks": {"get": operation("talks")},
    "/keyed": {"get": operation("odd", key=True)},
    "/operators": {"any": operation("odd") | {"tags": ["operations"]}},
    "/{one}/{two}": {"any": operation("odd")},
}
RESPONSES = {
    name: {
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Origin": "method.request.header.origin",
        },
        "responseTemplates": {"application/json": f'{{"type": "{name}", "detail": $context.error.messageString}}'},
    }
    for name in ("DEFAULT_4XX", "DEFAULT_5XX")
}


def proxied(body: str = "", **fields: Any) -> Invocation:
    """A function's proxy response."""
    return Invocation(payload=json.dumps({"body": body, **fields}).encode())


def odd() -> Invocation:
    """A proxy response with a little of everything."""
    headers = {"Content-Type": "text/odd", "Server": "theirs"}
    return proxied("odd: ü", statusCode=207, headers=headers, multiValueHeaders={"X-Two": ["a", "b"]})


class Functions:
    """Keeps the events that it received, and responds oddly on purpose. `slow` and `waits` wait until released."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.released = threading.Event()

    def invoke(self, function: str, payload: bytes) -> Invocation:
        event = json.loads(payload)
        self.events.append(event)
        if function == "missing":
            raise InvocationRefused("ResourceNotFoundException", "Function not found: missing", 404)
        if function == "breaks":
            raise OSError("the emulator is gone")
        if function in ("slow", "waits"):
            self.released.wait(8)
        return RESPONSES_OF.get(function) or odd()


RESPONSES_OF = {
    "long": proxied("a" * 1024),
    "short": proxied("a" * 1023),
    "huge": proxied("a" * HUGE),
    "encoded": proxied("encoded", headers={"Content-Encoding": "identity"}),
    "empty": proxied(statusCode=204),
    "fails": Invocation(payload=b'{"errorMessage": "no"}', failed=True),
    "talks": Invocation(payload=b'"Hello"'),
}


def talk(
    conversation: Callable[[RawTalk, Functions], Awaitable[None]],
    declarations: GatewayDeclarations | None = None,
    **options: Any,
) -> None:
    """Run a conversation with a front door with fake functions; requests are raw bytes, sent unchanged."""

    async def whole() -> None:
        async with open_door(declarations, **options) as (url, functions):
            await conversation(lambda request: raw_talk(url, request), functions)

    asyncio.run(whole())


@contextlib.asynccontextmanager
async def open_door(
    declarations: GatewayDeclarations | None = None, **options: Any
) -> AsyncGenerator[tuple[str, Functions]]:
    """The address of a front door, and the fake functions behind it."""
    functions = Functions()
    responses = {"x-amazon-apigateway-gateway-responses": RESPONSES}
    stage = stage_of(declarations or declared(PATHS, compress_from=1024, **responses))
    door = FrontDoor(bind(free_port()), {"v1": stage}, functions, hosts=HOSTS, **options)
    await door.start()
    try:
        yield door.url, functions
    finally:
        functions.released.set()
        await door.stop()


async def raw_talk(url: str, request: str | bytes) -> bytes:
    """Send a request unchanged except for HTTP's line breaks, and return everything that comes back."""
    reader, writer = await connect(url)
    writer.write(as_bytes(request))
    response = await reader.read()
    writer.close()
    return response


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection."""
    host, _, port = url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


def as_bytes(request: str | bytes) -> bytes:
    """A request with HTTP's line breaks; bytes stay unchanged."""
    return request if isinstance(request, bytes) else request.replace("\n", "\r\n").encode()


def get(path: str, *headers: str, method: str = "GET") -> str:
    """A request without a body."""
    return "\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "Connection: close", "", ""])
