"""Where an execution is, so that another process can go on with it.

AWS keeps this for executions of Standard workflows; an Express execution ends with the process that runs it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Self, TypeAlias

from asl.core.templates import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state that an execution is in: its input, and the variables on entering it.

    `entered` is in epoch seconds. `retries` is how often each entry of `Retry` was used. With a `token`, the state
    waits for it since `called`, also in epoch seconds. States inside a Map or a Parallel begin anew with it.
    """

    state: str
    input: Json
    variables: dict[str, Json]
    entered: float
    retries: tuple[int, ...] = ()
    token: str | None = None
    called: float | None = None
    events: int = field(default=0)
    """How many events the history had."""

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `as_json` returned."""
        retries: tuple[int, ...] = tuple(data["retries"])
        return cls(**{**data, "retries": retries})  # pyright: ignore[reportArgumentType]


Keep: TypeAlias = Callable[[Checkpoint], None]
"""Keeps the last checkpoint. It is called before the state's first call, and again for each attempt."""
