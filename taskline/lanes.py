"""The lanes of a stage: each is a queue with its pipe. Names and addresses follow from the stack's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One lane. `drains` if it is of the generation before, and gets no new tasks any more."""

    name: str
    queue_url: str
    pipe_name: str
    drains: bool = False


def lane_names(generation: int, lanes: int) -> tuple[str, ...]:
    """The names of a generation's lanes, without the stack's: `tasks`, `tasks-2of3`, `tasks-g01-2of3`.

    They differ from those of every other generation, and of every other number of lanes: queues are never taken over.
    """
    base = f"tasks-g{generation:02}" if generation else "tasks"
    return (base,) if lanes == 1 else tuple(f"{base}-{number}of{lanes}" for number in range(1, lanes + 1))


def lanes_of(outputs: Mapping[str, Any]) -> tuple[Lane, ...]:
    """The lanes of a stack by its outputs, empty if these are not known.

    The outputs of an earlier release name no lanes: it has one.
    """
    if "queue_url" not in outputs:
        return ()
    url, pipe = str(outputs["queue_url"]), str(outputs.get("pipe_name", ""))
    given: Any = outputs.get("lanes")
    if not isinstance(given, Mapping):
        return (Lane(name="tasks", queue_url=url, pipe_name=pipe),)
    names = cast("Mapping[str, list[str]]", given)
    first = names["now"][0]
    urls, pipes = url.removesuffix(f"{first}.fifo"), pipe.removesuffix(f"{first}-pipe")
    return tuple(
        Lane(name=name, queue_url=f"{urls}{name}.fifo", pipe_name=f"{pipes}{name}-pipe", drains=when == "before")
        for when in ("now", "before")
        for name in names.get(when, ())
    )
