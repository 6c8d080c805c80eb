"""Metrics in log lines, in CloudWatch's embedded metric format.

On AWS the log service extracts them; the emulator keeps the lines as they are.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

MARK = '"_aws"'
USUAL_RESOLUTION = 60
RESOLUTIONS = (1, USUAL_RESOLUTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric. Its `resolution` is 60 seconds, or 1 for a metric of high resolution."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    resolution: int = USUAL_RESOLUTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a metric, and when it was written, in epoch milliseconds."""

    series: Series
    value: float
    moment: int


def samples(line: str) -> Iterator[Sample]:
    """Every value of every metric in a log line; none if the line has no metrics."""
    try:
        document = json.loads(line)
        declared = document["_aws"]
        moment = int(declared["Timestamp"])
        for directive in declared["CloudWatchMetrics"]:
            yield from _of_directive(document, directive, moment)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return  # CloudWatch, too, skips what it does not understand


def _of_directive(document: Mapping[str, Any], directive: Mapping[str, Any], moment: int) -> Iterator[Sample]:
    for keys in directive["Dimensions"]:
        dimensions = tuple((key, str(document[key])) for key in sorted(keys))
        for metric in directive["Metrics"]:
            series = Series(
                namespace=_text(directive["Namespace"]),
                name=_text(metric["Name"]),
                unit=_text(metric.get("Unit", "None")),
                dimensions=dimensions,
                resolution=_resolution(metric.get("StorageResolution", USUAL_RESOLUTION)),
            )
            values = document[series.name]
            for value in cast("list[object]", values) if isinstance(values, list) else [values]:
                yield Sample(series=series, value=_number(value), moment=moment)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a string")
    return value


def _resolution(value: object) -> int:
    if not isinstance(value, int) or value not in RESOLUTIONS:
        raise ValueError("not a resolution")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)
