"""One execution as the console shows it: its states, their visits and attempts, and what its log does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from taskline.console.executions.events import LogEvent


class StepStatus(StrEnum):
    """What became of a state, a visit to it or an attempt. Its words are those that people read."""

    SUCCEEDED = "succeeded"
    CAUGHT = "caught"
    FAILED = "failed"
    ABORTED = "aborted"
    RUNNING = "running"
    NOT_REACHED = "not reached"
    UNKNOWN = "not known"


class Outcome(StrEnum):
    """How an execution stands."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    ABORTED = "aborted"
    RUNNING = "running"
    UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class Payload:
    """Data as the log has it: JSON text. `truncated` if it was cut to fit into the log."""

    text: str
    truncated: bool = False

    @property
    def size(self) -> int:
        """Bytes, as UTF-8."""
        return len(self.text.encode("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True)
class StepProblem:
    """Why something failed."""

    error: str = ""
    cause: str = ""
    location: str = ""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try of a state that can retry. Times are milliseconds since 1970; `waited` is the back-off before it."""

    number: int
    status: StepStatus
    start: int | None = None
    end: int | None = None
    waited: int | None = None
    arguments: Payload | None = None
    result: Payload | None = None
    problem: StepProblem | None = None

    @property
    def duration(self) -> int | None:
        """Milliseconds, None while it is not known."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One time that a state was entered. `number` counts the visits to the state; `inside` is the visit to the
    Parallel or Map state around it, by its index, and `iteration` the item of the Map.
    """

    state: str
    type: str
    number: int
    status: StepStatus
    start: int | None = None
    end: int | None = None
    input: Payload | None = None
    output: Payload | None = None
    variables: Mapping[str, Payload] = field(default_factory=dict[str, Payload])
    attempts: tuple[Attempt, ...] = ()
    problem: StepProblem | None = None
    events: tuple[int, ...] = ()
    inside: int | None = None
    iteration: int | None = None

    @property
    def duration(self) -> int | None:
        """Milliseconds, None while it is not known."""
        return None if self.start is None or self.end is None else self.end - self.start

    @property
    def is_wait(self) -> bool:
        """Whether nothing but time passed in it."""
        return self.type == "Wait"


@dataclass(frozen=True, kw_only=True)
class StateRun:
    """One state of the machine, over all its visits."""

    name: str
    type: str
    status: StepStatus
    visits: tuple[Visit, ...] = ()

    @property
    def tries(self) -> int:
        """Attempts over all visits."""
        return sum(len(visit.attempts) for visit in self.visits)

    @property
    def duration(self) -> int | None:
        """Milliseconds over all visits, None if any is not known."""
        times = [visit.duration for visit in self.visits]
        return None if not times or None in times else sum(time for time in times if time is not None)

    @property
    def problem(self) -> StepProblem | None:
        """The last problem, even if it was caught or retried."""
        return next((visit.problem for visit in reversed(self.visits) if visit.problem), None)


class GapKind(StrEnum):
    """What kind of thing the log does not say."""

    NO_LOG = "no log"
    NOT_THERE = "nothing found"
    LATE = "not there yet"
    LEVEL = "level"
    DATA = "data"
    EVENTS = "events missing"
    TRUNCATED = "truncated"
    DEFINITION = "definition"
    SEARCH = "search"
    DENIED = "not readable"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that is missing, why, and what to do about it if anything."""

    kind: GapKind
    text: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution. `edges` counts how often each transition was taken, `unplaced` are events of no known state."""

    arn: str
    outcome: Outcome
    states: Mapping[str, StateRun]
    visits: tuple[Visit, ...] = ()
    edges: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    start: int | None = None
    end: int | None = None
    input: Payload | None = None
    output: Payload | None = None
    problem: StepProblem | None = None
    task_id: str | None = None
    events: tuple[LogEvent, ...] = ()
    unplaced: tuple[LogEvent, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def duration(self) -> int | None:
        """Milliseconds, None while it is not known."""
        return None if self.start is None or self.end is None else self.end - self.start

    @property
    def name(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition(":")[2]

    @property
    def machine(self) -> str:
        """The name of its state machine."""
        return machine_name(self.arn)


def machine_name(execution_arn: str) -> str:
    """The state machine's name in `arn:aws:states:REGION:ACCOUNT:express:MACHINE:NAME:ID`, "" if it has none."""
    parts = execution_arn.split(":")
    return parts[6] if len(parts) > 6 else ""
