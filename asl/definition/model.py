"""A state machine as frozen objects, every expression in it compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asl.core.templates import Template
from asl.jsonpath.path import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlow:
    """How a state in JSONPath mode gets from its input to its output. No path at all means nothing: an empty
    object for `input` and `output`, and no place for the result."""

    input: Path | None
    result: Path | None
    output: Path | None
    parameters: Template | None = None
    selector: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """One entry of `Retry`."""

    errors: tuple[str, ...]
    interval: float = 1
    attempts: int = 3
    backoff: float = 2.0
    max_delay: float | None = None
    jitter: bool = False

    def delay(self, retries: int, draw: float) -> float:
        """Seconds to wait before the retry after `retries` earlier ones; `draw` in [0, 1) is the jitter's
        luck."""
        seconds = self.interval * self.backoff**retries
        if self.max_delay is not None:
            seconds = min(seconds, self.max_delay)
        return seconds * draw if self.jitter else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One entry of `Catch`. `result` is the place of the error in JSONPath mode."""

    errors: tuple[str, ...]
    next: str
    output: Template | None = None
    assign: Template | None = None
    result: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a Task calls. `service` and `action` are as in its history: `lambda`/`invoke`,
    `aws-sdk:s3`/`getObject`."""

    arn: str
    service: str
    action: str

    @property
    def is_function(self) -> bool:
        """Whether it is a bare Lambda function ARN, whose result is the payload alone."""
        return self.service == "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateBase:
    """What every state has. `next` is `None` at an end; `flow` is there in JSONPath mode only."""

    name: str
    next: str | None = None
    output: Template | None = None
    assign: Template | None = None
    flow: DataFlow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState(StateBase):
    """Hands on its input, or what `Output` makes of it; in JSONPath mode its `Result`, if there is one."""

    result: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedState(StateBase):
    """Ends its branch well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailState(StateBase):
    """Ends the execution, or fails the state it is inside of."""

    error: Template | None = None
    cause: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of `Choices`."""

    condition: Template
    next: str
    output: Template | None = None
    assign: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceState(StateBase):
    """Goes where the first true condition says; `next` holds `Default`."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitState(StateBase):
    """Waits for a time or until a time."""

    seconds: Template | None = None
    timestamp: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(StateBase):
    """A state that can be retried and caught."""

    arguments: Template | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState(Guarded):
    """Calls something."""

    resource: Resource
    timeout: Template | None = None
    heartbeat: Template | None = None
    credentials: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelState(Guarded):
    """Runs branches side by side."""

    branches: "tuple[Graph, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapState(Guarded):
    """Runs one graph for each item."""

    processor: "Graph"
    items: Template | None = None
    selector: Template | None = None
    concurrency: Template | None = None
    tolerated_count: Template | None = None
    tolerated_percentage: Template | None = None


State: TypeAlias = (
    PassState | SucceedState | FailState | ChoiceState | WaitState | TaskState | ParallelState | MapState
)


@dataclass(frozen=True, slots=True)
class Graph:
    """States and where to start."""

    start: str
    states: Mapping[str, State] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole machine. `timeout` is in seconds."""

    graph: Graph
    timeout: float | None = None
