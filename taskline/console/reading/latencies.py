"""How long tasks wait and take: percentiles over the newest that have ended, from their records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from taskline.console.basis.words import between

Document = dict[str, Any]
PERCENTILES: Final = (50, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Latencies:
    """Percentiles in seconds, in the order of `PERCENTILES`; None without tasks. `tasks` is how many they are of."""

    tasks: int
    since: str
    queue_to_start: Sequence[float | None]
    start_to_finish: Sequence[float | None]


def latencies(tasks: Sequence[Mapping[str, Any]]) -> Latencies:
    """Of those that ran and ended. The start is the first one: a redriven task counts with all that came between."""
    ended = [task for task in tasks if task.get("started_at") and task.get("finished_at")]
    waits = [span for task in ended if (span := between(task["created_at"], task["started_at"])) is not None]
    runs = [span for task in ended if (span := between(task["started_at"], task["finished_at"])) is not None]
    return Latencies(
        tasks=len(ended),
        since=min((task["created_at"] for task in ended), default=""),
        queue_to_start=[percentile(waits, one) for one in PERCENTILES],
        start_to_finish=[percentile(runs, one) for one in PERCENTILES],
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None
