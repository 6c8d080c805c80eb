"""Turns the payload of a function behind a REST API into an HTTP response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from local.services.http.messages import HOP_BY_HOP, HttpResponse

FIELDS: Final = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
# They belong to the connection, or are computed again.
DROPPED: Final = HOP_BY_HOP | {"content-length"}
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTENT_TYPE: Final = ("Content-Type", "application/json")


class Malformed(Exception):
    """The payload is not a proxy response; the message is the reason. AWS logs "Malformed Lambda proxy response"."""


def parse(payload: bytes) -> HttpResponse:
    """The response in a function's payload. Raises `Malformed`.

    Every field is optional, and an unknown one is an error. `isBase64Encoded` matters only to an API with binary media
    types, which the laptop edition rejects; without them AWS sends the text unchanged.
    """
    try:
        response: Any = json.loads(payload)
    except ValueError as error:
        raise Malformed("it is not JSON") from error
    if not isinstance(response, dict) or not FIELDS.issuperset(cast("dict[str, Any]", response)):
        raise Malformed(f"its fields may only be {', '.join(sorted(FIELDS))}")
    fields = cast("dict[str, Any]", response)
    return HttpResponse(status=_status(fields.get("statusCode", 200)), headers=_headers(fields), body=_body(fields))


def _status(given: Any) -> int:
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 200 <= given <= 599:
        raise Malformed(f"statusCode is {given!r}")
    return given


def _body(fields: Mapping[str, Any]) -> bytes:
    body = fields.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("body is not a string")
    return body.encode(errors="replace")


def _headers(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All headers. A value that is in both `headers` and `multiValueHeaders` is sent once."""
    repeated = list(_repeated(fields.get("multiValueHeaders")))
    sent = {(name.lower(), value) for name, value in repeated}
    headers = [
        (name, text)
        for name, value in _mapping(fields.get("headers"), "headers")
        if (name.lower(), text := _text(name, value)) not in sent
    ]
    headers += repeated
    kept = [(name, value) for name, value in headers if name.lower() not in DROPPED]
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(CONTENT_TYPE)
    return kept


def _repeated(given: Any) -> Iterator[tuple[str, str]]:
    for name, values in _mapping(given, "multiValueHeaders"):
        if not isinstance(values, list):
            raise Malformed(f"multiValueHeaders.{name} is not a list")
        for value in cast("list[Any]", values):
            yield name, _text(name, value)


def _mapping(given: Any, field: str) -> Iterator[tuple[str, Any]]:
    if given is None:
        return
    if not isinstance(given, dict):
        raise Malformed(f"{field} is not an object")
    yield from cast("dict[str, Any]", given).items()


def _text(name: str, value: Any) -> str:
    """The text of a header that HTTP can carry."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise Malformed(f"header {name} is not a string")
    if not TOKEN.fullmatch(name) or not (value.isprintable() or _can_be_sent(value)):
        raise Malformed(f"header {name!r} cannot be sent over HTTP")
    return value


def _can_be_sent(value: str) -> bool:
    """Whether text that is not plainly printable can be a header value anyway."""
    if any((character < " " and character != "\t") or character == "\x7f" for character in value):
        return False
    return value.encode(errors="replace").decode() == value  # no unpaired surrogate
