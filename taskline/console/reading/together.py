"""Several readings at the same time, and a page that does not wait for the slowest of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from taskline.console.reading.api import Problem
from taskline.console.reading.aws import Unreadable

PATIENCE_SECONDS: Final = 0.7


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What was read by name. `problems` says why some could not be, `loading` names those that still are."""

    values: Mapping[str, Any]
    problems: list[str] = field(default_factory=list[str])
    loading: list[str] = field(default_factory=list[str])

    def __getitem__(self, name: str) -> Any:
        """The value, None if there is none."""
        return self.values.get(name)


def together(reads: Mapping[str, Callable[[], Any]], seconds: float = PATIENCE_SECONDS) -> Readings:
    """Read all, for at most so long. What takes longer goes on: it is shared, and there for the next who looks."""
    values: dict[str, Any] = {}
    failures: dict[str, str] = {}
    broken: list[Exception] = []

    def read(name: str) -> None:
        try:
            values[name] = reads[name]()
        except (Problem, Unreadable) as error:
            failures[name] = str(error)
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=read, args=(name,), name=f"console-{name}", daemon=True) for name in reads]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if broken:
        raise broken[0]
    done = {**values, **failures}
    return Readings(
        values=dict(values),
        problems=list(dict.fromkeys(failures.values())),
        loading=[name for name in reads if name not in done],
    )
