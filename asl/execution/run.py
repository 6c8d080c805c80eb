"""One execution while it runs: what all its states share."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from asl.core.clock import Clock
from asl.core.templates import Json
from asl.execution.context import ExecutionContext
from asl.execution.history import History
from asl.execution.scheduler import MachineTimedOut, Scheduler
from asl.jsonata import Frame, Scratch

_MOST_ENTRIES: Final = 200_000
"""States entered without virtual time going by after which a machine counts as caught in a loop."""


@dataclass(slots=True, kw_only=True)
class Run:
    """Shared by all states of an execution; used from one thread only."""

    about: ExecutionContext
    context: Mapping[str, Any]
    clock: Clock
    rng: random.Random
    history: History
    scheduler: Scheduler
    deadline: float
    entries: int = 0

    def enter(self) -> float:
        """Take note of one more state and return the time; raises `MachineTimedOut` when there is none
        left."""
        moment = self.clock.now()
        self.entries += 1
        if moment >= self.deadline or (self.clock.virtual and self.entries > _MOST_ENTRIES):
            # No machine loops for ever on AWS, but virtual time stands still in a loop that never waits.
            raise MachineTimedOut
        return moment

    def frame(self, scope: Frame, states: dict[str, Json]) -> Frame:
        """Where expressions of a state are evaluated: its variables, and `$states`."""
        return Frame(scope, {"states": states}, Scratch(self.clock.now(), self.rng))
