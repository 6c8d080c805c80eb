"""Variables in scope, and what one evaluation carries along with them."""

import random
import time
from typing import Any, Final

from asl.jsonata.runtime.errors import ResourceLimit
from asl.jsonata.runtime.values import UNDEFINED, Value

MAX_DEPTH: Final = 100
"""How deep evaluations nest before Step Functions refuses: `1+1+...` of 100 terms passes, of 101 it does
not."""

MAX_BYTES: Final = 873_782 * 8
"""How large a value may grow: `[1..873782]` passes and one element more does not; a character counts as
one."""

MAX_SECONDS: Final = 5.0
"""How long one expression may run. AWS has such a bound and does not publish it."""


_UNBOUND: Final = object()


class Scratch:
    """What one evaluation needs besides variables: its time, its random source, and how deep it is."""

    __slots__ = ("deadline", "depth", "now", "rng", "ticks")

    def __init__(self, now: float, rng: random.Random) -> None:
        self.now = now
        self.rng = rng
        self.depth = 0
        self.ticks = 0
        self.deadline = 0.0

    def enter(self) -> None:
        """Count one more nested evaluation."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ResourceLimit.depth()

    def tick(self) -> None:
        """Count one call of a function; a loop is an endless chain of them, and only a clock can end it."""
        if self.ticks == 0:
            self.deadline = time.monotonic() + MAX_SECONDS
        self.ticks += 1
        if self.ticks % 1024 == 0 and time.monotonic() > self.deadline:
            raise ResourceLimit.time()


class Frame:
    """A scope: bindings over those of its parent."""

    __slots__ = ("bindings", "parent", "scratch")

    def __init__(
        self, parent: "Frame | None", bindings: dict[str, Value] | None = None, scratch: Scratch | None = None
    ) -> None:
        self.parent = parent
        self.bindings: dict[str, Value] = {} if bindings is None else bindings
        self.scratch: Any = scratch if scratch is not None else (parent.scratch if parent is not None else None)

    def lookup(self, name: str) -> Value:
        """The variable's value, or undefined."""
        frame: Frame | None = self
        while frame is not None:
            # A name bound to undefined hides an outer variable all the same.
            found = frame.bindings.get(name, _UNBOUND)
            if found is not _UNBOUND:
                return found
            frame = frame.parent
        return UNDEFINED


def check_size(count: int, each: int = 8) -> None:
    """Refuse to build a value beyond the memory bound, before building it."""
    if count * each > MAX_BYTES:
        raise ResourceLimit.memory()
