"""Keeps the breaker's state and the pipe together, whatever dies in between.

The state is written first, on condition that nobody else has changed it; the pipe follows from it. So whoever comes
next, at the latest the tick of the next minute, does what a predecessor left undone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from functions.tasks.breaker.states import NEW, Attempts, Breaker, Rules, State, stepped
from functions.tasks.errors import Unavailable

MAX_TRIES = 8
# What a pipe is while it runs or is about to; in any other state it moves no messages.
_RUNNING = "RUNNING"
_RUNNING_SOON = frozenset({_RUNNING, "CREATING", "STARTING", "UPDATING"})


@dataclass(frozen=True, kw_only=True)
class PipeState:
    """The pipe of the moment: AWS's own names of its states, and its reason for them, often empty."""

    desired: str
    current: str
    reason: str

    @property
    def should_run(self) -> bool:
        """Whether somebody wants it to run."""
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
    """Where the breaker is remembered. Every method raises `Unavailable` when the store does not answer."""

    def load(self) -> Breaker | None:
        """The breaker as of now, or None if it was never kept."""
        ...

    def keep(self, breaker: Breaker) -> bool:
        """Write it on condition that what is kept has its version; False, and nothing written, when it has not."""
        ...


class PipeSwitch(Protocol):
    """The pipe's switch. Every method raises `Unavailable` when it does not answer."""

    def look(self) -> PipeState:
        """The pipe of the moment."""
        ...

    def stop(self) -> bool:
        """Stop it; False when it is in the middle of another change, so that this has to wait."""
        ...

    def start(self) -> bool:
        """Start it; False when it is in the middle of another change, so that this has to wait."""
        ...


class AttemptCounter(Protocol):
    """Counts the runs of tasks. Raises `Unavailable` when it does not answer."""

    def between(self, start: datetime, end: datetime) -> Attempts:
        """The runs within a window of time, as far as they are known already."""
        ...


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the breaker works with."""

    store: BreakerStore
    pipe: PipeSwitch
    attempts: AttemptCounter
    rules: Rules
    now: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class BreakerStatus:
    """Breaker and pipe, as one look found them."""

    breaker: Breaker
    pipe: PipeState

    @property
    def pipe_stopped(self) -> bool:
        """Whether the pipe is stopped although the breaker lets it run: AWS disabled it, or a person stopped it."""
        return self.breaker.state is not State.OPEN and not self.breaker.holds_pipe and self.pipe.is_stopped


def look(control: Control) -> BreakerStatus:
    """Breaker and pipe; changes nothing."""
    return BreakerStatus(breaker=_load(control), pipe=control.pipe.look())


def change(control: Control, transition: Callable[[Breaker], Breaker]) -> BreakerStatus:
    """Apply a transition and let the pipe follow. `Unavailable` if others change the breaker all the time."""
    for _ in range(MAX_TRIES):
        breaker = _load(control)
        changed = transition(breaker)
        if changed == breaker or control.store.keep(changed):
            return settle(control)
    raise Unavailable("the breaker keeps being changed by others")


def tick(control: Control) -> BreakerStatus:
    """Time went by: cool-down, probe window, and whatever was left undone."""
    now, is_running = control.now(), control.pipe.look().is_running

    def step(breaker: Breaker) -> Breaker:
        def probe() -> Attempts:
            return control.attempts.between(breaker.since, now)

        return stepped(breaker, now=now, rules=control.rules, pipe_is_running=is_running, probe=probe)

    return change(control, step)


def settle(control: Control) -> BreakerStatus:
    """Stop or start the pipe until it is as the breaker says, or until it has to wait for another change of its own.

    Looks again after each action: an action that comes late, after somebody else has moved the breaker on, is undone.
    """
    acted = False
    for _ in range(MAX_TRIES):
        status = look(control)
        breaker, pipe = status.breaker, status.pipe
        if breaker.state is State.OPEN and pipe.should_run:
            # Noted before it is done, so that its start is owed even if we die right after.
            if control.store.keep(replace(breaker, holds_pipe=True)):
                acted = control.pipe.stop()
                if not acted:
                    return status
        elif breaker.state is not State.OPEN and (breaker.holds_pipe or acted):
            if not pipe.should_run and not control.pipe.start():
                return status
            acted = not control.store.keep(replace(breaker, holds_pipe=False))
        else:
            return status
    raise Unavailable("the pipe does not follow the breaker")


def _load(control: Control) -> Breaker:
    return control.store.load() or NEW
