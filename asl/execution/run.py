"""What the states of a running execution share."""

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from asl.core.clock import Clock
from asl.core.templates import Json
from asl.execution.commands import MachineTimedOut
from asl.execution.context import ExecutionContext
from asl.execution.history import History
from asl.execution.scheduler import Scheduler
from asl.jsonata import Frame, Scratch

_MOST_ENTRIES: Final = 200_000
"""After so many states, a machine on virtual time is taken to be in an endless loop."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution. Use it from one thread only."""

    about: ExecutionContext
    context: Mapping[str, Any]
    clock: Clock
    rng: random.Random
    history: History
    scheduler: Scheduler
    deadline: float
    entries: int = 0
    tokens: int = 0

    def enter(self) -> float:
        """Count one more state and return the time; raises `MachineTimedOut` once the time is up."""
        moment = self.clock.now()
        self.entries += 1
        if moment >= self.deadline or (self.clock.virtual and self.entries > _MOST_ENTRIES):
            # On AWS, no machine loops for ever. Virtual time does not pass in a loop that never waits.
            raise MachineTimedOut
        return moment

    def new_token(self) -> str:
        """A task token, which cannot be guessed; on virtual time it says which one of the execution it is."""
        self.tokens += 1
        return f"{self.about.name}#{self.tokens}" if self.clock.virtual else secrets.token_urlsafe(64)

    def frame(self, scope: Frame, states: dict[str, Json]) -> Frame:
        """The frame for expressions of a state: its variables and `$states`."""
        return Frame(scope, {"states": states}, Scratch(self.clock.now(), self.rng))
