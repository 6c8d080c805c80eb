"""Both clients behind one face, so that each test of behaviour holds for both."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from taskline.client import AsyncTaskline, Clock, Taskline

URL = "https://api.example.com/v1"
Handler = Callable[[httpx.Request], httpx.Response]


class FakeClock:
    """Time that passes only when somebody sleeps, or when a test says so."""

    def __init__(self, chance: float = 0.0) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self.chance = chance
        self._lock = threading.Lock()

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.seconds,
            now=lambda: 1_800_000_000 + self.seconds,
            sleep=self.sleep,
            sleep_async=self.sleep_async,
            random=lambda: self.chance,
        )


class Blocking:
    """An `AsyncTaskline` whose methods wait for their result: iterators are walked in the same event loop."""

    def __init__(self, make: Callable[[], AsyncTaskline]) -> None:
        self._runner = asyncio.Runner()

        async def made() -> AsyncTaskline:
            return make()

        self._client = self._runner.run(made())

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._called(found) if callable(found) else found

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            async def started() -> Any:
                result = method(*values, **named)
                return await result if inspect.isawaitable(result) else result

            result = self._runner.run(started())
            if isinstance(result, AsyncTaskline):
                return _same_loop(self._runner, result)
            return _Walked(self._runner, result) if hasattr(result, "__aiter__") else result

        return call


def _same_loop(runner: asyncio.Runner, client: AsyncTaskline) -> Blocking:
    made = object.__new__(Blocking)
    made._runner, made._client = runner, client
    return made


class _Walked:
    def __init__(self, runner: asyncio.Runner, iterable: Any) -> None:
        self._runner, self._iterable = runner, iterable

    def __iter__(self) -> Iterator[Any]:
        items: AsyncIterator[Any] = aiter(self._iterable)

        async def following() -> Any:
            return await anext(items)

        async def leave() -> None:
            await items.aclose()  # type: ignore[attr-defined]

        try:
            while True:
                try:
                    yield self._runner.run(following())
                except StopAsyncIteration:
                    return
        finally:
            self._runner.run(leave())

    def pages(self) -> Iterator[Any]:
        return iter(_Walked(self._runner, self._iterable.pages()))

    def close(self) -> None:
        async def leave() -> None:
            await self._iterable.aclose()

        self._runner.run(leave())


def sync_client(handler: Handler, **settings: Any) -> Taskline:
    return Taskline(settings.pop("url", URL), transport=httpx.MockTransport(handler), **settings)


def async_client(handler: Handler, **settings: Any) -> Any:
    url = settings.pop("url", URL)
    return Blocking(lambda: AsyncTaskline(url, transport=httpx.MockTransport(handler), **settings))
