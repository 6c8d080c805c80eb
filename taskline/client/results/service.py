"""The state of the service: its health, the circuit breaker, and counts of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskline.client.results.base import Result, by_name, each, read_by


@dataclass(frozen=True, kw_only=True)
class Health(Result):
    """Whether the API responds: `healthy` or `degraded`."""

    status: str
    timestamp: str


@dataclass(frozen=True, kw_only=True)
class BreakerPipe(Result):
    """The pipe in EventBridge's terms: RUNNING, STOPPED and so on."""

    current_state: str
    desired_state: str
    state_reason: str


@dataclass(frozen=True, kw_only=True)
class BreakerLane(BreakerPipe):
    """The pipe of one lane. It `waits` until the lanes before are empty; `stopped` although it should run, it needs an
    operator.
    """

    name: str
    waits: bool
    stopped: bool


@dataclass(frozen=True, kw_only=True)
class Breaker(Result):
    """The circuit breaker: `closed` (tasks run), `open` (tasks wait) or `half_open` (tasks run on trial).

    `pipe_stopped` means that a pipe is stopped although the breaker lets it run, which needs an operator. `pipes` are
    those of all lanes; `pipe` is one of them.
    """

    state: str
    reason: str
    by: str
    manual: bool
    pipe: BreakerPipe = field(metadata=read_by(BreakerPipe.read))
    pipe_stopped: bool
    pipes: tuple[BreakerLane, ...] = field(default=(), metadata=read_by(each(BreakerLane.read)))
    since: str | None = None
    next_step_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatusCounts(Result):
    """Number of tasks in each status."""

    queued: int
    processing: int
    succeeded: int
    failed: int
    cancelled: int
    parked: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.queued + self.parked + self.processing + self.succeeded + self.failed + self.cancelled


@dataclass(frozen=True, kw_only=True)
class FlowCounts(Result):
    """How many tasks were accepted in a time, and how many ended."""

    accepted: int
    succeeded: int
    failed: int
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class Stats(Result):
    """Counts of tasks as of `as_of`. Those of a time are only there for all tasks, not for a key or a batch."""

    by_status: StatusCounts = field(metadata=read_by(StatusCounts.read))
    by_type: Mapping[str, StatusCounts] = field(metadata=read_by(by_name(StatusCounts.read)))
    as_of: str
    last_minute: FlowCounts | None = field(default=None, metadata=read_by(FlowCounts.read))
    last_hour: FlowCounts | None = field(default=None, metadata=read_by(FlowCounts.read))
    last_day: FlowCounts | None = field(default=None, metadata=read_by(FlowCounts.read))
