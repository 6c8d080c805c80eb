"""Variables in scope, and the state of an evaluation."""

import random
import time
from typing import Any, Final

from asl.jsonata.runtime.errors import ResourceLimit
from asl.jsonata.runtime.values import UNDEFINED, Value

MAX_DEPTH: Final = 100
"""How deep evaluations may nest on Step Functions: `1+1+...` may have 100 terms, but not 101."""

MAX_BYTES: Final = 873_782 * 8
"""How large a value may be: `[1..873782]` is the longest range, and a character counts as one byte."""

MAX_SECONDS: Final = 5.0
"""How long an expression may run. AWS has such a limit, but does not publish it."""


_UNBOUND: Final = object()


class Scratch:
    """The state of an evaluation besides variables: its time, its random numbers, and its depth."""

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
        """Count one call of a lambda. Endless tail recursion stays flat, so only the time limit can stop it."""
        if self.ticks == 0:
            self.deadline = time.monotonic() + MAX_SECONDS
        self.ticks += 1
        if self.ticks % 1024 == 0 and time.monotonic() > self.deadline:
            raise ResourceLimit.time()


class Frame:
    """A scope: bindings, and a parent for all other names."""

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
            # A name bound to undefined hides an outer variable, too.
            found = frame.bindings.get(name, _UNBOUND)
            if found is not _UNBOUND:
                return found
            frame = frame.parent
        return UNDEFINED


def check_size(count: int, each: int = 8) -> None:
    """Raise `ResourceLimit` if a value that is about to be built would exceed the memory limit."""
    if count * each > MAX_BYTES:
        raise ResourceLimit.memory()
