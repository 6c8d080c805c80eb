"""The front door changes nothing on the way to a function and back."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from typing import Any

import pytest

from local.host.errors import LaptopError
from local.services.http.front_door import MAX_PAYLOAD, FrontDoor, bind
from local.services.http.site import MAX_FORM, Site
from tests.local.laptop import Laptop, free_port
from tests.local.services.gateway.apis import add_key, declared, stage_of
from tests.local.services.gateway.doors import HOSTS, PATHS, Functions, RawTalk, get, raw_talk, talk


def test_a_request_and_its_response_pass_unchanged() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        body = "the body: ü\n".encode() * 40
        head = (
            "POST /v1/a%2Fb//c%20d?x=1&x=%26&empty HTTP/1.1\nHost: api.test:1\nX-Odd: é;q=\nX-Twice: 1\n"
            f"X-Twice: 2\nContent-Encoding: gzip\nContent-Length: {len(body)}\n"
            "Connection: close, X-Hop\nX-Hop: gone\n\n"
        )
        response = await raw(head.replace("\n", "\r\n").encode() + body)
        (event,) = functions.events
        assert (event["httpMethod"], event["path"]) == ("POST", "/a%2Fb//c%20d")
        assert event["pathParameters"] == {"one": "a%2Fb", "two": "c%20d"}
        assert event["multiValueQueryStringParameters"] == {"x": ["1", "&"], "empty": [""]}
        assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
        headers = event["headers"]
        assert (headers["X-Odd"], headers["Content-Encoding"], headers["Host"]) == ("é;q=", "gzip", "api.test:1")
        assert not headers.keys() & {"X-Hop", "User-Agent", "Accept", "Content-Type", "Content-Length", "Connection"}
        assert event["body"] == body.decode()
        assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
        head, _, sent = response.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 207 Multi-Status\r\n")
        assert sent.decode() == "odd: ü"
        assert b"X-Two: a\r\nX-Two: b" in head
        assert b"Content-Type: text/odd" in head

    talk(conversation)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/a/b/"])
def test_any_method_passes(method: str, path: str) -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(get(path, method=method))
        assert response.startswith(b"HTTP/1.1 207")
        assert functions.events[0]["httpMethod"] == method
        if method == "HEAD":
            assert response.endswith(b"\r\n\r\n"), "no body"
            assert f"Content-Length: {len('odd: ü'.encode())}".encode() in response, "as for GET"

    talk(conversation)


def test_an_escaped_line_break_is_part_of_a_path_and_a_bare_one_is_rejected() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        await raw(get("/v1/a%0D%0AX:%201/b"))
        for bare in ("/v1/ü/ü", "/v1/a\rb/c"):
            assert b" 400 Bad Request" in (await raw(get(bare))).partition(b"\r\n")[0]
        (event,) = functions.events
        assert event["path"] == "/a%0D%0AX:%201/b"

    talk(conversation)


def test_a_binary_body_reaches_the_function_as_on_aws() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        body = bytes(range(256))
        head = b"POST /v1/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 256\r\nConnection: close\r\n\r\n"
        await raw(head + body)
        (event,) = functions.events
        assert (event["body"], event["isBase64Encoded"]) == (body.decode(errors="replace"), False)

    talk(conversation)


@pytest.mark.parametrize(
    ("path", "accepted", "compressed"), [("long", "gzip", True), ("short", "gzip", False), ("long", "br", False)]
)
def test_long_responses_are_compressed_for_clients_that_accept_it(path: str, accepted: str, compressed: bool) -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw(get(f"/v1/{path}", f"Accept-Encoding: {accepted}"))
        head, _, body = response.partition(b"\r\n\r\n")
        assert (b"Content-Encoding: gzip" in head) == compressed
        assert f"Content-Length: {len(body)}".encode() in head
        assert (gzip.decompress(body) if compressed else body) == b"a" * (1024 if path == "long" else 1023)

    talk(conversation)


def test_an_encoded_response_stays_unchanged() -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw(get("/v1/encoded", "Accept-Encoding: gzip"))
        assert response.partition(b"\r\n\r\n")[2] == b"encoded"

    talk(conversation, declared(PATHS, compress_from=0))


def test_a_response_without_a_body_stays_without_one() -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw(get("/v1/empty", method="OPTIONS"))
        assert response.startswith(b"HTTP/1.1 204 No Content")
        assert response.endswith(b"\r\n\r\n")
        assert b"Content-Length" not in response

    talk(conversation)


@pytest.mark.parametrize(
    ("sent", "status"), [("X-Api-Key: secret-web", 207), ("x-api-key: wrong", 403), ("X: 1", 403)]
)
def test_only_the_key_identifies_the_caller(sent: str, status: int) -> None:
    declarations = declared(PATHS)
    add_key(declarations, "web")

    async def conversation(raw: RawTalk, functions: Functions) -> None:
        response = await raw(get("/v1/keyed", sent, "X-Taskline-Api-Key-Id: key-web"))
        assert response.startswith(f"HTTP/1.1 {status}".encode())
        known = [event["requestContext"]["identity"]["apiKeyId"] for event in functions.events]
        assert known == (["key-web"] if status == 207 else [])

    talk(conversation, declarations)


def test_no_response_names_the_http_server() -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        for path in ("/", "/v1/a/b", "/v1/nothing", "/v2"):
            assert b"aiohttp" not in await raw(get(path))

    talk(conversation)


def test_the_hook_sees_each_response_of_a_function_and_no_other() -> None:
    seen: list[tuple[str, str, str, int]] = []

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        for path in ("/v1/a/b?x=1", "/v1/nothing", "/v1/fails", "/v1/talks", "/v2/a/b"):
            await raw(get(path))
        await raw(get("/v1/empty", method="PUT"))

    talk(conversation, on_response=lambda *response: seen.append(response))
    assert seen == [("odd", "GET", "/{one}/{two}", 207), ("empty", "PUT", "/empty", 204)]


def test_a_broken_hook_does_not_lose_the_response(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the hook failed")

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        assert (await raw(get("/v1/a/b"))).startswith(b"HTTP/1.1 207")
        assert "the hook failed" in capsys.readouterr().err

    talk(conversation, on_response=broken)


def test_forty_slow_requests_run_concurrently() -> None:
    async def conversation(raw: RawTalk, functions: Functions) -> None:
        waiting = [asyncio.ensure_future(raw(get("/v1/waits"))) for _ in range(40)]
        while len(functions.events) < 40:
            await asyncio.sleep(0.01)
        assert (await raw(get("/v1/a/b"))).startswith(b"HTTP/1.1 207"), "other requests are served meanwhile"
        functions.released.set()
        responses = await asyncio.gather(*waiting)
        assert {response[:12] for response in responses} == {b"HTTP/1.1 207"}

    talk(conversation)


def test_a_stop_does_not_wait_for_slow_functions() -> None:
    async def whole() -> float:
        functions = Functions()
        door = FrontDoor(bind(free_port()), {"v1": stage_of(declared(PATHS))}, functions, hosts=HOSTS)
        await door.start()
        waiting = asyncio.create_task(raw_talk(door.url, get("/v1/waits")))
        while not functions.events:
            await asyncio.sleep(0.01)
        functions.released = threading.Event()  # the one that the function waits for is never set
        started = time.monotonic()
        await door.stop()
        waiting.cancel()
        return time.monotonic() - started

    assert asyncio.run(whole()) < 6


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LaptopError, match=f"Port {port} is taken"):
            bind(port)


def test_the_console_is_served_where_the_api_is_not(laptop: Laptop) -> None:
    response = laptop.request("GET", "/")
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    page = response.body.decode()
    assert f'href="{laptop.api}/docs"' in page
    assert "on this laptop" in page


def test_the_console_learns_the_request_as_it_was_sent() -> None:
    seen: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append({**scope, "body": (await receive())["body"]})
        await send({"type": "http.response.start", "status": 418, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
        await send({"type": "http.response.body", "body": b"one, ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw("POST /a%2Fb?c=%20d HTTP/1.1\nHost: x\nContent-Length: 3\nConnection: close\n\nabc")
        assert response.startswith(b"HTTP/1.1 418")
        assert response.count(b"x-a: ") == 2
        assert response.endswith(b"\r\n\r\none, two")

    talk(conversation, site=Site(lambda: application))
    (scope,) = seen
    assert (scope["method"], scope["raw_path"], scope["path"]) == ("POST", b"/a%2Fb", "/a/b")
    assert (scope["query_string"], scope["body"]) == (b"c=%20d", b"abc")
    assert (b"host", b"x") in scope["headers"]


def test_a_form_for_the_console_has_a_limit_of_its_own() -> None:
    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw(f"POST /x HTTP/1.1\nHost: x\nContent-Length: {MAX_FORM + 1}\n\n")
        assert response.startswith(b"HTTP/1.1 413")

    async def never(*_: Any) -> None:
        raise AssertionError("the console must not be called")

    talk(conversation, site=Site(lambda: never))


def test_a_console_that_fails_is_an_error_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    async def failing(*_: Any) -> None:
        raise RuntimeError("a secret detail")

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw(get("/x"))
        assert response.startswith(b"HTTP/1.1 500")
        assert b"secret" not in response

    talk(conversation, site=Site(lambda: failing))
    assert "a secret detail" in capsys.readouterr().err


def test_another_name_does_not_reach_the_console() -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("the console must not be called")

    async def conversation(raw: RawTalk, _functions: Functions) -> None:
        response = await raw("GET / HTTP/1.1\nHost: evil.example\nConnection: close\n\n")
        assert response.startswith(b"HTTP/1.1 403")

    talk(conversation, site=Site(lambda: never))


def test_bad_requests_get_problem_documents_through_the_whole_stack(laptop: Laptop) -> None:
    for method, path, body, status in (
        ("POST", "/v1/tasks", b"{", 400),
        ("POST", "/v1/tasks", b'{"title": 1}', 400),
        ("POST", "/v1/tasks", b"\xff", 400),
        ("POST", "/v1/tasks", b"a" * 300_000, 413),
        ("POST", "/v1/tasks", b"a" * (MAX_PAYLOAD + 1), 413),
        ("DELETE", "/v1/tasks", None, 405),
        ("GET", "/v1/nothing", None, 404),
        ("GET", "/v1", None, 404),
    ):
        response = laptop.request(method, path, body, Content_Type="application/json")
        assert response.status == status, (method, path, response)
        assert response.headers["Content-Type"].startswith("application/problem+json"), (method, path, response)
