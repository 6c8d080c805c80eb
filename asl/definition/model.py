"""A state machine as frozen objects, with every expression compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asl.core.templates import Template
from asl.jsonpath.path import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlow:
    """How a state in JSONPath mode gets from its input to its output.

    `None` stands for a path that is null: `input` or `output` is an empty object then, and the result is discarded.
    """

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
        """Seconds before the next retry, after `retries` earlier ones. `draw` in [0, 1) is a random number."""
        seconds = self.interval * self.backoff**retries
        if self.max_delay is not None:
            seconds = min(seconds, self.max_delay)
        return seconds * draw if self.jitter else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One entry of `Catch`. `result` is the path of the error in JSONPath mode."""

    errors: tuple[str, ...]
    next: str
    output: Template | None = None
    assign: Template | None = None
    result: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a Task calls.

    `service` and `action` are as in the history: `lambda` and `invoke`, or `aws-sdk:s3` and `getObject`. One that
    `waits` has its result from whoever brings its token back.
    """

    arn: str
    service: str
    action: str
    waits: bool = False

    @property
    def is_function(self) -> bool:
        """Whether it is a bare Lambda function ARN, whose result is the payload alone."""
        return self.service == "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateBase:
    """What every state has. `next` is `None` at an end, and `flow` is set in JSONPath mode only."""

    name: str
    next: str | None = None
    output: Template | None = None
    assign: Template | None = None
    flow: DataFlow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState(StateBase):
    """Passes on its input, its `Output`, or in JSONPath mode its `Result`."""

    result: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedState(StateBase):
    """Ends its branch successfully."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailState(StateBase):
    """Fails the execution, or the state that it is inside."""

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
    """Goes on as the first true condition says; `next` is its `Default`."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitState(StateBase):
    """Waits for some seconds, or until a timestamp."""

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
    """Calls a service or a function."""

    resource: Resource
    timeout: Template | None = None
    heartbeat: Template | None = None
    credentials: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelState(Guarded):
    """Runs branches concurrently."""

    branches: "tuple[Graph, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapState(Guarded):
    """Runs one graph per item. `processor_field` is `ItemProcessor`, or its old name `Iterator`."""

    processor: "Graph"
    processor_field: str = "ItemProcessor"
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
    """States, and which one is the first."""

    start: str
    states: Mapping[str, State] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole machine, of the kind `EXPRESS` or `STANDARD`. `timeout` is in seconds."""

    graph: Graph
    timeout: float | None = None
    kind: str = "EXPRESS"
