"""Metrics in log lines (CloudWatch's embedded metric format), put to the emulator's CloudWatch as AWS would.

On AWS the log service extracts them; the emulator keeps the lines as they are. So the worker reads along what its
function prints, and puts the metrics a moment later, in the background and many at once.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO
from urllib.parse import urlsplit

MARK = '"_aws"'
# Shorter than the last moment in which a run that times out still tells of it (`functions/attempts.py`).
GATHER_SECONDS = 0.1
MOST_DATUMS = 500  # of one request; the service takes 1000
# The emulator takes the caller from the credential's scope and does not check root's signature. The function's own
# role may not put metrics, and on AWS it is not the function that does.
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/monitoring/aws4_request, SignedHeaders=host, Signature=0"
)
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """One metric."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One value of a metric, and when it was written, in epoch milliseconds."""

    series: Series
    value: float
    moment: int


def samples(line: str) -> Iterator[Sample]:
    """Every value of every metric in a log line; none if the line holds no metrics."""
    try:
        document = json.loads(line)
        declared = document["_aws"]
        moment = int(declared["Timestamp"])
        for directive in declared["CloudWatchMetrics"]:
            yield from _of_directive(document, directive, moment)
    except (ValueError, KeyError, TypeError):
        return  # CloudWatch passes over what it does not understand, too


def _of_directive(document: Mapping[str, Any], directive: Mapping[str, Any], moment: int) -> Iterator[Sample]:
    for keys in directive["Dimensions"]:
        dimensions = tuple((key, str(document[key])) for key in sorted(keys))
        for metric in directive["Metrics"]:
            series = Series(
                namespace=directive["Namespace"],
                name=metric["Name"],
                unit=metric.get("Unit", "None"),
                dimensions=dimensions,
            )
            values = document[metric["Name"]]
            for value in values if isinstance(values, list) else [values]:  # pyright: ignore[reportUnknownVariableType]
                yield Sample(series=series, value=float(value), moment=moment)  # pyright: ignore[reportUnknownArgumentType]


def requests(gathered: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    """PutMetricData requests for what was written within a moment: one datum a series, with how often each value came.

    Thousands of runs are a few datums that way, and the emulator adds up all of them for every question.
    """
    series: dict[Series, list[Sample]] = {}
    for sample in gathered:
        series.setdefault(sample.series, []).append(sample)
    for namespace in sorted({one.namespace for one in series}):
        datums = [_datum(one, values) for one, values in series.items() if one.namespace == namespace]
        for start in range(0, len(datums), MOST_DATUMS):
            yield {"Namespace": namespace, "MetricData": datums[start : start + MOST_DATUMS]}


def _datum(series: Series, values: list[Sample]) -> dict[str, Any]:
    counts = Counter(sample.value for sample in values)
    return {
        "MetricName": series.name,
        "Unit": series.unit,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
        "Timestamp": values[0].moment / 1000,
        "Values": list(counts),
        "Counts": [float(count) for count in counts.values()],
    }


class MetricSink:
    """Takes log lines at once and puts their metrics soon. What cannot be put is dropped, as on AWS."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._address = urlsplit(endpoint).netloc
        self._headers = HEADERS | {"Authorization": AUTHORIZATION.format(region=region)}
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._put_all, name="embedded-metrics", daemon=True).start()

    def take(self, text: str) -> None:
        """Take what was printed; returns at once."""
        if MARK in text:
            self._waiting.put(text)

    def _put_all(self) -> None:
        while True:
            lines = [self._waiting.get()]
            time.sleep(GATHER_SECONDS)
            with contextlib.suppress(queue.Empty):
                while True:
                    lines.append(self._waiting.get_nowait())
            for request in requests(sample for line in lines for sample in samples(line)):
                self._put(request)

    def _put(self, request: Mapping[str, Any]) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("POST", "/", json.dumps(request), self._headers)
            connection.getresponse().read()


class ReadAlong:
    """A text stream whose lines are also shown to a sink."""

    def __init__(self, stream: TextIO, sink: MetricSink) -> None:
        self._stream = stream
        self._sink = sink

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write it, and show it."""
        self._sink.take(text)
        return self._stream.write(text)
