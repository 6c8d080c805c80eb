"""Requests, responses and function calls, independent of any HTTP server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from multidict import MultiMapping

# RFC 9110, 7.6.1: these belong to one connection.
HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
ERROR_TYPE: Final = "x-amzn-ErrorType"
REQUEST_ID: Final = "x-amzn-RequestId"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request to a stage. Path and query are ASCII, escaped as the client has escaped them.

    `path` is what follows the stage's name. `received` is the time, in seconds since 1970.
    """

    id: str
    received: float
    verb: str
    stage: str
    path: str
    query: str
    headers: MultiMapping[str]
    body: bytes
    source_ip: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response to a client."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """A function to invoke with an event, and its timeout in seconds."""

    function: str
    resource: str
    event: bytes
    seconds: float


def connection_headers(value: str | None) -> frozenset[str]:
    """The headers that belong to one connection, including those that its `Connection` header names."""
    if value is None:
        return HOP_BY_HOP
    return HOP_BY_HOP.union(name.strip().lower() for name in value.split(","))
