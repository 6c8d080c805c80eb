"""A front door with fake functions, and raw HTTP conversations with it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from local.program.declarations.gateway import GatewayDeclarations
from local.services.http.front_door import FrontDoor, bind
from local.services.lambdas.model import Invocation, InvocationRefused
from tests.local.laptop import free_port
from tests.local.services.gateway.apis import declared, operation, stage_of

HOSTS = ("x", "api.test:1")
RawTalk = Callable[[str | bytes], Awaitable[bytes]]
PATHS = {
    "/": {"any": operation("root")},
    "/long": {"any": operation("long")},
    "/short": {"any": operation("short")},
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
    responses = {"x-amazon-apigateway-gateway-responses": RESPONSES}

    async def whole() -> None:
        functions = Functions()
        stage = stage_of(declarations or declared(PATHS, compress_from=1024, **responses))
        door = FrontDoor(bind(free_port()), {"v1": stage}, functions, hosts=HOSTS, **options)
        await door.start()
        try:
            await conversation(lambda request: raw_talk(door.url, request), functions)
        finally:
            functions.released.set()
            await door.stop()

    asyncio.run(whole())


async def raw_talk(url: str, request: str | bytes) -> bytes:
    """Send a request unchanged except for HTTP's line breaks, and return everything that comes back."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request if isinstance(request, bytes) else request.replace("\n", "\r\n").encode())
    response = await reader.read()
    writer.close()
    return response


def get(path: str, *headers: str, method: str = "GET") -> str:
    """A request without a body."""
    return "\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "Connection: close", "", ""])
