"""The circuit breaker: when tasks fail for transient reasons, the pipes stop, and messages wait safely.

closed -> open when failures exceed a threshold; open -> half-open after a cool-down, which lets tasks through on
trial; half-open -> closed or open again, depending on their outcome. An operator may open it; then only an operator
can close it.

Everything here is pure: a state and an event in, the next state out. `control.py` keeps state and pipe consistent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

ALARM, SCHEDULE = "alarm", "schedule"


class State(StrEnum):
    """The breaker's state. The pipes are stopped while it is open, and run otherwise."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """The breaker as it is stored. `by` is what changed its state: `alarm`, `schedule`, or an operator.

    `manual` means that an operator opened it. `held` are the pipes that the breaker stopped and has yet to start: it
    never starts a pipe that it did not stop, or that did not wait. `version` counts the changes.

    While the number of lanes changes: `generation` is the newest whose pipes may run, and `empty_since` is when the
    queues of the one before were first seen empty (`handover.py`).
    """

    state: State
    since: datetime
    reason: str
    by: str
    manual: bool = False
    held: frozenset[str] = frozenset()
    version: int = 0
    generation: int = 0
    empty_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """`failure_rate` (0 to 1) of at least `minimum` runs in one `period` opens the breaker.

    A probe window must stay below the rate, however few its runs are. The other times are how long each state lasts.
    """

    failure_rate: float
    minimum: int
    period: timedelta
    cool_down: timedelta
    probe: timedelta

    def are_broken_by(self, attempts: "Attempts") -> bool:
        """Whether the runs of one period are enough to judge by, and too many of them failed."""
        return attempts.count >= self.minimum and attempts.failures >= self.failure_rate * attempts.count


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Runs of tasks within a time window, and how many of them failed for a transient reason."""

    count: int
    failures: int


@dataclass(frozen=True, kw_only=True)
class Period:
    """The runs since `start`, for as long as `Rules.period` says."""

    start: datetime
    attempts: Attempts


NEW = Breaker(state=State.CLOSED, since=datetime.fromtimestamp(0, UTC), reason="new", by=SCHEDULE)
"""The breaker before its first change: any alarm is newer."""


def tripped(breaker: Breaker, *, reason: str, at: datetime, now: datetime) -> Breaker:
    """The alarm went off `at`. An alarm from before the current state is ignored: it may arrive late, or twice."""
    if breaker.state is State.OPEN or at < breaker.since.replace(microsecond=0):  # alarms may have whole seconds only
        return breaker
    return _enter(breaker, State.OPEN, now=now, reason=reason, by=ALARM)


def set_manually(breaker: Breaker, state: State, *, reason: str, by: str, now: datetime) -> Breaker:
    """An operator opens or closes it. Opening an open one makes it stay open: the cool-down no longer applies."""
    return _enter(breaker, state, now=now, reason=reason, by=by, manual=state is State.OPEN)


def stepped(
    breaker: Breaker, *, now: datetime, rules: Rules, pipe_is_running: bool, probe: Callable[[], Attempts]
) -> Breaker:
    """Time has passed. `probe` counts the runs of the half-open window, once that window is over."""
    if breaker.version == NEW.version:
        return replace(breaker, since=now)
    due = next_step_at(breaker, rules)
    if due is None:
        return breaker
    if breaker.state is State.HALF_OPEN and not pipe_is_running:
        return replace(breaker, since=now)  # the window starts when the pipe runs, which takes AWS a while
    if now < due:
        return breaker
    if breaker.state is State.OPEN:
        return _enter(breaker, State.HALF_OPEN, now=now, reason="the cool-down is over", by=SCHEDULE)
    return _judged(breaker, probe(), now=now, rules=rules)


def next_step_at(breaker: Breaker, rules: Rules) -> datetime | None:
    """When the breaker changes by itself; None if it waits for an alarm or for an operator."""
    if breaker.state is State.CLOSED or breaker.manual:
        return None
    return breaker.since + (rules.cool_down if breaker.state is State.OPEN else rules.probe)


def _judged(breaker: Breaker, attempts: Attempts, *, now: datetime, rules: Rules) -> Breaker:
    reason = f"{attempts.failures} of {attempts.count} attempts failed in the probe window"
    if attempts.count and attempts.failures >= rules.failure_rate * attempts.count:
        return _enter(breaker, State.OPEN, now=now, reason=reason, by=SCHEDULE)
    # A window without runs proves nothing, so it is extended; but an idle system does not stay on trial.
    if not attempts.count and now < breaker.since + rules.probe + rules.cool_down:
        return breaker
    return _enter(breaker, State.CLOSED, now=now, reason=reason, by=SCHEDULE)


def _enter(breaker: Breaker, state: State, *, now: datetime, reason: str, by: str, manual: bool = False) -> Breaker:
    return replace(breaker, state=state, since=now, reason=reason, by=by, manual=manual)
