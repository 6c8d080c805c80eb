"""A function's payload becomes an HTTP response as on AWS; anything but a proxy response is malformed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.services.http.proxy_response import Malformed, parse

JSON = ("Content-Type", "application/json")


def proxied(**fields: Any) -> Any:
    return parse(json.dumps(fields).encode())


def test_status_headers_and_body_are_passed_on() -> None:
    response = proxied(
        statusCode=207, headers={"content-type": "text/odd", "X": "ü"}, body="äöü", isBase64Encoded=False
    )
    assert response.status == 207
    assert response.headers == [("content-type", "text/odd"), ("X", "ü")]
    assert response.body == "äöü".encode()


def test_every_field_is_optional() -> None:
    response = proxied()
    assert (response.status, response.headers, response.body) == (200, [JSON], b"")
    nothing = proxied(statusCode=200, headers=None, multiValueHeaders=None, body=None)
    assert (nothing.headers, nothing.body) == ([JSON], b"")


def test_every_repeated_header_is_sent_once() -> None:
    response = proxied(
        headers={"set-cookie": "a=1", "X-One": "1", "X-Both": "single"},
        multiValueHeaders={"Set-Cookie": ["a=1", "b=2"], "X-Both": ["double"]},
    )
    assert response.headers == [
        *(("X-One", "1"), ("X-Both", "single")),
        *(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Both", "double"), JSON),
    ]


def test_a_boolean_header_is_written_out() -> None:
    assert proxied(headers={"Access-Control-Allow-Credentials": True, "X": False}).headers[:2] == [
        ("Access-Control-Allow-Credentials", "true"),
        ("X", "false"),
    ]


def test_what_belongs_to_the_connection_is_not_passed_on() -> None:
    headers = {"Connection": "close", "Content-Length": "7", "Transfer-Encoding": "chunked", "Location": "/x"}
    assert proxied(headers=headers).headers == [("Location", "/x"), JSON]


def test_a_status_may_be_written_as_text() -> None:
    assert proxied(statusCode="404").status == 404


def test_a_base64_body_stays_text_without_binary_media_types() -> None:
    assert proxied(body="aGVsbG8=", isBase64Encoded=True).body == b"aGVsbG8="


def test_an_unpaired_surrogate_does_not_break_the_response() -> None:
    assert parse(b'{"body": "a\\ud800b"}').body == b"a?b"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"null", "its fields may only be"),
        (b'"text"', "its fields may only be"),
        (b"[]", "its fields may only be"),
        (b"\xff", "not JSON"),
        (b'{"statusCode": 200, "cookies": []}', "its fields may only be"),
        (b'{"errorMessage": "no", "errorType": "E"}', "its fields may only be"),
        (b'{"statusCode": null}', "statusCode is None"),
        (b'{"statusCode": true}', "statusCode is True"),
        (b'{"statusCode": 200.5}', "statusCode is 200.5"),
        (b'{"statusCode": "two hundred"}', "statusCode is 'two hundred'"),
        (b'{"statusCode": "\xc2\xb2\xc2\xb2\xc2\xb2"}', "statusCode is"),
        (b'{"statusCode": 99}', "statusCode is 99"),
        (b'{"statusCode": 101}', "statusCode is 101"),
        (b'{"statusCode": 600}', "statusCode is 600"),
        (b'{"body": {"a": 1}}', "body is not a string"),
        (b'{"body": 1}', "body is not a string"),
        (b'{"headers": []}', "headers is not an object"),
        (b'{"headers": {"X": 1}}', "X is not a string"),
        (b'{"headers": {"X": null}}', "X is not a string"),
        (b'{"multiValueHeaders": {"X": "1"}}', "multiValueHeaders.X is not a list"),
        (b'{"multiValueHeaders": {"X": [1]}}', "X is not a string"),
        (b'{"headers": {"": "1"}}', "cannot be sent over HTTP"),
        (b'{"headers": {"X Y": "1"}}', "cannot be sent over HTTP"),
        (b'{"headers": {"X\\n": "1"}}', "cannot be sent over HTTP"),
        (b'{"headers": {"X": "1\\r\\nY: 2"}}', "cannot be sent over HTTP"),
        (b'{"headers": {"X": "\\u0000"}}', "cannot be sent over HTTP"),
        (b'{"headers": {"X": "\\ud800"}}', "cannot be sent over HTTP"),
    ],
)
def test_anything_else_is_malformed(payload: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse(payload)


def test_a_header_may_contain_a_tab() -> None:
    assert proxied(headers={"X": "a\tb"}).headers[0] == ("X", "a\tb")
