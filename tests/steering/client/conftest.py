"""Each test that asks for `connect` runs with both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.steering.client.both import FakeClock, Handler, async_client, sync_client


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Callable[..., Any]]:
    """Makes clients that send to a handler, on the fake clock."""
    made: list[Any] = []

    def make(handler: Handler, **settings: Any) -> Any:
        kind = sync_client if request.param == "sync" else async_client
        made.append(kind(handler, **{"clock": clock.clock, **settings}))
        return made[-1]

    yield make
    for client in made:
        client.close()
