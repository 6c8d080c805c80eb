"""Requests and responses of the API, apart from how they are sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "idempotent-replayed"
_REQUEST_IDS = ("x-amzn-requestid", "x-request-id", "x-amz-apigw-id")
# What has the same effect however often it is sent, by HTTP's own rules and by those of the API.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A response; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str | None:
        """The id by which the API's log has the request."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)

    def json(self) -> Any:
        """The body as JSON. `ValueError` if it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Lost:
    """There was no response: because time was up, or because the connection failed."""

    timed_out: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request to the API, and how its response is read.

    `path` begins after the API's address and is encoded, as is `query`. `read` raises `ValueError` if the response is
    not as described. `is_incomplete` says of a successful result that the same request should be sent again. One that
    `has_more_effect` each time is sent once, whatever its method.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    query: str = ""
    body: bytes | None = None
    idempotency_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    is_incomplete: Callable[[T], bool] = lambda _: False
    has_more_effect: bool = False

    @property
    def may_repeat(self) -> bool:
        """Whether it has the same effect if it is sent again: never a POST without a key."""
        if self.has_more_effect:
            return False
        return self.method in _IDEMPOTENT or self.idempotency_key is not None

    @property
    def name(self) -> str:
        """As messages call it."""
        return f"{self.method} {self.path}"

    def target(self, url: str) -> str:
        """Its address, below the API's."""
        return f"{url}{self.path}{f'?{self.query}' if self.query else ''}"

    def all_headers(self) -> dict[str, str]:
        """Its headers, without credentials."""
        headers = {"Accept": "application/json", **self.headers}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.idempotency_key is not None:
            headers[KEY_HEADER] = self.idempotency_key
        return headers
