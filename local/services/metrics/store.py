"""Adds up the values of a metric within a period, so that thousands of them are one datum."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from local.services.metrics.embedded import MARK, Sample, Series, samples

# The shortest period of an alarm is 10 seconds; no one queries shorter ones.
SHORT_PERIOD: Final = 10
# The breaker waits for metrics of high resolution: they are published during their period.
SHORT_WAIT: Final = 2.0
MOST_VALUES: Final = 20
FEW_VALUES: Final = 10
# CloudWatch accepts no values that are older or newer.
OLDEST_SECONDS: Final = 14 * 86_400.0
NEWEST_SECONDS: Final = 2 * 3600.0


@dataclass(slots=True)
class Sums:
    """The values of a series within one period: how often each occurred, or only their sums if there are many."""

    count: float = 0.0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")
    values: dict[float, float] = field(default_factory=dict[float, float])

    def add(self, value: float) -> None:
        """Add one value."""
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)
        if len(self.values) <= MOST_VALUES:
            self.values[value] = self.values.get(value, 0.0) + 1

    def datum(self) -> dict[str, Any]:
        """As PutMetricData takes them. Many values become a statistic set: the emulator stores every single value."""
        if len(self.values) <= MOST_VALUES:
            return {"Values": list(self.values), "Counts": list(self.values.values())}
        return {
            "StatisticValues": {
                "SampleCount": self.count,
                "Sum": self.total,
                "Minimum": self.least,
                "Maximum": self.most,
            }
        }


Key = tuple[Series, int]
"""A series and the start of a period of it, in epoch seconds."""


class LastPublication(NamedTuple):
    """When a series was last published, of which period, and how many values that period had had by then."""

    moment: float
    start: int
    values: float


NEVER: Final = LastPublication(0.0, 0, 0.0)


class MetricStore:
    """Takes values immediately, from any thread, and hands out what is due."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sums: dict[Key, Sums] = {}
        self._published: dict[Series, LastPublication] = {}
        self._turn = threading.Lock()

    def take_line(self, line: str) -> None:
        """Take the metrics, if any, of a printed line."""
        if MARK not in line:
            return
        now = self._clock()
        for sample in samples(line):
            if (now - OLDEST_SECONDS) * 1000 <= sample.moment <= (now + NEWEST_SECONDS) * 1000:
                self.add(sample)

    def record(self, namespace: str, dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
        """Take values of a service's own metrics, as of now; a metric named Duration is in milliseconds."""
        moment = int(self._clock() * 1000)
        for name, value in values.items():
            series = Series(
                namespace=namespace,
                name=name,
                unit="Milliseconds" if name == "Duration" else "Count",
                dimensions=tuple(sorted(dimensions.items())),
            )
            self.add(Sample(series=series, value=value, moment=moment))

    def add(self, sample: Sample) -> None:
        """Take one value."""
        period = _period(sample.series)
        key = sample.series, sample.moment // 1000 // period * period
        with self._turn:
            self._sums.setdefault(key, Sums()).add(sample.value)

    def due(self, *, everything: bool = False) -> dict[Key, Sums]:
        """Take out what should be published now.

        These are periods that are over; current ones with few values, so that those of a quiet metric are published
        immediately; and current ones of a series that was not published lately.
        """
        now = self._clock()
        with self._turn:
            keys = [key for key in self._sums if everything or self._is_due(key, now)]
            for series, start in keys:
                self._published[series] = LastPublication(now, start, self._so_far((series, start)))
            return {key: self._sums.pop(key) for key in keys}

    def _is_due(self, key: Key, now: float) -> bool:
        series, start = key
        period = _period(series)
        silent = now - self._published.get(series, NEVER).moment
        if period == SHORT_PERIOD:
            return now >= start + period or silent >= SHORT_WAIT
        return now >= start + period or silent >= period or self._so_far(key) <= FEW_VALUES

    def _so_far(self, key: Key) -> float:
        """How many values the period has had, published or not."""
        series, start = key
        published = self._published.get(series, NEVER)
        return self._sums[key].count + (published.values if published.start == start else 0.0)


def requests(due: Mapping[Key, Sums]) -> Iterator[dict[str, Any]]:
    """PutMetricData requests, one per namespace."""
    for namespace in sorted({series.namespace for series, _ in due}):
        datums = [_datum(key, sums) for key, sums in due.items() if key[0].namespace == namespace]
        yield {"Namespace": namespace, "MetricData": datums}


def _datum(key: Key, sums: Sums) -> dict[str, Any]:
    series, start = key
    return {
        "MetricName": series.name,
        "Unit": series.unit,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
        "Timestamp": start,
        "StorageResolution": series.resolution,
        **sums.datum(),
    }


def _period(series: Series) -> int:
    return SHORT_PERIOD if series.resolution < SHORT_PERIOD else series.resolution
