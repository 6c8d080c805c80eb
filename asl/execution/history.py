"""The history of an execution, with the event ids of AWS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from asl.core.clock import Clock

MOST_EVENTS: Final = 25_000
"""Of a Standard execution: https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html"""


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event. Details have the names that AWS gives them; data in them is JSON values, not text."""

    id: int
    type: str
    previous_event_id: int
    timestamp: float
    details: dict[str, Any]


Observer: TypeAlias = Callable[[HistoryEvent], None]
"""Receives each event as it happens."""


class HistoryFull(Exception):
    """The execution may have no further event but its end."""


class Chain:
    """The last event of a branch, to which its next event points back."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last


@dataclass(slots=True)
class History:
    """Numbers the events and passes them to the observer, if there is one."""

    clock: Clock
    observe: Observer | None = None
    count: int = field(default=0)
    quiet: bool = False
    """Set once the execution has ended in a way that cuts states short without events."""
    most: int | None = None
    """How many events it may have; AWS keeps none of an Express execution, and counts none."""

    def emit(self, chain: Chain, kind: str, previous: int | None = None, /, **details: Any) -> int:
        """Add an event to a chain, or after the event `previous`, and return its id. Raises `HistoryFull`."""
        if self.quiet:
            return self.count
        if self.most is not None and self.count >= self.most - 1 and not kind.startswith("Execution"):
            self.quiet = True
            raise HistoryFull
        # Causes contain ids, so events are counted even without an observer.
        self.count += 1
        if self.observe is not None:
            before = chain.last if previous is None else previous
            self.observe(HistoryEvent(self.count, kind, before, self.clock.now(), details))
        chain.last = self.count
        return self.count
