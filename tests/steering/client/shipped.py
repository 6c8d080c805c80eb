"""The API's own intake behind a transport: the shipped handlers, with table and queue in memory, over a bad line."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from functions import validator
from functions.api.http import dispatch
from testing.pipeline.quiet import quiet
from tests.functions.fakes import FakeQueue, FakeStore, intake_ports


@dataclass
class ShippedApi:
    """`faults` is the share of requests that go wrong: before they arrive, halfway, or on the way back."""

    faults: float = 0.0
    seed: int = 0
    store: FakeStore = field(default_factory=FakeStore)
    queue: FakeQueue = field(default_factory=FakeQueue)
    requests: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()
        ticks = itertools.count()
        start = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self._ports = replace(
            intake_ports(self.store, self.queue), now=lambda: start + timedelta(milliseconds=next(ticks))
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            return self._answer(request)

    @property
    def titles(self) -> dict[str, list[str]]:
        """The titles of the tasks of each key, in the order in which the queue first had them."""
        found: dict[str, dict[str, str]] = {}
        for message in self.queue.sent:
            task_id = message["deduplication_id"]
            task = self._ports.records.get(task_id)
            assert task is not None, "nothing is queued that is not recorded"
            found.setdefault(task.ordering_key, {})[task_id] = _title(task.body)
        return {key: list(titles.values()) for key, titles in found.items()}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        fault = self._chance.choice(FAULTS) if self._chance.random() < self.faults else None
        if fault == "lost":
            raise httpx.ConnectError("refused")
        if fault == "busy":
            return httpx.Response(
                503, json={"title": "Busy", "status": 503, "detail": ""}, headers={"Retry-After": "1"}
            )
        # Some messages do not reach the queue, although their records are written.
        self.queue.refuses = (lambda _: self._chance.random() < 0.3) if fault == "queue" else (lambda _: False)
        response = self._handled(request)
        if fault == "reply":
            raise httpx.ReadError("reset")
        return httpx.Response(504, json={"message": "Endpoint request timed out"}) if fault == "gateway" else response

    def _handled(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        event: dict[str, Any] = {
            "httpMethod": request.method,
            "resource": path,
            "path": path,
            "headers": dict(request.headers),
            "requestContext": {"stage": "v1", "path": f"/v1{path}", "identity": {"apiKeyId": "a-client"}},
            "body": request.content.decode(),
            "isBase64Encoded": False,
        }
        with validator.build.given(self._ports), quiet():
            proxy = dispatch(event, validator.ROUTES)
        return httpx.Response(proxy["statusCode"], headers=proxy["headers"], content=proxy["body"].encode())


FAULTS = ("lost", "busy", "queue", "reply", "reply", "gateway")


def _title(body: str) -> str:
    return body.split('"title":"')[1].split('"')[0]
