"""Where an execution is, so that another process can go on with it.

AWS keeps this for executions of Standard workflows; an Express execution ends with the process that runs it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self, TypeAlias

from asl.core.errors import TaskFailure
from asl.core.templates import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state that an execution is in: its input, and the variables on entering it.

    `entered` is in epoch seconds, and `entry` the id of that event. `retries` is how often each entry of `Retry` was
    used. With a `token`, the state waits for it since `called`, also in epoch seconds, unless the token has come back
    with a `result`. With `until`, it pauses until then. States inside a Map or a Parallel begin anew with it.
    """

    state: str
    input: Json
    variables: dict[str, Json]
    entered: float
    retries: tuple[int, ...] = ()
    token: str | None = None
    called: float | None = None
    events: int = 0
    """How many events the history had."""
    entry: int = 0
    until: float | None = None
    passed_on: bool = False
    """Whether the call that passes the token on is known to have returned. If not, it is made again."""
    result: dict[str, Json] | None = None

    def with_result(self, result: Json | TaskFailure) -> Self:
        """The same state, whose token has come back."""
        if isinstance(result, TaskFailure):
            return replace(self, result={"error": result.error, "cause": result.cause})
        return replace(self, result={"output": result})

    def brought(self) -> Json | TaskFailure:
        """The result with which the token has come back."""
        assert self.result is not None
        if "output" in self.result:
            return self.result["output"]
        return TaskFailure(self.result["error"], self.result["cause"])

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `as_json` returned."""
        retries: tuple[int, ...] = tuple(data["retries"])
        return cls(**{**data, "retries": retries})  # pyright: ignore[reportArgumentType]


Keep: TypeAlias = Callable[[Checkpoint], None]
"""Keeps the last checkpoint. It is called when a state is entered, and before each pause and each wait for a token."""
