"""What is not valid HTTP, or HTTP that is not served: a problem document, a closed connection, a quiet terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.local.services.gateway.doors import Functions, RawTalk, get, talk

POST = b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "binary": b"\x00\x01\x02\r\n\r\n",
    "text": b"hello there\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + b"\x11" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "an unknown method": b"FOO /v1/a/b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in lower case": b"get /v1/a/b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the path": b"GET /v1/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target without a slash": b"GET v1/a/b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target that is no URL": b"GET http://[::1/v1/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown version": b"GET /v1/a/b HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"GET /v1/a/b HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nHost: evil\r\n\r\n",
    "NUL in a header": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "NUL in a name": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX\x00: a\r\n\r\n",
    "a space behind a name": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n",
    "a header on two lines": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a header without a colon": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX\r\n\r\n",
    "too many headers": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a negative length": POST + b"Content-Length: -1\r\n\r\nab",
    "a length that is no number": POST + b"Content-Length: 0x2\r\n\r\nab",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nab",
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown transfer encoding": POST + b"Transfer-Encoding: gzip\r\n\r\nab",
    "chunks that are not the last encoding": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a size that is no number": CHUNKED + b"ZZ\r\nab\r\n0\r\n\r\n",
    "a chunk that is longer than its size": CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    "a size without end": CHUNKED + b"F" * 20 + b"\r\nab\r\n0\r\n\r\n",
    "a second request that is none": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\n\r\nBROKEN\r\n\r\n",
}
TOO_LONG = {
    "a line": b"GET /v1/a/b?" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a line without end": b"GET /v1/a/b?" + b"a" * 200_000,
    "a header": b"GET /v1/a/b HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
}
UNSERVED = {
    501: b"CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/a/b HTTP/1.1\r\nHost: x\r\n\r\n",
    505: b"GET /v1/a/b\r\nHost: x\r\n\r\n",
    417: POST + b"Content-Length: 2\r\nExpect: miracles\r\n\r\nab",
}


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", ""), "nothing reaches the terminal"
    assert caplog.records == []


def assert_refused(response: bytes, status: int) -> None:
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.split(b" ", 2)[1] == str(status).encode(), response
    assert b"\r\nContent-Type: application/problem+json" in head
    document = json.loads(body)
    assert document["status"] == status
    assert "\n" not in document["detail"], "one sentence"


async def assert_served(raw: RawTalk) -> None:
    assert (await raw(get("/v1/a/b"))).startswith(b"HTTP/1.1 207"), "others are served as before"


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_valid_http_gets_a_problem_document_and_is_hung_up_on(request_: bytes) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        assert_refused(await raw(request_), 400)
        assert functions.events == []
        await assert_served(raw)

    talk(conversation)


@pytest.mark.parametrize("request_", TOO_LONG.values(), ids=TOO_LONG)
def test_a_line_of_the_head_has_a_limit(request_: bytes) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(request_)
        assert_refused(response, 431)
        assert b"aaaa" not in response, "it is not quoted"
        assert functions.events == []
        await assert_served(raw)

    talk(conversation)


@pytest.mark.parametrize(("status", "request_"), UNSERVED.items())
def test_http_that_is_not_served_gets_a_problem_document_and_is_hung_up_on(status: int, request_: bytes) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(request_)
        assert_refused(response, status)
        assert response.count(b"Content-Type") == 1, "nothing behind it is a request"
        assert functions.events == []
        await assert_served(raw)

    talk(conversation)


@pytest.mark.parametrize("target", ["*", "http://x/v1/a/b", "http://evil.example/v1/a/b", "//evil.example/v1/a/b"])
def test_a_target_that_is_no_path_is_nothing_here(target: str) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        assert_refused(await raw(get(target, method="OPTIONS")), 404)
        assert functions.events == []

    talk(conversation)


def test_a_body_that_was_announced_is_asked_for_only_if_it_is_wanted() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        expecting = b"Content-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        response = await raw(POST + expecting % 2 + b"ab")
        assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 207")
        assert functions.events[0]["body"] == "ab"
        assert (await raw(POST + expecting % 99_999_999)).startswith(b"HTTP/1.1 413"), "too large"
        foreign = POST.replace(b"Host: x", b"Host: evil.example")
        assert (await raw(foreign + expecting % 2 + b"ab")).startswith(b"HTTP/1.1 403"), "another host"

    talk(conversation)


def test_a_request_for_another_protocol_is_served_as_http() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        for protocol in ("websocket", "h2c"):
            upgrade = (f"Upgrade: {protocol}", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "HTTP2-Settings: AAMAAA")
            response = await raw(get("/v1/a/b", *upgrade).replace("Connection: close", "Connection: Upgrade, close"))
            assert response.startswith(b"HTTP/1.1 207")
        assert not functions.events[0]["headers"].keys() & {"Upgrade", "Connection"}

    talk(conversation)
