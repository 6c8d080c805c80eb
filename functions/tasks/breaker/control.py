"""Keeps the breaker's state and the pipes consistent, whatever crashes in between.

The state is written first, on condition that no one else has changed it; the pipes follow from it. So the next call,
at the latest the tick of the next minute, completes what a crash left undone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.breaker.handover import Handover, waiting_pipes
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
    """A pipe's switch. Every method raises `Unavailable` when it does not respond."""

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
    """What the breaker depends on. `pipes` are those of all lanes, by name; the first is the one to show."""

    store: BreakerStore
    pipes: Mapping[str, PipeSwitch]
    attempts: AttemptCounter
    rules: Rules
    now: Callable[[], datetime]
    handover: Handover | None = None


@dataclass(frozen=True, kw_only=True)
class BreakerStatus:
    """Breaker and pipes at one moment. Those that are `waiting` belong to lanes whose predecessors are not empty."""

    breaker: Breaker
    pipes: Mapping[str, PipeState]
    waiting: frozenset[str]

    @property
    def stopped(self) -> tuple[str, ...]:
        """The pipes that are stopped although they should run: AWS disabled them, or an operator stopped them."""
        if self.breaker.state is State.OPEN:
            return ()
        due = self.breaker.held | self.waiting
        return tuple(name for name, pipe in self.pipes.items() if name not in due and pipe.is_stopped)

    @property
    def pipe_stopped(self) -> bool:
        """Whether a pipe is stopped although the breaker lets it run."""
        return bool(self.stopped)

    @property
    def pipe(self) -> PipeState:
        """The pipe to show where there is room for one: one that should run and does not, or the first."""
        return self.pipes[next(iter((*self.stopped, *self.running, *self.pipes)))]

    @property
    def running(self) -> tuple[str, ...]:
        """The pipes that do not wait for other lanes."""
        return tuple(name for name in self.pipes if name not in self.waiting)

    @property
    def to_stop(self) -> frozenset[str]:
        """The pipes that are meant to run, and must not."""
        barred = self.pipes.keys() if self.breaker.state is State.OPEN else self.waiting
        return frozenset(name for name in barred if self.pipes[name].should_run)

    def to_start(self, acted: frozenset[str]) -> frozenset[str]:
        """The pipes whose start is owed, or which were stopped by this call after the breaker had changed again."""
        if self.breaker.state is State.OPEN:
            return frozenset()
        return ((self.breaker.held | acted) & self.pipes.keys()) - self.waiting


def read_status(control: Control) -> BreakerStatus:
    """Read breaker and pipes, without changing anything."""
    breaker = _load(control)
    pipes = {name: pipe.describe() for name, pipe in control.pipes.items()}
    return BreakerStatus(breaker=breaker, pipes=pipes, waiting=waiting_pipes(control.handover, breaker))


def change(control: Control, transition: Callable[[Breaker], Breaker]) -> BreakerStatus:
    """Apply a transition and let the pipes follow. `Unavailable` if others keep changing the breaker."""
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
    """Time has passed: end the cool-down or the probe window, see whether lanes can take over, and complete what was
    left undone.
    """
    now, pipes = control.now(), [pipe.describe() for pipe in control.pipes.values()]
    is_running = any(pipe.is_running for pipe in pipes)

    def step(breaker: Breaker) -> Breaker:
        def probe() -> Attempts:
            return control.attempts.between(breaker.since, now)

        after = stepped(breaker, now=now, rules=control.rules, pipe_is_running=is_running, probe=probe)
        checked = _checked(control, after, now) if after == breaker else after
        return control.handover.stepped(checked, now) if control.handover else checked

    return change(control, step)


def settle(control: Control) -> BreakerStatus:
    """Stop or start the pipes until they match the breaker, or until one has to wait for another change of its own.

    Checks again after each action: an action that comes late, after another caller changed the breaker, is undone.
    """
    acted: frozenset[str] = frozenset()
    for _ in range(MAX_TRIES):
        status = read_status(control)
        if stop := status.to_stop:
            # Noted before it is done, so that their start is owed even after a crash.
            held = status.breaker.held | (stop - status.waiting)
            if control.store.save(replace(status.breaker, held=held)):
                stopped = frozenset(name for name in sorted(stop) if control.pipes[name].stop())
                acted |= stopped
                if stopped != stop:
                    return status
        elif start := status.to_start(acted):
            started = _started(control, status, start)
            acted = _noted(control, status.breaker, started, acted)
            if started != start:
                return status
        else:
            return status
    raise Unavailable("the pipe does not follow the breaker")


def _started(control: Control, status: BreakerStatus, names: frozenset[str]) -> frozenset[str]:
    """Start these pipes; which of them are meant to run now. The others are in the middle of another change."""
    return frozenset(name for name in sorted(names) if status.pipes[name].should_run or control.pipes[name].start())


def _noted(control: Control, breaker: Breaker, started: frozenset[str], acted: frozenset[str]) -> frozenset[str]:
    """Note that these are no longer owed a start; which pipes are to be looked at again."""
    if not started:
        return acted
    saved = control.store.save(replace(breaker, held=breaker.held - started))
    return acted - started if saved else acted | started


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
