"""What goes wrong in a run, drawn from its seed."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One thing that can go wrong with a call to AWS, or with whoever makes it."""

    THROTTLED = "throttled: an error and no effect"
    LOST_REQUEST = "the request never arrives: no effect, no answer"
    LOST_REPLY = "the effect is there, the answer is not"
    ERROR_REPLY = "the effect is there, the answer is an error"
    GONE = "the resource is not there: an error that nobody retries, and no effect"
    SLOW = "the answer takes longer than usual, but not too long"


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How much goes wrong; probabilities for each occasion."""

    call: float
    crash: float
    lost_delete: float
    duplicate: float
    freeze: float

    @classmethod
    def draw(cls, rng: random.Random) -> "Weather":
        """One run in ten has no faults at all; most have some, of some kinds; and a few are storms."""
        if rng.random() < 0.1:
            return CALM

        def some(most: float) -> float:
            return rng.choice((0.0, 0.0, most / 4, most / 2, most))

        return cls(call=some(0.2), crash=some(0.6), lost_delete=some(0.2), duplicate=some(0.3), freeze=some(0.3))


CALM = Weather(call=0.0, crash=0.0, lost_delete=0.0, duplicate=0.0, freeze=0.0)


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """A pause of whoever runs an execution: its clock stands still too, so no time-out ends it."""

    before_step: int
    seconds: float


class Faults:
    """Draws faults until `until` (virtual seconds): after that the weather is fine and everything must settle."""

    def __init__(self, rng: random.Random, weather: Weather, until: float) -> None:
        self.rng = rng
        self.weather = weather
        self._until = until

    def on_call(self, now: float) -> Fault | None:
        """What goes wrong with this call, if anything."""
        return self.rng.choice(list(Fault)) if self._strikes(self.weather.call, now) else None

    def crash_after(self, now: float) -> float | None:
        """After how many seconds the execution that starts now dies, if it does."""
        return self.rng.choice((0.001, 0.01, 0.05, 0.3, 2.0, 10.0)) if self._strikes(self.weather.crash, now) else None

    def loses_delete(self, now: float) -> bool:
        """Whether the pipe's delete does not arrive."""
        return self._strikes(self.weather.lost_delete, now)

    def delivers_twice(self, now: float) -> bool:
        """Whether the queue shows a message again while it is being worked on."""
        return self._strikes(self.weather.duplicate, now)

    def freeze(self, now: float) -> Freeze | None:
        """Whether, when and for how long the execution that starts now stands still and notices nothing."""
        if not self._strikes(self.weather.freeze, now):
            return None
        return Freeze(before_step=self.rng.randint(1, 12), seconds=self.rng.choice((5.0, 95.0, 100.0, 150.0, 250.0)))

    def _strikes(self, probability: float, now: float) -> bool:
        return now < self._until and self.rng.random() < probability
