"""How a client behaves: times, retries, the clock, and what it reports to a hook."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds: `connect` and `read` of one try, and `total` for all tries of a request and the pauses between them."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    total: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        for name in ("connect", "read", "total"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; a time limit must be more than 0 seconds")

    @classmethod
    def of(cls, given: Timeouts | float) -> Timeouts:
        """A number is the total."""
        return given if isinstance(given, Timeouts) else cls(total=given)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time and chance. Tests pass their own, and need not wait.

    `monotonic` and `now` are in seconds, `now` since 1970; `random` returns 0 to 1.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, kw_only=True)
class RequestSent:
    """A request is about to be sent; `attempt` counts from 1. Hooks see no headers: they hold credentials."""

    method: str
    url: str
    attempt: int
    idempotency_key: str | None


@dataclass(frozen=True, kw_only=True)
class ReplyReceived:
    """A try is over: with a `status`, or with an `error`. `seconds` is how long it took.

    `retry_in` is the pause before the next try, None if this was the last.
    """

    method: str
    url: str
    attempt: int
    seconds: float
    status: int | None = None
    request_id: str | None = None
    error: str | None = None
    retry_in: float | None = None


Event = RequestSent | ReplyReceived
Hook = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of a client that `with_options` can change."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: int = 2
    hook: Hook | None = None

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise ValueError(f"retries is {self.retries}; 0 means that each request is sent once")

    def changed(self, timeout: float | Timeouts | None, retries: int | None, hook: Hook | None) -> Options:
        """These, with what is given."""
        return Options(
            timeouts=self.timeouts if timeout is None else Timeouts.of(timeout),
            retries=self.retries if retries is None else retries,
            hook=hook or self.hook,
        )
