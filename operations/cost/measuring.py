"""Measures what a bill rests on: the shipped parts run, with the environment and the logging that a stage declares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from asl.core.templates import compact
from asl.execution.logs import is_logged, log_record
from infrastructure.cost.charges import FOLLOWERS
from infrastructure.cost.declared import Declared
from infrastructure.cost.load import Load
from infrastructure.cost.measured import Followed, Measured
from operations.cost.streaming import POLL_SECONDS, events
from operations.cost.traffic import CALLER, Traffic, envelope, traffic

ROOT = Path(__file__).resolve().parents[2]
TRACE = "Root=1-697df1c0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0"
ARN = "arn:aws:states:us-east-1:123456789012:express:taskline-prod-workflow:" + ":".join(["0" * 36] * 2)
WINDOWS = 4  # of the longest batching window
Figures = Mapping[str, Any]


class NotMeasured(RuntimeError):
    """A shipped part failed when it was run for its measurement; the message has its last words."""


def measure(declared: Declared, load: Load) -> Measured:
    """One task, and the batches of the stream, at this load."""
    mappings = {service: declared.following(service) for service in FOLLOWERS}
    windows = [mapping.get("maximumBatchingWindowInSeconds") or 0 for mapping in mappings.values()]
    made = traffic(load, WINDOWS * max(POLL_SECONDS, *windows) + 2 * load.seconds_in_machine)
    batches = {service: events(made.writes, mapping) for service, mapping in mappings.items()}
    figures = _invoked(declared, {"validator": [_request(made)], "processor": [_run(made)], **batches})
    return Measured(
        changes=tuple((write.before, write.after) for write in made.of_one()),
        message_bytes=len(made.message.encode()),
        input_bytes=len(json.dumps(envelope(made)).encode()),
        table_calls=sum(_is_table_call(event.type, event.details) for event in made.execution.events),
        table_reads=sum(_is_read(event.type, event.details) for event in made.execution.events),
        line_bytes={name: figures[name]["line_bytes"] for name in ("validator", "processor")},
        execution_line_bytes=_execution_bytes(made, declared.one("StateMachine", "workflow-machine")),
        followers={name: _followed(figures[name], batches[name], made) for name in FOLLOWERS},
        metrics=frozenset(tuple(metric) for one in figures.values() for metric in one["metrics"]),
    )


def _is_table_call(kind: str, details: Mapping[str, Any]) -> bool:
    return kind == "TaskScheduled" and details.get("resourceType") == "dynamodb"


def _is_read(kind: str, details: Mapping[str, Any]) -> bool:
    return _is_table_call(kind, details) and details.get("resource") == "getItem"


def _execution_bytes(made: Traffic, machine: Mapping[str, Any]) -> int:
    """Bytes of the execution's log, at the machine's level."""
    logging: Mapping[str, Any] = machine.get("loggingConfiguration") or {}
    level, data = str(logging.get("level", "OFF")), bool(logging.get("includeExecutionData"))
    logged = [event for event in made.execution.events if is_logged(event.type, level)]
    return sum(len(compact(log_record(event, ARN, data)).encode()) for event in logged)


def _followed(figures: Figures, batches: Sequence[Mapping[str, Any]], made: Traffic) -> Followed:
    """A batch has records of many tasks, each of which writes as often as the measured one."""
    records = sum(len(batch["Records"]) for batch in batches)
    names = ("invocations", "calls", "line_bytes", "publications", "write_units", "read_units")
    return Followed(tasks=records / len(made.of_one()), **{name: figures[name] for name in names})


def _request(made: Traffic) -> dict[str, Any]:
    """API Gateway's event of a submission."""
    identity = {"apiKeyId": CALLER, "sourceIp": "203.0.113.217"}
    return {
        "httpMethod": "POST",
        "resource": "/tasks",
        "path": "/tasks",
        "headers": {"Content-Type": "application/json"},
        "pathParameters": None,
        "requestContext": {
            "requestId": "5f3c9f8e-9d0b-4a53-8a4e-6d1a0f7c2b11",
            "requestTimeEpoch": 10**13 - 1,  # so that it is accepted in time, however busy this machine is
            "stage": "v1",
            "path": "/v1/tasks",
            "identity": identity,
        },
        "body": json.dumps(made.submitted),
        "isBase64Encoded": False,
    }


def _run(made: Traffic) -> dict[str, Any]:
    """The state machine's event of a run."""
    return {
        "task_id": made.execution.task_id,
        "body": made.message,
        "attempt": 1,
        "run": 1,
        "execution": ARN,
        "lease_until": 10**13,
    }


def _invoked(declared: Declared, given: Mapping[str, Sequence[Any]]) -> dict[str, Figures]:
    """Every function with its events, each in a process of its own."""

    def invoke(service: str) -> Figures:
        return _invoke(service, declared.function(service), given[service])

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(given, pool.map(invoke, given), strict=True))


def _invoke(service: str, function: Mapping[str, Any], given: Sequence[Any]) -> Figures:
    variables = {name: str(value) for name, value in function["environment"]["variables"].items()}
    variables |= {"_X_AMZN_TRACE_ID": TRACE, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    variables |= {"POWERTOOLS_TRACE_DISABLED": "1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    done = subprocess.run(
        [sys.executable, "-m", "operations.cost.invoking", service],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), **variables},
    )
    if done.returncode:
        raise NotMeasured(f"The function {service} could not be measured: {done.stderr[-500:].strip()}")
    return json.loads(done.stdout)
