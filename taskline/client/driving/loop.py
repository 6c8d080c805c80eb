"""Carries out flows in an asyncio event loop, and those that they spawn as tasks of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from taskline.client.basis.settings import Clock
from taskline.client.driving.http import late, lost_by, reply_of, request_of
from taskline.client.protocol.commands import (
    Collect,
    Collected,
    Command,
    Emit,
    End,
    Exchange,
    Flow,
    NextInput,
    Pause,
    Running,
    Spawn,
)
from taskline.client.protocol.messages import Lost, Reply

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LoopDriver:
    """Safe to share between the tasks of one event loop, as its `http` is."""

    http: httpx.AsyncClient
    clock: Clock

    async def run(self, flow: Flow[T]) -> T:
        """The flow's result."""
        running = Running(flow=flow)
        try:
            while (command := running.command()) is not None:
                await self._answer(running, command)
        finally:
            running.close()
        return running.result

    async def stream(self, flow: Flow[Any], source: Iterable[Any] | AsyncIterable[Any] = ()) -> AsyncIterator[Any]:
        """What the flow emits. It reads `source`.

        Left early, it cancels the requests that are under way.
        """
        running, items, crew = Running(flow=flow), _iterated(source), _Crew(driver=self)
        try:
            while (command := running.command()) is not None:
                if isinstance(command, Emit):
                    yield command.value
                else:
                    await self._answer(running, command, items, crew)
        finally:
            running.close()
            await crew.leave()

    async def _answer(
        self,
        running: Running[Any],
        command: Command,
        items: AsyncIterator[Any] | None = None,
        crew: _Crew | None = None,
    ) -> None:
        try:
            running.answer(await self._carried_out(command, items, crew))
        except Exception as error:  # the flow decides what it means
            running.fail(error)

    async def _carried_out(self, command: Command, items: AsyncIterator[Any] | None, crew: _Crew | None) -> Any:
        match command:
            case Exchange():
                return await self._exchange(command)
            case Pause():
                return await self.clock.sleep_async(command.seconds)
            case NextInput() if items:
                return await anext(items, End.OF_INPUT)
            case Spawn() if crew:
                return crew.begin(command)
            case Collect() if crew:
                return await crew.collect()
            case _:
                raise TypeError(f"{command} has no place in this flow")

    async def _exchange(self, exchange: Exchange) -> Reply | Lost:
        try:
            async with asyncio.timeout(exchange.remaining):
                response = await self.http.send(request_of(self.http, exchange))
        except TimeoutError:
            return late(exchange, exchange.remaining)
        except httpx.RequestError as error:
            return lost_by(error, exchange)
        return reply_of(response, response.content)


@dataclass(kw_only=True)
class _Crew:
    """Tasks of the event loop that carry out spawned flows."""

    driver: LoopDriver
    _tasks: dict[asyncio.Task[Any], Any] = field(default_factory=dict[asyncio.Task[Any], Any])

    def begin(self, spawn: Spawn) -> None:
        self._tasks[asyncio.create_task(self.driver.run(spawn.flow))] = spawn.name

    async def collect(self) -> Collected:
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = next(one for one in self._tasks if one in done)
        name, error = self._tasks.pop(task), task.exception()
        if error is None:
            return Collected(name=name, result=task.result())
        if isinstance(error, Exception):
            return Collected(name=name, error=error)
        raise error

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _iterated(source: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item
