"""Metrics in log lines: read as CloudWatch reads them, put together, and put in the background."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.embedded_metrics import MOST_DATUMS, MetricSink, ReadAlong, requests, samples
from tests.local.laptop import eventually

MOMENT = 1_769_860_800_123


def a_line(metrics: dict[str, Any], dimensions: list[list[str]] | None = None, **fields: str) -> str:
    directive = {
        "Namespace": "Taskline",
        "Dimensions": [["service"]] if dimensions is None else dimensions,
        "Metrics": [{"Name": name, "Unit": "Count", "StorageResolution": 1} for name in metrics],
    }
    about = {"Timestamp": MOMENT, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, "service": "processor", **fields, **metrics})


def put(*lines: str) -> list[dict[str, Any]]:
    return list(requests(sample for line in lines for sample in samples(line)))


def test_a_value_becomes_a_datum_with_its_dimensions() -> None:
    (request,) = put(a_line({"Size": 3}))
    assert request == {
        "Namespace": "Taskline",
        "MetricData": [
            {
                "MetricName": "Size",
                "Unit": "Count",
                "Dimensions": [{"Name": "service", "Value": "processor"}],
                "Timestamp": MOMENT / 1000,
                "Values": [3.0],
                "Counts": [1.0],
            }
        ],
    }


def test_values_of_one_metric_are_put_together() -> None:
    (request,) = put(a_line({"Failed": [1.0, 0.0]}), a_line({"Failed": 1.0}), a_line({"Failed": 1}))
    (datum,) = request["MetricData"]
    assert dict(zip(datum["Values"], datum["Counts"], strict=True)) == {1.0: 3.0, 0.0: 1.0}


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    (request,) = put(a_line({"Size": 1}, [["service"], ["service", "type"], []], type="demo"))
    names = [[dimension["Name"] for dimension in datum["Dimensions"]] for datum in request["MetricData"]]
    assert names == [["service"], ["service", "type"], []]


def test_many_metrics_are_several_requests() -> None:
    sizes = [len(request["MetricData"]) for request in put(a_line({f"m{n}": n for n in range(MOST_DATUMS + 1)}))]
    assert sizes == [MOST_DATUMS, 1]


@pytest.mark.parametrize(
    "line",
    ["", "no JSON", "[]", "{}", '{"_aws": 1}', '{"_aws": {"Timestamp": 1}}', a_line({"x": "text"}), a_line({"x": {}})],
)
def test_a_line_that_is_none_is_passed_over(line: str) -> None:
    assert list(samples(line)) == []


class Emulator(ThreadingHTTPServer):
    """Takes requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, dict[str, Any]]] = []


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class calls it so
        return

    def do_POST(self) -> None:
        assert isinstance(self.server, Emulator)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((self.headers["X-Amz-Target"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    server = Emulator()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_what_is_printed_is_printed_and_its_metrics_are_put(emulator: Emulator) -> None:
    shown = io.StringIO()
    stream = ReadAlong(shown, MetricSink(f"http://127.0.0.1:{emulator.server_port}", "us-east-1"))
    print("a log line", file=stream)  # type: ignore[arg-type]
    print(a_line({"Size": 3}), file=stream)  # type: ignore[arg-type]
    stream.flush()
    eventually(lambda: emulator.taken)
    assert shown.getvalue() == f"a log line\n{a_line({'Size': 3})}\n"
    ((target, body),) = emulator.taken
    assert target.endswith(".PutMetricData")
    assert [datum["MetricName"] for datum in body["MetricData"]] == ["Size"]


def test_an_emulator_that_is_gone_disturbs_nobody(emulator: Emulator) -> None:
    sink = MetricSink("http://127.0.0.1:1", "us-east-1")
    sink._put({"Namespace": "Taskline", "MetricData": []})
    assert emulator.taken == []
