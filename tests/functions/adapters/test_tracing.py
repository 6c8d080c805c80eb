"""Traces: sent for the requests that X-Ray samples, by a process that loads X-Ray's SDK for no other."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TRACE = "Root=1-697df1c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled="
# The validator in a process of its own, as in Lambda, with AWS's calls answered at once. An argument is one request.
PROGRAM = """
import json, os, sys
import botocore.client
botocore.client.BaseClient._make_api_call = lambda client, operation, request: {}
from functions.validator import handler
from tests.functions.support import CONTEXT, event
for trace in sys.argv[1:]:
    os.environ["_X_AMZN_TRACE_ID"] = trace
    assert handler(event("post_task.json"), CONTEXT)["statusCode"] == 202
print(json.dumps(list(sys.modules)))
"""


class Daemon:
    """X-Ray's daemon, as far as it can be seen: a port that subsegments are sent to."""

    def __init__(self, port: socket.socket) -> None:
        self._port = port
        self.address = "{}:{}".format(*port.getsockname())

    def received(self) -> list[dict[str, Any]]:
        """The subsegments that have come; after the sender has ended, all that it sent."""
        subsegments: list[dict[str, Any]] = []
        while True:
            try:
                _header, _, document = self._port.recv(65_536).partition(b"\n")
            except BlockingIOError:
                return subsegments
            subsegments.append(json.loads(document))


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 0))
        port.setblocking(False)
        yield Daemon(port)


def serve(daemon: Daemon, *traces: str, **environment: str) -> set[str]:
    """Requests with these trace headers in a fresh process; the modules that it has loaded for them."""
    fixed = {
        "PYTHONPATH": str(ROOT),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_XRAY_DAEMON_ADDRESS": daemon.address,
        "LAMBDA_TASK_ROOT": str(ROOT),
        "TABLE_NAME": "tasks",
        "QUEUE_URL": "https://queue.example/q.fifo",
        "POWERTOOLS_SERVICE_NAME": "validator",
        "POWERTOOLS_METRICS_NAMESPACE": "Taskline",
    }
    # Coverage writes to a database, which would be traced as well.
    others = ("POWERTOOLS_", "_X_AMZN_", "COV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM, *traces],
        env={**inherited, **fixed, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    return set(json.loads(output.splitlines()[-1]))


def test_a_cold_start_loads_nothing_that_it_does_not_need(daemon: Daemon) -> None:
    """What it loads is what a cold start takes: `python -m benchmarks.validator`."""
    loaded = serve(daemon, f"{TRACE}0")
    assert {"functions.validator", "pydantic", "botocore.client"} <= loaded
    needless = {"boto3", "s3transfer", "aws_xray_sdk.core", "asyncio", "functions.api.document.openapi", "pydantic.v1"}
    assert not loaded & needless


def test_a_request_that_is_not_sampled_leaves_no_trace(daemon: Daemon) -> None:
    serve(daemon, "", f"{TRACE}0", f"{TRACE}0")
    assert daemon.received() == []


def test_a_sampled_request_is_traced_with_its_calls_to_aws(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}1")
    dynamodb, sqs, handler = daemon.received()
    assert (dynamodb["name"], dynamodb["aws"]["operation"]) == ("dynamodb", "PutItem")
    assert (sqs["name"], sqs["aws"]["operation"]) == ("sqs", "SendMessage")
    assert handler["name"] == "## handler"
    assert handler["annotations"] == {"ColdStart": True, "Service": "validator"}
    assert handler["trace_id"] == "1-697df1c0-0123456789abcdef01234567"
    assert {dynamodb["parent_id"], sqs["parent_id"]} == {handler["id"]}, "the calls are the handler's"


def test_a_trace_says_cold_start_of_the_first_request_only_sampled_or_not(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}0", f"{TRACE}1")
    assert [
        subsegment["annotations"]["ColdStart"] for subsegment in daemon.received() if "annotations" in subsegment
    ] == [False]


def test_tracing_can_be_switched_off(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}1", POWERTOOLS_TRACE_DISABLED="true")
    assert daemon.received() == []
