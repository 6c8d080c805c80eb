"""Clocks: the real one, and one on which waiting costs nothing."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where an execution takes its time from."""

    virtual: bool
    """Whether time stands still until something waits for it, and then jumps."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def skip_to(self, moment: float) -> None:
        """Jump ahead; only a virtual clock is asked to."""
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
    """A clock that moves only when it is told to. One belongs to one execution at a time."""

    virtual = True

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def skip_to(self, moment: float) -> None:
        """Jump ahead to a moment; never back."""
        self._now = max(self._now, moment)
