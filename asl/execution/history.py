"""The history of an execution, event by event, numbered as AWS numbers it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from asl.core.clock import Clock


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event. Values in `details` are JSON values, not text; `name`s and `input`s are those of AWS's
    events."""

    id: int
    type: str
    previous_event_id: int
    timestamp: float
    details: dict[str, Any]


Observer: TypeAlias = Callable[[HistoryEvent], None]
"""What is told of each event as it happens."""


class Chain:
    """One line of events, each pointing back to the one before; branches have lines of their own."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last


@dataclass(slots=True)
class History:
    """Numbers the events and hands them to the observer, if there is one."""

    clock: Clock
    observe: Observer | None = None
    count: int = field(default=0)
    quiet: bool = False
    """Set once the execution is over in a way that cuts states short without a word."""

    def emit(self, chain: Chain, kind: str, previous: int | None = None, /, **details: Any) -> int:
        """Add an event at the end of a line, or behind `previous`, and return its id."""
        if self.quiet:
            return self.count
        # Causes quote ids, so events count whether or not anyone looks at them.
        self.count += 1
        if self.observe is not None:
            before = chain.last if previous is None else previous
            self.observe(HistoryEvent(self.count, kind, before, self.clock.now(), details))
        chain.last = self.count
        return self.count
