"""What a flow asks its driver to do.

A flow is a generator that does no input or output: it yields commands and gets their results. One driver carries them
out with threads (`Taskline`), one with asyncio (`AsyncTaskline`), so that all that decides exists once.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Send this and return the `Reply`, or the `Lost` if there is none. Times are in seconds.

    `remaining` is the time until it has to be over.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    connect: float
    read: float
    remaining: float


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Emit:
    """Hand this to the caller, who iterates over the flow."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class NextInput:
    """Return the next item of the caller's iterable, or `End.OF_INPUT`."""


@dataclass(frozen=True, kw_only=True)
class Spawn:
    """Begin this flow beside the others; `name` is returned when it is over."""

    name: Any
    flow: Flow[Any]


@dataclass(frozen=True, kw_only=True)
class Collect:
    """Wait until a spawned flow is over; return its `Collected`."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What became of a spawned flow: its result, or the error that ended it."""

    name: Any
    result: Any = None
    error: Exception | None = None


class End(Enum):
    """There is no more input."""

    OF_INPUT = "end of input"


Command = Exchange | Pause | Emit | NextInput | Spawn | Collect
Flow = Generator[Command, Any, T]


@dataclass(kw_only=True)
class Running(Generic[T]):
    """A flow that a driver carries out: ask for its `command`, then `answer` it or say how it `fail`ed."""

    flow: Flow[T]
    result: T = field(init=False)
    _value: Any = field(default=None, init=False)
    _error: Exception | None = field(default=None, init=False)

    def command(self) -> Command | None:
        """The next command; None when the flow has returned, and `result` is there. Raises what the flow raises."""
        value, error = self._value, self._error
        self._value = self._error = None
        try:
            return self.flow.send(value) if error is None else self.flow.throw(error)
        except StopIteration as stop:
            self.result = stop.value
            return None

    def answer(self, value: Any) -> None:
        """The result of the command."""
        self._value = value

    def fail(self, error: Exception) -> None:
        """The command raised this; the flow gets it where it yielded the command."""
        self._error = error

    def close(self) -> None:
        """It will not be continued."""
        self.flow.close()
