"""The front door adds nothing, takes nothing away, and answers for a missing or slow emulator as API Gateway does."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict

from local.errors import LaptopError
from local.front_door import MAX_PAYLOAD, FrontDoor, bind
from local.gateway import Gateway
from tests.local.laptop import Laptop, free_port

PACKED = gzip.compress(b"packed")
RawTalk = Callable[[str], Awaitable[bytes]]


class Upstream:
    """Stands for the emulator: remembers what it got, to the byte, and answers oddly on purpose."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.bodies.append(await request.read())
        line = f"{request.method} {request.raw_path}\n".encode()
        self.heads.append(line + b"\n".join(name + b": " + value for name, value in request.raw_headers))
        if "slow" in request.raw_path:
            await asyncio.sleep(1)
        if "plain" in request.raw_path:
            return web.Response(text="a" * int(request.query["length"]))
        headers = [("Content-Encoding", "gzip"), ("X-Two", "a"), ("X-Two", "b"), ("Content-Type", "text/odd")]
        return web.Response(status=207, body=PACKED, headers=CIMultiDict(headers))


def talk(
    conversation: Callable[[RawTalk, Upstream], Awaitable[None]], running: bool = True, gateway: Gateway | None = None
) -> None:
    """Hold a conversation with a front door whose upstream is ours; requests are raw: nothing is prettified."""

    async def whole() -> None:
        upstream = Upstream()
        port = free_port()
        # The handler sees bodies as they came: no decompression.
        runner = web.ServerRunner(web.Server(upstream.answer, auto_decompress=False))
        if running:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
        routes = {"v1": f"http://127.0.0.1:{port}/base/v1"}
        door = FrontDoor(bind(free_port()), routes, integration_seconds=0.3, gateway=gateway or Gateway())
        await door.start()
        try:
            await conversation(lambda request: _raw(door.url, request), upstream)
        finally:
            await door.stop()
            await runner.cleanup()

    asyncio.run(whole())


async def _raw(url: str, request: str | bytes) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request if isinstance(request, bytes) else request.replace("\n", "\r\n").encode())
    answer = await reader.read()
    writer.close()
    return answer


def test_a_request_and_its_answer_pass_unchanged() -> None:
    async def conversation(raw: Any, upstream: Upstream) -> None:
        body = bytes(range(256)) * 40
        head = (
            "POST /v1/a%2Fb//c%20d?x=1&x=%26&empty HTTP/1.1\nHost: evil.s3.127.0.0.1\nX-Odd: é;q=\nX-Twice: 1\n"
            f"X-Twice: 2\nContent-Encoding: gzip\nContent-Length: {len(body)}\n"
            "Connection: close, X-Hop\nX-Hop: gone\n\n"
        )
        answer = await raw(head.replace("\n", "\r\n").encode() + body)
        (got,) = upstream.heads
        assert got.startswith(b"POST /base/v1/a%2Fb//c%20d?x=1&x=%26&empty\n")
        for line in ("X-Odd: é;q=".encode(), b"X-Twice: 1", b"X-Twice: 2", b"Content-Encoding: gzip"):
            assert line in got
        for absent in (b"X-Hop", b"evil", b"User-Agent", b"Accept", b"Content-Type"):
            assert absent not in got, got
        assert upstream.bodies == [body]
        head, _, sent = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 207")
        assert sent == PACKED, "no decompression on the way back"
        assert b"X-Two: a\r\nX-Two: b" in head
        assert b"Content-Type: text/odd" in head

    talk(conversation)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_any_method_passes(method: str) -> None:
    async def conversation(raw: Any, upstream: Upstream) -> None:
        answer = await raw(f"{method} /v1 HTTP/1.1\nHost: x\nConnection: close\n\n")
        assert answer.startswith(b"HTTP/1.1 207")
        assert upstream.heads[0].startswith(f"{method} /base/v1\n".encode())
        if method == "HEAD":
            assert answer.endswith(b"\r\n\r\n"), "no body"
            assert f"Content-Length: {len(PACKED)}".encode() in answer, "but the length it would have"

    talk(conversation)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /v2/tasks", 404),
        ("GET /v10/tasks", 404),
        ("GET /_ministack/reset", 404),
        ("GET /v1/../_ministack/reset", 404),
        ("GET /v1/x/../../../_ministack/reset", 404),
        ("GET /v1/slow", 504),
    ],
)
def test_errors_of_its_own_are_problem_documents(request_line: str, status: int) -> None:
    async def conversation(raw: Any, _upstream: Upstream) -> None:
        answer = await raw(f"{request_line} HTTP/1.1\nHost: x\nConnection: close\n\n")
        assert answer.startswith(f"HTTP/1.1 {status}".encode()), answer
        assert b"application/problem+json" in answer
        assert f'"status": {status}'.encode() in answer

    talk(conversation)


def test_a_payload_over_ten_megabytes_is_refused_with_and_without_a_length() -> None:
    async def conversation(raw: Any, upstream: Upstream) -> None:
        declared = f"POST /v1/x HTTP/1.1\nHost: x\nContent-Length: {MAX_PAYLOAD + 1}\n\n"
        assert (await raw(declared)).startswith(b"HTTP/1.1 413")
        chunk = b"%x\r\n" % (1024 * 1024) + b"a" * 1024 * 1024 + b"\r\n"
        chunked = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 11 + b"0\r\n\r\n"
        assert (await raw(chunked)).startswith(b"HTTP/1.1 413")
        assert upstream.heads == []

    talk(conversation)


@pytest.mark.parametrize(
    ("length", "accepted", "compressed"),
    [
        (1024, "gzip", True),
        (1024, "br;q=1.0, GZIP;q=0.5", True),
        (1023, "gzip", False),
        (1024, "identity", False),
        (1024, "br", False),
    ],
)
def test_long_answers_are_compressed_for_clients_that_ask_for_it(length: int, accepted: str, compressed: bool) -> None:
    async def conversation(raw: Any, _upstream: Upstream) -> None:
        request = (
            f"GET /v1/plain?length={length} HTTP/1.1\nHost: x\nAccept-Encoding: {accepted}\nConnection: close\n\n"
        )
        head, _, body = (await raw(request)).partition(b"\r\n\r\n")
        assert (b"Content-Encoding: gzip" in head) == compressed
        assert f"Content-Length: {len(body)}".encode() in head
        assert (gzip.decompress(body) if compressed else body) == b"a" * length

    talk(conversation, gateway=Gateway(minimum_compression_bytes=1024))


def test_what_is_compressed_already_stays_as_it_is() -> None:
    async def conversation(raw: Any, _upstream: Upstream) -> None:
        answer = await raw("GET /v1/x HTTP/1.1\nHost: x\nAccept-Encoding: gzip\nConnection: close\n\n")
        assert answer.partition(b"\r\n\r\n")[2] == PACKED

    talk(conversation, gateway=Gateway(minimum_compression_bytes=0))


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("X-Api-Key: secret", b"X-Taskline-Api-Key-Id: key-1"),
        ("x-api-key: secret\nx-taskline-api-key-id: key-2", b"X-Taskline-Api-Key-Id: key-1"),
        ("X-Api-Key: wrong\nX-Taskline-Api-Key-Id: key-1", None),
        ("X-Taskline-Api-Key-Id: key-1", None),
    ],
)
def test_who_calls_is_known_by_the_key_and_by_nothing_else(sent: str, known: bytes | None) -> None:
    async def conversation(raw: Any, upstream: Upstream) -> None:
        await raw(f"GET /v1/x HTTP/1.1\nHost: x\n{sent}\nConnection: close\n\n")
        (head,) = upstream.heads
        told = [line for line in head.splitlines() if line.lower().startswith(b"x-taskline-api-key-id")]
        assert told == ([known] if known else [])

    talk(conversation, gateway=Gateway(api_keys={"secret": "key-1"}))


def test_a_missing_emulator_is_said() -> None:
    async def conversation(raw: Any, _upstream: Upstream) -> None:
        answer = await raw("GET /v1/health HTTP/1.1\nHost: x\nConnection: close\n\n")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"make run" in answer

    talk(conversation, running=False)


def test_a_taken_port_is_refused_with_another_one_as_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LaptopError, match=f"Port {port} is taken"):
            bind(port)


def test_the_page_shows_how_to_post_and_read_a_task(laptop: Laptop) -> None:
    answer = laptop.request("GET", "/")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert f"curl -X POST {laptop.api}/tasks" in answer.body.decode()


def test_bad_requests_get_problem_documents_through_the_whole_stack(laptop: Laptop) -> None:
    for method, path, body, status in (
        ("POST", "/v1/tasks", b"{", 400),
        ("POST", "/v1/tasks", b'{"title": 1}', 400),
        ("POST", "/v1/tasks", b"a" * 300_000, 413),
        ("DELETE", "/v1/tasks", None, 405),
        ("GET", "/v1/nothing", None, 404),
        ("GET", "/v1", None, 404),
    ):
        answer = laptop.request(method, path, body, Content_Type="application/json")
        assert answer.status == status, (method, path, answer)
        assert answer.headers["Content-Type"].startswith("application/problem+json"), (method, path, answer)
