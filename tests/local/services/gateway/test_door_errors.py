"""Errors: rendered as the document defines them inside a stage, by the front door itself outside."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from local.services.http.front_door import MAX_PAYLOAD, FrontDoor, bind
from tests.local.laptop import free_port
from tests.local.services.gateway.apis import declared, stage_of
from tests.local.services.gateway.doors import HOSTS, PATHS, Functions, RawTalk, get, talk


@pytest.mark.parametrize(
    "path",
    [
        "/v2/tasks",
        "/v10/tasks",
        "/_ministack/reset",
        "/v1/../_ministack/reset",
        "/v1/x/../../../_ministack/reset",
        "/v",
    ],
)
def test_a_path_outside_the_stages_gets_a_problem_document(path: str) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(get(path))
        assert response.startswith(b"HTTP/1.1 404"), response
        assert b"application/problem+json" in response
        assert b'"status": 404' in response
        assert functions.events == []

    talk(conversation)


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/v1/nothing", 403, "Missing Authentication Token"),
        ("/v1/slow", 504, "Endpoint request timed out"),
        ("/v1/missing", 500, "Internal server error"),
        ("/v1/breaks", 500, "Internal server error"),
        ("/v1/fails", 502, "Internal server error"),
        ("/v1/talks", 502, "Internal server error"),
    ],
)
def test_errors_inside_a_stage_are_rendered_as_its_document_defines_them(path: str, status: int, detail: str) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        head, _, body = (await raw(get(path, "Origin: https://app.example"))).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), head
        assert b"Content-Type: application/problem+json" in head
        assert b"X-Origin: https://app.example" in head
        assert json.loads(body)["detail"] == detail

    talk(conversation)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/slow", "no response within 0.3 s"),
        ("/v1/missing", "Function not found: missing"),
        ("/v1/breaks", "the emulator is gone"),
        ("/v1/fails", "the function failed"),
        ("/v1/talks", "malformed proxy response"),
    ],
)
def test_the_reason_is_logged(path: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(get(path))
        (line,) = capsys.readouterr().err.splitlines()
        assert reason in line
        assert json.loads(line)["request_id"].encode() in response, "the client can quote it"

    talk(conversation)


def test_an_internal_error_becomes_a_gateway_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        monkeypatch.setattr("local.services.gateway.stage.Stage.call", broken)
        response = await raw(get("/v1/a/b"))
        assert response.startswith(b"HTTP/1.1 500")
        assert b"Internal server error" in response
        assert "KeyError('a bug')" in capsys.readouterr().err

    talk(conversation)


def test_a_client_that_disconnects_during_its_body_causes_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def whole() -> None:
        functions = Functions()
        door = FrontDoor(bind(port := free_port()), {"v1": stage_of(declared(PATHS))}, functions, hosts=HOSTS)
        await door.start()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.1)
        await door.stop()
        assert functions.events == []

    asyncio.run(whole())
    assert caplog.records == []


def test_a_payload_over_ten_megabytes_is_rejected_with_and_without_a_length() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        declared_length = f"POST /v1/a/b HTTP/1.1\nHost: x\nOrigin: me\nContent-Length: {MAX_PAYLOAD + 1}\n\n"
        response = await raw(declared_length)
        assert response.startswith(b"HTTP/1.1 413")
        assert b"X-Origin: me" in response
        assert b"HTTP content length exceeded 10485760 bytes." in response
        chunk = b"%x\r\n" % (1024 * 1024) + b"a" * 1024 * 1024 + b"\r\n"
        chunked = b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 11 + b"0\r\n\r\n"
        assert (await raw(chunked)).startswith(b"HTTP/1.1 413")
        assert functions.events == []

    talk(conversation)


def test_a_payload_of_ten_megabytes_passes() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        head = f"POST /v1/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_PAYLOAD}\r\nConnection: close\r\n\r\n"
        assert (await raw(head.encode() + b"a" * MAX_PAYLOAD)).startswith(b"HTTP/1.1 207")
        assert len(functions.events[0]["body"]) == MAX_PAYLOAD

    talk(conversation)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4000", "127.0.0.1", "localhost", ""])
def test_a_request_for_another_host_is_refused(host: str) -> None:
    """A page whose name was rebound to 127.0.0.1 has the same origin as its requests: only the name differs."""

    async def conversation(raw: RawTalk, functions: Functions) -> None:
        for path in ("/v1/odd/1", "/"):
            response = await raw(f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
            assert response.startswith(b"HTTP/1.1 403"), response
        assert functions.events == []

    talk(conversation)


@pytest.mark.parametrize(
    ("origin", "path", "status"),
    [
        ("http://evil.example", "/v1/operators", 403),
        ("null", "/v1/operators", 403),
        ("https://x", "/v1/operators", 403),
        ("http://x", "/v1/operators", 207),
        ("http://evil.example", "/v1/a/b", 207),
    ],
)
def test_pages_of_other_origins_may_not_call_operations_of_operators(origin: str, path: str, status: int) -> None:
    """Whether a page may read the response is CORS's affair; that the operation is not carried out is ours."""

    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(f"POST {path} HTTP/1.1\nHost: x\nOrigin: {origin}\nConnection: close\n\n")
        assert response.startswith(f"HTTP/1.1 {status}".encode()), response
        assert len(functions.events) == (status == 207)

    talk(conversation)
