"""Clocks: the real one, and a virtual one on which waiting takes no time."""

import time
from typing import Protocol


class Clock(Protocol):
    """The source of an execution's time."""

    virtual: bool
    """Whether time is stopped until everything waits, and then jumps."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def skip_to(self, moment: float) -> None:
        """Jump ahead; called on virtual clocks only."""
        ...


class RealClock:
    """The computer's clock."""

    virtual = False

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def skip_to(self, moment: float) -> None:
        """Real time cannot jump."""
        raise NotImplementedError


class VirtualClock:
    """A clock that moves only by `skip_to`. Use one per execution."""

    virtual = True

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def skip_to(self, moment: float) -> None:
        """Jump ahead to a moment; never back."""
        self._now = max(self._now, moment)
