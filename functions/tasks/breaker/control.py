"""Keeps the breaker's state and the pipe consistent, whatever crashes in between.

The state is written first, on condition that no one else has changed it; the pipe follows from it. So the next call,
at the latest the tick of the next minute, completes what a crash left undone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.breaker.states import NEW, Attempts, Breaker, Period, Rules, State, stepped, tripped
from functions.tasks.errors import Unavailable

MAX_TRIES = 8
# The states of a pipe that runs or is about to run; in any other state it moves no messages.
_RUNNING = "RUNNING"
_RUNNING_SOON = frozenset({_RUNNING, "CREATING", "STARTING", "UPDATING"})


@dataclass(frozen=True, kw_only=True)
class PipeState:
    """The pipe as of now: AWS's own names of its states, and AWS's reason for them, often empty."""

    desired: str
    current: str
    reason: str

    @property
    def should_run(self) -> bool:
        """Whether it is meant to run."""
        return self.desired == _RUNNING

    @property
    def is_running(self) -> bool:
        """Whether it moves messages now."""
        return self.current == _RUNNING

    @property
    def is_stopped(self) -> bool:
        """Whether it moves no messages, and is not about to."""
        return not self.should_run or self.current not in _RUNNING_SOON


class BreakerStore(Protocol):
    """Where the breaker is stored. Every method raises `Unavailable` when the store does not respond."""

    def load(self) -> Breaker | None:
        """The breaker as of now, or None if it was never saved."""
        ...

    def save(self, breaker: Breaker) -> bool:
        """Write it on condition that the stored version is the same; otherwise write nothing and return False."""
        ...


class PipeSwitch(Protocol):
    """The pipe's switch. Every method raises `Unavailable` when it does not respond."""

    def describe(self) -> PipeState:
        """The pipe as of now."""
        ...

    def stop(self) -> bool:
        """Stop it; False when another change is in progress and this has to wait."""
        ...

    def start(self) -> bool:
        """Start it; False when another change is in progress and this has to wait."""
        ...


class AttemptCounter(Protocol):
    """Counts the runs of tasks. Raises `Unavailable` when it does not respond."""

    def between(self, start: datetime, end: datetime) -> Attempts:
        """The runs within a time window, as far as they are known yet."""
        ...

    def latest(self, now: datetime, period: timedelta) -> Sequence[Period]:
        """The current period and the one before it, as alarms see them: they begin at multiples of their length."""
        ...


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the breaker depends on."""

    store: BreakerStore
    pipe: PipeSwitch
    attempts: AttemptCounter
    rules: Rules
    now: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class BreakerStatus:
    """Breaker and pipe at one moment."""

    breaker: Breaker
    pipe: PipeState

    @property
    def pipe_stopped(self) -> bool:
        """Whether the pipe is stopped although the breaker lets it run: AWS disabled it, or an operator stopped it."""
        return self.breaker.state is not State.OPEN and not self.breaker.holds_pipe and self.pipe.is_stopped


def read_status(control: Control) -> BreakerStatus:
    """Read breaker and pipe, without changing anything."""
    return BreakerStatus(breaker=_load(control), pipe=control.pipe.describe())


def change(control: Control, transition: Callable[[Breaker], Breaker]) -> BreakerStatus:
    """Apply a transition and let the pipe follow. `Unavailable` if others keep changing the breaker."""
    for _ in range(MAX_TRIES):
        breaker = _load(control)
        changed = transition(breaker)
        if changed == breaker or control.store.save(changed):
            return settle(control)
    raise Unavailable("the breaker keeps being changed by others")


def trip(control: Control, *, reason: str, at: datetime) -> BreakerStatus:
    """The alarm went off `at`: open the breaker if one period alone is reason enough.

    The alarm has two parts, rate and volume, and each may look at another moment: one failure at the beginning of a
    minute is a rate of 100 %, and the good runs behind it are a volume. So both are read again here, of one period.
    """
    now = control.now()
    broken = _broken(control, now)
    if broken is None:
        return read_status(control)
    details = f"{broken.attempts.failures} of {broken.attempts.count} attempts failed; {reason}"
    return change(control, lambda breaker: tripped(breaker, reason=details, at=at, now=now))


def tick(control: Control) -> BreakerStatus:
    """Time has passed: end the cool-down or the probe window, and complete what was left undone."""
    now, is_running = control.now(), control.pipe.describe().is_running

    def step(breaker: Breaker) -> Breaker:
        def probe() -> Attempts:
            return control.attempts.between(breaker.since, now)

        after = stepped(breaker, now=now, rules=control.rules, pipe_is_running=is_running, probe=probe)
        return _checked(control, after, now) if after == breaker else after

    return change(control, step)


def settle(control: Control) -> BreakerStatus:
    """Stop or start the pipe until it matches the breaker, or until it has to wait for another change of its own.

    Checks again after each action: an action that comes late, after another caller changed the breaker, is undone.
    """
    acted = False
    for _ in range(MAX_TRIES):
        status = read_status(control)
        breaker, pipe = status.breaker, status.pipe
        if breaker.state is State.OPEN and pipe.should_run:
            # Noted before it is done, so that its start is owed even after a crash.
            if control.store.save(replace(breaker, holds_pipe=True)):
                acted = control.pipe.stop()
                if not acted:
                    return status
        elif breaker.state is not State.OPEN and (breaker.holds_pipe or acted):
            if not pipe.should_run and not control.pipe.start():
                return status
            acted = not control.store.save(replace(breaker, holds_pipe=False))
        else:
            return status
    raise Unavailable("the pipe does not follow the breaker")


def _checked(control: Control, breaker: Breaker, now: datetime) -> Breaker:
    """A closed breaker, opened if it has to be: an alarm acts only when it changes, and may have gone off before."""
    broken = _broken(control, now) if breaker.state is State.CLOSED else None
    if broken is None:
        return breaker
    reason = f"{broken.attempts.failures} of {broken.attempts.count} attempts failed"
    return tripped(breaker, reason=reason, at=broken.start, now=now)


def _broken(control: Control, now: datetime) -> Period | None:
    periods = control.attempts.latest(now, control.rules.period)
    return next((one for one in periods if control.rules.are_broken_by(one.attempts)), None)


def _load(control: Control) -> Breaker:
    return control.store.load() or NEW
