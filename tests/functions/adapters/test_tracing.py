"""Traces: sent only for the requests that X-Ray samples, which are the only ones to load its SDK."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

ROOT = Path(__file__).parents[3]
TRACE = "Root=1-697df1c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled="
# The validator in its own process, as in Lambda, with stubbed calls to AWS. Each argument is one request.
PROGRAM = """
import json, os, sys
import functions
import botocore.client
botocore.client.BaseClient._make_api_call = lambda client, operation, request: {}
from functions.validator import handler
from tests.functions.support import CONTEXT, event
for trace in sys.argv[1:]:
    os.environ["_X_AMZN_TRACE_ID"] = trace
    assert handler(event("post_task.json"), CONTEXT)["statusCode"] == 202
print(json.dumps(list(sys.modules)))
"""

# One request that creates a task, and the run of that task, each sampled, with AWS's responses faked below botocore.
LIFE = """
import json, os, sys
from botocore.awsrequest import AWSResponse
from functions.adapters import clients
from functions import processor, validator
from tests.functions.support import CONTEXT, event

class Raw:
    def stream(self):
        yield b"{}"

sent = []
def respond(request, **_):
    sent.append((request.headers.get("X-Amz-Target", b"").decode(), dict(request.headers.items()), request.body))
    return AWSResponse(request.url, 200, {}, Raw())

clients._session().register("before-send", respond)
os.environ["_X_AMZN_TRACE_ID"] = sys.argv[1]
accepted = json.loads(validator.handler(event("post_task.json"), CONTEXT)["body"])
message = next(json.loads(body) for target, _, body in sent if target.endswith("SendMessage"))
header = next(headers for target, headers, _ in sent if target.endswith("SendMessage"))["X-Amzn-Trace-Id"]
processor.handler({"task_id": accepted["task_id"], "body": message["MessageBody"], "attempt": 1, "run": 1,
                   "execution": "e", "lease_until": 4_102_444_800_000}, CONTEXT)
print(json.dumps([accepted["task_id"], header.decode() if isinstance(header, bytes) else header]))
"""


class Daemon:
    """X-Ray's daemon, as the SDK sees it: a port that subsegments are sent to."""

    def __init__(self, port: socket.socket) -> None:
        self._port = port
        self.address = "{}:{}".format(*port.getsockname())

    def received(self) -> list[dict[str, Any]]:
        """The subsegments received so far; all of them, once the sender has ended."""
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
    """Serve requests with these trace headers in a new process; return the modules that it loaded."""
    return set(run(PROGRAM, daemon, *traces, **environment))


def run(program: str, daemon: Daemon, *traces: str, **environment: str) -> list[str]:
    """What the program prints in a new process, as JSON in its last line."""
    fixed = {
        "PYTHONPATH": str(ROOT),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_XRAY_DAEMON_ADDRESS": daemon.address,
        "LAMBDA_TASK_ROOT": str(ROOT),
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        "TABLE_NAME": "tasks",
        "TENANCY": "isolated",
        "DEFAULT_ORDERING": "one-key",
        "ID_SECRET": "a secret",
        "QUEUE_URL": "https://queue.example/q.fifo",
        "POWERTOOLS_SERVICE_NAME": "validator",
        "POWERTOOLS_METRICS_NAMESPACE": "Taskline",
    }
    # Coverage writes to a database, which would be traced, too.
    others = ("POWERTOOLS_", "_X_AMZN_", "COV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    output = subprocess.run(
        [sys.executable, "-c", program, *traces],
        env={**inherited, **fixed, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    return json.loads(output.splitlines()[-1])


def test_a_cold_start_loads_nothing_that_it_does_not_need(daemon: Daemon) -> None:
    """Loading modules is what makes a cold start slow: see `python -m benchmarks.validator`."""
    loaded = serve(daemon, f"{TRACE}0")
    assert {"functions.validator", "pydantic", "botocore.client"} <= loaded
    needless = {"boto3", "s3transfer", "aws_xray_sdk.core", "asyncio", "functions.api.document.openapi", "pydantic.v1"}
    needless |= {"zipfile", "botocore.docs.service", "html.parser", "_sysconfigdata__linux_x86_64-linux-gnu"}
    of_other_requests = {"functions.tasks.redaction", "functions.tasks.intake.batch", "functions.tasks.events.event"}
    assert not loaded & (needless | of_other_requests)


def test_a_cold_start_hardly_looks_for_garbage() -> None:
    """Hardly any of its objects is garbage, and each look goes through all of them."""
    program = """
import gc
looks = lambda: sum(one["collections"] for one in gc.get_stats())
before = looks()
import functions.validator
print(looks() - before)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LAMBDA_TASK_ROOT": str(ROOT)}
    looks = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True).stdout
    assert int(looks) <= 3, "Python's own setting makes it a hundred"


def test_a_request_that_is_not_sampled_leaves_no_trace(daemon: Daemon) -> None:
    serve(daemon, "", f"{TRACE}0", f"{TRACE}0")
    assert daemon.received() == []


def test_a_sampled_request_is_traced_with_its_calls_to_aws(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}1")
    dynamodb, sqs, handler = daemon.received()
    assert (dynamodb["name"], dynamodb["aws"]["operation"]) == ("dynamodb", "PutItem")
    assert (sqs["name"], sqs["aws"]["operation"]) == ("sqs", "SendMessage")
    assert handler["name"] == "## handler"
    assert handler["annotations"] == {"ColdStart": True, "Service": "validator", "task_id": ANY}
    assert handler["trace_id"] == "1-697df1c0-0123456789abcdef01234567"
    assert {dynamodb["parent_id"], sqs["parent_id"]} == {handler["id"]}, "the calls are the handler's"


def test_a_task_is_found_by_its_id_in_the_traces_of_its_request_and_of_its_run(daemon: Daemon) -> None:
    """The pipe starts no execution in the trace of the message, so there are two: the task's id joins them."""
    task_id, header = run(LIFE, daemon, f"{TRACE}1")
    handlers = [one for one in daemon.received() if one["name"] == "## handler"]
    assert [one["annotations"]["task_id"] for one in handlers] == [task_id, task_id]
    assert "Root=1-697df1c0-0123456789abcdef01234567" in header, "SQS keeps it on the message, as AWSTraceHeader"
    assert header.endswith("Sampled=1")


def test_only_the_first_request_is_traced_as_a_cold_start_sampled_or_not(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}0", f"{TRACE}1")
    assert [
        subsegment["annotations"]["ColdStart"] for subsegment in daemon.received() if "annotations" in subsegment
    ] == [False]


def test_tracing_can_be_switched_off(daemon: Daemon) -> None:
    serve(daemon, f"{TRACE}1", POWERTOOLS_TRACE_DISABLED="true")
    assert daemon.received() == []
