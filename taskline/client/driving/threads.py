"""Carries out flows in the caller's thread, and those that they spawn in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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
class ThreadDriver:
    """Safe to share between threads, as its `http` is."""

    http: httpx.Client
    clock: Clock

    def run(self, flow: Flow[T], stopped: threading.Event | None = None) -> T:
        """The flow's result. Once `stopped` is set it begins nothing more, and raises `InterruptedError`."""
        running = Running(flow=flow)
        try:
            while (command := running.command()) is not None:
                if stopped is not None and stopped.is_set():
                    raise InterruptedError("nobody waits for this any more")
                self._answer(running, command)
        finally:
            running.close()
        return running.result

    def stream(self, flow: Flow[Any], source: Iterable[Any] = (), beside: int = 1) -> Iterator[Any]:
        """What the flow emits. It reads `source`, and spawns at most `beside` flows at a time.

        Left early, it waits for the requests that are under way.
        """
        running, items, crew = Running(flow=flow), iter(source), _Crew(driver=self, size=beside)
        try:
            while (command := running.command()) is not None:
                if isinstance(command, Emit):
                    yield command.value
                else:
                    self._answer(running, command, items, crew)
        finally:
            running.close()
            crew.leave()

    def _answer(
        self, running: Running[Any], command: Command, items: Iterator[Any] | None = None, crew: _Crew | None = None
    ) -> None:
        try:
            running.answer(self._carried_out(command, items, crew))
        except Exception as error:  # the flow decides what it means
            running.fail(error)

    def _carried_out(self, command: Command, items: Iterator[Any] | None, crew: _Crew | None) -> Any:
        match command:
            case Exchange():
                return self._exchange(command)
            case Pause():
                return self.clock.sleep(command.seconds)
            case NextInput() if items is not None:
                return next(items, End.OF_INPUT)
            case Spawn() if crew:
                return crew.begin(command)
            case Collect() if crew:
                return crew.collect()
            case _:
                raise TypeError(f"{command} has no place in this flow")

    def _exchange(self, exchange: Exchange) -> Reply | Lost:
        """httpx limits each read; the time for all of them is looked at between them."""
        ends = self.clock.monotonic() + exchange.remaining
        try:
            response = self.http.send(request_of(self.http, exchange), stream=True)
            try:
                parts: list[bytes] = []
                for part in response.iter_bytes():
                    parts.append(part)
                    if self.clock.monotonic() > ends:
                        return late(exchange, exchange.remaining)
            finally:
                response.close()
        except httpx.RequestError as error:
            return lost_by(error, exchange)
        return reply_of(response, b"".join(parts))


@dataclass(kw_only=True)
class _Crew:
    """Threads that carry out spawned flows."""

    driver: ThreadDriver
    size: int
    _pool: ThreadPoolExecutor | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _futures: dict[Future[Any], Any] = field(default_factory=dict[Future[Any], Any])

    def begin(self, spawn: Spawn) -> None:
        self._pool = self._pool or ThreadPoolExecutor(self.size, thread_name_prefix="taskline")
        self._futures[self._pool.submit(self.driver.run, spawn.flow, self._stopped)] = spawn.name

    def collect(self) -> Collected:
        done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
        future = next(one for one in self._futures if one in done)
        name, error = self._futures.pop(future), future.exception()
        if error is None:
            return Collected(name=name, result=future.result())
        if isinstance(error, Exception):
            return Collected(name=name, error=error)
        raise error

    def leave(self) -> None:
        self._stopped.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
