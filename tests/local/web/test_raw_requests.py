"""Requests that no HTTP library would send, to a whole laptop edition."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from tests.local.laptop import Laptop

TASK = json.dumps({"title": "raw", "description": "d", "priority": "low"})
KEYS = {
    "twice": ["Idempotency-Key: a", "Idempotency-Key: b"],
    "twice the same": ["Idempotency-Key: a", "Idempotency-Key: a"],
    "twice, spelled differently": ["Idempotency-Key: a", "idempotency-key: b"],
    "once and empty": ["Idempotency-Key: a", "Idempotency-Key:"],
    "three times": ["Idempotency-Key: a", "X: 1", "Idempotency-Key: b", "Y: 2", "Idempotency-Key: c"],
    "UTF-8": ["Idempotency-Key: schlüssel"],
    "Latin-1": [b"Idempotency-Key: schl\xfcssel"],
    "a space that is not ASCII": [b"Idempotency-Key: \xa0key\xa0"],
    "another space": ["Idempotency-Key: key\u2003"],
    "a line separator": ["Idempotency-Key: key\u2028"],
    "a control character of Latin-1": ["Idempotency-Key: key\x85"],
    "bytes that are no text": [b"Idempotency-Key: \xff\xfe"],
    "a tab": ["Idempotency-Key: a\tb"],
    "a control character": ["Idempotency-Key: a\x01b"],
    "DEL": ["Idempotency-Key: a\x7fb"],
    "nothing": ["Idempotency-Key:"],
}


def send(laptop: Laptop, *lines: str | bytes, body: str = "") -> tuple[int, Any]:
    """A request of these lines, and the status and the document of the response."""
    own = [f"Host: 127.0.0.1:{laptop.port}", f"Content-Length: {len(body)}", "Connection: close", "", body]
    request = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in (*lines, *own))
    with socket.create_connection(("127.0.0.1", laptop.port), timeout=30) as client:
        client.sendall(request)
        response = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, document = response.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head or b" 202 Accepted" in head, response
    return int(head.split()[1]), json.loads(document)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(("path", "body"), [("/v1/tasks", TASK), ("/v1/tasks/batch", f"[{TASK}]")])
def test_a_key_that_is_not_one_text_of_ascii_is_a_bad_request(
    laptop: Laptop, key: list[str | bytes], path: str, body: str
) -> None:
    status, document = send(laptop, f"POST {path} HTTP/1.1", "Content-Type: application/json", *key, body=body)
    assert (status, document["status"]) == (400, 400), document


def test_a_key_arrives_as_it_was_sent(laptop: Laptop) -> None:
    key = 'Idempotency-Key: !a key, with ~everything; that=is "ASCII"'
    first, second = (
        send(laptop, "POST /v1/tasks HTTP/1.1", "Content-Type: application/json", key + end, body=TASK)
        for end in ("", " \t")
    )
    assert (first[0], second[0]) == (202, 202)
    assert first[1]["task_id"] == second[1]["task_id"], "white space at its end is not part of it"


def about_no_task(laptop: Laptop) -> list[str]:
    """What the terminal shows, besides the lines about tasks that other tests have submitted."""
    return [line for line in laptop.output.splitlines() if not re.match(r"\d\d:\d\d:\d\d  ", line)]


def test_malformed_requests_leave_nothing_on_the_terminal(laptop: Laptop) -> None:
    before = about_no_task(laptop)
    for line in (
        "hello",
        "FOO /v1/tasks HTTP/1.1",
        "CONNECT 127.0.0.1:443 HTTP/1.1",
        "GET v1 HTTP/1.1",
        "GET * HTTP/1.1",
    ):
        status, _ = send(laptop, line)
        assert status in (400, 501)
    assert send(laptop, "GET /v1/health HTTP/1.1", "X : 1")[0] == 400
    assert send(laptop, "PROPFIND /v1/tasks HTTP/1.1")[0] == 405
    assert send(laptop, "TRACE /v1/tasks HTTP/1.1")[0] == 405
    assert about_no_task(laptop) == before
    assert laptop.request("GET", "/v1/health").status == 200
