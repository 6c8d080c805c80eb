"""How a batch is sent, for whoever sends it and for whoever cuts it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

# Of one task: its id, whether an earlier request had submitted it, and the problem, empty if there is none.
Answer = tuple[str, bool, Mapping[str, Any]]
Send = Callable[[Sequence[Mapping[str, Any]], str], Awaitable[Sequence[Answer]]]


class Retry(Exception):
    """The batch was not answered, or not now: it has to be sent again. `after` is the pause asked for, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after
