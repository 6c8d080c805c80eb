"""The faults of a run, drawn from its seed."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong with a call to AWS."""

    THROTTLED = "throttled: an error and no effect"
    LOST_REQUEST = "the request never arrives: no effect and no response"
    LOST_RESPONSE = "the call takes effect, but its response never arrives"
    ERROR_RESPONSE = "the call takes effect, but its response is an error"
    MISSING_RESOURCE = "the resource does not exist: an error that is not retried, and no effect"
    SLOW = "the response takes longer than usual, but does not time out"


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """How often each kind of fault occurs: a probability per occasion."""

    call: float
    crash: float
    lost_delete: float
    duplicate: float
    freeze: float
    throttled: float = 0.0
    """How many invocations of the processor find no capacity."""

    @classmethod
    def draw(cls, rng: random.Random) -> "FaultPlan":
        """One run in ten has no faults, one in ten nothing but throttles; most have a few kinds, some many of each."""
        if rng.random() < 0.1:
            return NO_FAULTS
        if rng.random() < 0.1:
            return throttles_only(rng.choice((0.5, 0.9, 1.0)))

        def up_to(highest: float) -> float:
            return rng.choice((0.0, 0.0, highest / 4, highest / 2, highest))

        return cls(
            call=up_to(0.2),
            crash=up_to(0.6),
            lost_delete=up_to(0.2),
            duplicate=up_to(0.3),
            freeze=up_to(0.3),
            throttled=up_to(0.8),
        )

    @property
    def spares_every_task(self) -> bool:
        """Whether each task has to go exactly as planned: nothing fails, or only the processor's capacity is short."""
        return self == throttles_only(self.throttled)


def throttles_only(rate: float) -> FaultPlan:
    """A plan in which nothing fails but the processor's capacity."""
    return FaultPlan(call=0.0, crash=0.0, lost_delete=0.0, duplicate=0.0, freeze=0.0, throttled=rate)


NO_FAULTS = throttles_only(0.0)


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """A pause of the process that runs an execution. Its clock stops too, so no timeout fires."""

    before_step: int
    seconds: float


class Faults:
    """Draws faults until `until` (virtual seconds). From then on nothing fails, and everything must settle."""

    def __init__(self, rng: random.Random, plan: FaultPlan, until: float) -> None:
        self.rng = rng
        self._plan = plan
        self.until = until

    def on_call(self, now: float) -> Fault | None:
        """The fault of this call, if any."""
        return self.rng.choice(list(Fault)) if self._occurs(self._plan.call, now) else None

    def conflicts(self, now: float) -> bool:
        """Whether another transaction interferes with this one."""
        return self._occurs(self._plan.call, now)

    def throttles(self, now: float) -> bool:
        """Whether an invocation of the processor finds no capacity."""
        return self._occurs(self._plan.throttled, now)

    def crash_after(self, now: float) -> float | None:
        """The seconds after which the execution that starts now crashes; None if it does not."""
        return self.rng.choice((0.001, 0.01, 0.05, 0.3, 2.0, 10.0)) if self._occurs(self._plan.crash, now) else None

    def loses_delete(self, now: float) -> bool:
        """Whether a delete never arrives."""
        return self._occurs(self._plan.lost_delete, now)

    def delivers_twice(self, now: float) -> bool:
        """Whether the queue delivers a message again while it is being processed."""
        return self._occurs(self._plan.duplicate, now)

    def freeze(self, now: float) -> Freeze | None:
        """When and for how long the execution that starts now freezes without noticing; None if it does not."""
        if not self._occurs(self._plan.freeze, now):
            return None
        return Freeze(before_step=self.rng.randint(1, 12), seconds=self.rng.choice((5.0, 95.0, 100.0, 150.0, 250.0)))

    def _occurs(self, probability: float, now: float) -> bool:
        return now < self.until and self.rng.random() < probability
