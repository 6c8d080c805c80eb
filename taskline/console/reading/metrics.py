"""The last hour by the minute, from the metrics that the events function writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from taskline.console.basis.stage import Stage
from taskline.console.reading.aws import reading

Document = dict[str, Any]
MINUTES: Final = 60
ENDED: Final = ("failed", "succeeded", "cancelled")
MOST_QUERIES: Final = 500
Values = list[float | None]


@dataclass(frozen=True, kw_only=True)
class LastHour:
    """One value per minute, None where nothing was measured. `ended` are counts by status; waits are in seconds.

    Means and maxima are exact over all types; percentiles of several types could not be put together.
    """

    minutes: Sequence[datetime]
    ended: Mapping[str, Values]
    accepted: Values
    mean_wait: Values
    longest_wait: Values

    def total(self, status: str) -> float:
        """How many tasks ended so."""
        return sum(value or 0 for value in self.ended[status])

    @property
    def per_minute(self) -> float:
        """Tasks that ended in the last full minute."""
        return sum((self.ended[status][-2] or 0) for status in ENDED)


def known_metrics(stage: Stage) -> list[Document]:
    """The metrics of tasks that exist: one for each status, type and class that occurred."""

    def read() -> list[Document]:
        pages = stage.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=stage.prefix)
        return [one for page in pages for one in page["Metrics"] if one["MetricName"] in ("Tasks", "QueueToStart")]

    return reading("CloudWatch", read)


def last_hour(stage: Stage, known: Sequence[Document], now: datetime) -> LastHour:
    """The last hour, the current minute included."""
    end = now.astimezone(UTC).replace(second=0, microsecond=0)
    minutes = [end - timedelta(minutes=MINUTES - 1 - number) for number in range(MINUTES)]
    found = _Found(minutes)
    queries = list(_queries(known))
    for start in range(0, len(queries), MOST_QUERIES):
        part = queries[start : start + MOST_QUERIES]
        found.take(part, _read(stage, [query for query, _ in part], minutes[0], now))
    return found.last_hour()


def _queries(known: Sequence[Document]) -> Iterator[tuple[Document, str]]:
    """Each query with what its values are added to."""
    for metric in known:
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        if metric["MetricName"] == "QueueToStart":
            for statistic in ("Sum", "SampleCount", "Maximum"):
                yield _query(metric, statistic), statistic
        elif dimensions.get("status") in (*ENDED, "queued"):
            yield _query(metric, "Sum"), dimensions["status"]


def _query(metric: Document, statistic: str) -> Document:
    return {"MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}, "ReturnData": True}


def _read(stage: Stage, queries: list[Document], start: datetime, end: datetime) -> list[Document]:
    named = [{"Id": f"q{number}", **query} for number, query in enumerate(queries)]

    def read() -> list[Document]:
        pages = (
            stage.client("cloudwatch")
            .get_paginator("get_metric_data")
            .paginate(MetricDataQueries=named, StartTime=start, EndTime=end)
        )
        return [one for page in pages for one in page["MetricDataResults"]]

    return reading("CloudWatch", read) if named else []


class _Found:
    """Adds up the values of many series by the minute."""

    def __init__(self, minutes: Sequence[datetime]) -> None:
        self._minutes = minutes
        self._places = {minute: place for place, minute in enumerate(minutes)}
        self._sums: dict[str, Values] = {}

    def take(self, queries: Sequence[tuple[Document, str]], results: Sequence[Document]) -> None:
        for result in results:
            name = queries[int(result["Id"][1:])][1]
            values = self._sums.setdefault(name, [None] * len(self._minutes))
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                place = self._places.get(at.astimezone(UTC).replace(second=0, microsecond=0))
                if place is not None:
                    before = values[place]
                    both = max if name == "Maximum" else _add
                    values[place] = value if before is None else both(before, value)

    def last_hour(self) -> LastHour:
        empty: Values = [None] * len(self._minutes)
        total, count = self._sums.get("Sum", empty), self._sums.get("SampleCount", empty)
        return LastHour(
            minutes=self._minutes,
            ended={status: self._sums.get(status, empty) for status in ENDED},
            accepted=self._sums.get("queued", empty),
            mean_wait=[_divided(one, number) for one, number in zip(total, count, strict=True)],
            longest_wait=[None if one is None else one / 1000 for one in self._sums.get("Maximum", empty)],
        )


def _add(one: float, other: float) -> float:
    return one + other


def _divided(milliseconds: float | None, number: float | None) -> float | None:
    return milliseconds / number / 1000 if milliseconds is not None and number else None
