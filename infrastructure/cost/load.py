"""The load that a bill is for: how many tasks come how fast, and what they ask of the functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

MILLION = 1_000_000
STEP_MILLISECONDS = 20
"""What a call of the state machine to a table takes, with the transition to its state."""


class ImpossibleLoad(ValueError):
    """A load that no deployment could take; the message names the way out."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Tasks that arrive at `tasks_per_second`, spread over `keys` ordering keys; 0 for as few as the rate needs.

    A run of the validator and of the processor takes so many milliseconds, with the memory that the stage gives them.
    The default is the load of the system that this one is compared with: 50 ms to accept a task, 500 ms to process it,
    and no ordering keys. The rate is the one that an API key may have in every stage.
    """

    tasks_per_second: float = 50.0
    keys: int = 0
    validator_milliseconds: float = 50.0
    processor_milliseconds: float = 500.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0 and name != "keys":
                raise ImpossibleLoad(f"{name} is {value:g}. It has to be more than 0.")
        if self.keys == 0:
            object.__setattr__(self, "keys", self.least_keys)
        if self.keys < self.least_keys:
            raise ImpossibleLoad(
                f"{self.tasks_per_second:g} tasks per second that take {self.seconds_in_machine * 1000:.0f} ms each "
                f"need at least {self.least_keys} ordering keys, because a key has one task at a time. Name more "
                "keys, or fewer tasks per second."
            )

    @property
    def seconds_in_machine(self) -> float:
        """How long the execution of a task that succeeds takes: gate, claim, process, record."""
        return (self.processor_milliseconds + 3 * STEP_MILLISECONDS) / 1000

    @property
    def least_keys(self) -> int:
        """How many keys this rate needs."""
        return math.ceil(round(self.tasks_per_second * self.seconds_in_machine, 6))
