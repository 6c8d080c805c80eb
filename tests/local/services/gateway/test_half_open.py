"""Clients that connect, and then keep the front door waiting."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.services.http.connections import Timeouts
from tests.local.services.gateway.doors import (
    HUGE,
    Functions,
    RawTalk,
    as_bytes,
    connect,
    get,
    open_door,
    raw_talk,
    talk,
)

LONG = Timeouts(head=60, body=60, response=60, idle=60)
SHORT = 0.2
HEAD = b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\n"
KEPT = as_bytes(get("/v1/a/b").replace("Connection: close\n", ""))
HALF_BODIES = {
    "with a length": HEAD + b"Content-Length: 10\r\n\r\nhalf",
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "announced": HEAD + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", ""), "nothing reaches the terminal"
    assert caplog.records == []


def at_the_door(conversation: Callable[[str, Functions], Awaitable[None]], **options: Any) -> None:
    """Run a conversation with the front door at an address."""

    async def whole() -> None:
        async with open_door(**options) as (url, functions):
            await conversation(url, functions)

    asyncio.run(whole())


def assert_timed_out(response: bytes) -> None:
    assert b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n" in response
    assert json.loads(response.rpartition(b"\r\n\r\n")[2])["status"] == 408


def test_who_sends_nothing_is_hung_up_on() -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        assert await raw(b"") == b""

    talk(conversation, timeouts=replace(LONG, head=SHORT))


@pytest.mark.parametrize("sent", [b"\r\n", b"G", b"GET /v1/a", HEAD, HEAD + b"X: 1\r\n"])
def test_half_a_head_times_out(sent: bytes) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        assert_timed_out(await raw(sent))
        assert functions.events == []

    talk(conversation, timeouts=replace(LONG, head=SHORT))


def test_a_head_that_arrives_byte_by_byte_times_out_as_a_whole() -> None:
    async def conversation(url: str, _functions: Functions) -> None:
        reader, writer = await connect(url)
        response = asyncio.ensure_future(reader.read())
        writer.write(HEAD + b"X: ")
        while not response.done():
            writer.write(b"1")
            await asyncio.sleep(SHORT / 10)
        assert_timed_out(await response)
        writer.close()

    at_the_door(conversation, timeouts=replace(LONG, head=SHORT))


@pytest.mark.parametrize("sent", HALF_BODIES.values(), ids=HALF_BODIES)
def test_half_a_body_times_out(sent: bytes) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        assert_timed_out(await raw(sent))
        assert functions.events == []

    talk(conversation, timeouts=replace(LONG, body=SHORT))


def test_a_slow_body_is_read_as_long_as_it_keeps_coming() -> None:
    seconds, pieces = 1.0, 6

    async def conversation(url: str, functions: Functions) -> None:
        reader, writer = await connect(url)
        writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % pieces)
        for _ in range(pieces):
            await asyncio.sleep(seconds / 4)
            writer.write(b"a")
        assert (await reader.read()).startswith(b"HTTP/1.1 207")
        assert functions.events[0]["body"] == "a" * pieces
        writer.close()

    at_the_door(conversation, timeouts=replace(LONG, body=seconds))


def test_a_connection_on_which_no_further_request_comes_is_closed() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(KEPT + KEPT)
        assert response.count(b"HTTP/1.1 207") == len(functions.events) == 2
        assert response.endswith("odd: ü".encode()), "nothing follows the second response"
        assert (await raw(KEPT + b"GET /v1/a")).count(b"HTTP/1.1 ") == 1, "half a head keeps nothing open either"

    talk(conversation, timeouts=replace(LONG, idle=SHORT))


def test_a_further_request_has_as_long_for_its_head_as_the_first() -> None:
    async def conversation(url: str, _functions: Functions) -> None:
        reader, writer = await connect(url)
        writer.write(KEPT)
        assert (await reader.readuntil("odd: ü".encode())).startswith(b"HTTP/1.1 207")
        await asyncio.sleep(2 * SHORT)  # between two requests the other timeout counts
        writer.write(b"GET /v1/a")
        assert_timed_out(await reader.read())
        writer.close()

    at_the_door(conversation, timeouts=replace(LONG, head=SHORT))


def test_a_client_that_does_not_take_its_response_is_hung_up_on() -> None:
    async def conversation(url: str, _functions: Functions) -> None:
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
            client.sendall(as_bytes(get("/v1/huge")))
            await asyncio.sleep(10 * SHORT)
            assert len(await asyncio.to_thread(everything, client)) < HUGE, "the rest was never sent"

    at_the_door(conversation, timeouts=replace(LONG, response=SHORT))


def everything(client: socket.socket) -> bytes:
    """What can still be received."""
    received = bytearray()
    try:
        while chunk := client.recv(65536):
            received += chunk
    except ConnectionError:
        pass
    return bytes(received)


def test_a_client_that_takes_its_time_with_a_function_is_not_hung_up_on() -> None:
    async def conversation(url: str, functions: Functions) -> None:
        response = asyncio.ensure_future(raw_talk(url, get("/v1/waits")))
        await asyncio.sleep(4 * SHORT)
        functions.released.set()
        assert (await response).startswith(b"HTTP/1.1 207"), "it is not the client who was slow"

    at_the_door(conversation, timeouts=Timeouts(head=SHORT, body=SHORT, response=60, idle=SHORT))


@pytest.mark.parametrize("sent", [b"", HEAD, HALF_BODIES["with a length"], KEPT], ids=["", "head", "body", "idle"])
def test_connections_that_wait_for_their_clients_make_room_for_others(sent: bytes) -> None:
    most = 5

    async def conversation(url: str, _functions: Functions) -> None:
        waiting = [asyncio.ensure_future(raw_talk(url, sent)) for _ in range(8 * most)]
        while not all(task.done() for task in waiting[:-most]):
            await asyncio.sleep(0.01)
        for _ in range(3 * most):
            assert (await raw_talk(url, get("/v1/a/b"))).startswith(b"HTTP/1.1 207")
        for task in waiting:
            task.cancel()

    at_the_door(conversation, timeouts=LONG, most_connections=most)


def test_a_connection_too_many_is_refused_only_while_all_others_are_being_served() -> None:
    async def conversation(url: str, functions: Functions) -> None:
        served = [asyncio.ensure_future(raw_talk(url, get("/v1/waits"))) for _ in range(2)]
        while len(functions.events) < 2:
            await asyncio.sleep(0.01)
        refused = await raw_talk(url, get("/v1/a/b"))
        assert len(functions.events) == 2
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n")
        functions.released.set()
        assert {response[:12] for response in await asyncio.gather(*served)} == {b"HTTP/1.1 207"}
        assert (await raw_talk(url, get("/v1/a/b"))).startswith(b"HTTP/1.1 207")

    at_the_door(conversation, timeouts=LONG, most_connections=2)
