"""The stage that a console shows: where its API is, what its stack is made of, and how AWS is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`url` is the API's address with its stage; `outputs` are the stack's.

    `client` returns the boto3 client of a service, the same one each time, for any thread. `auth` and `api_key` are
    what the API wants of callers, as `taskline.client` takes them.
    """

    name: str
    url: str
    outputs: Mapping[str, Any]
    client: Callable[[str], Any]
    is_laptop: bool = False
    auth: Any = None
    api_key: str | None = None

    def output(self, name: str) -> str:
        """An output that is a text; empty if the stack has none of that name."""
        value = self.outputs.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def task_types(self) -> list[str]:
        """The names of the stage's task types."""
        return sorted(self.outputs.get("task_types") or ())

    @property
    def prefix(self) -> str:
        """What the names of the stack's resources begin with: `taskline-dev`."""
        return self.output("table_name").removesuffix("-tasks") or f"taskline-{self.name}"
