"""The part of AWS that the engine calls: one state machine, which roles may call what, and logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.session

from local.emulator.remembered import Timing

ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:demo"
ROLE = "arn:aws:iam::000000000000:role/machine"


def definition(output: Any = 1) -> str:
    """A machine with one state."""
    only = {"Type": "Pass", "Output": output, "End": True}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": only}})


def frozen(now: Callable[[], float]) -> Timing:
    """A fake clock, and nothing is renewed."""
    return Timing(now=now, in_background=lambda _work: None)


class Missing(Exception):
    """ResourceNotFoundException."""


@dataclass
class FakeLogs:
    """CloudWatch Logs. `broken` is raised by every call."""

    groups: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=lambda: {"/logs": {}})
    requests: int = 0
    failures: int = 0
    broken: Exception | None = None

    class exceptions:  # noqa: N801 botocore's name
        ResourceNotFoundException = Missing

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        self._check()
        self.groups[logGroupName][logStreamName] = []

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[Any]) -> None:  # noqa: N803
        self._check()
        times = [event["timestamp"] for event in logEvents]
        assert times == sorted(times), "CloudWatch rejects a request whose events are not in order"
        self.groups[logGroupName][logStreamName].extend(logEvents)
        self.requests += 1

    def delete_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        del self.groups[logGroupName][logStreamName]

    def get_paginator(self, operation: str) -> FakeLogs:
        assert operation == "describe_log_streams"
        return self

    def paginate(self, *, logGroupName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        for number, (name, events) in enumerate(list(self.groups[logGroupName].items())):
            size = sum(len(event["message"]) for event in events)
            yield {"logStreams": [{"logStreamName": name, "creationTime": number, "storedBytes": size}]}

    def messages(self, group: str) -> list[str]:
        """Everything that was written to a group."""
        return [event["message"] for events in self.groups[group].values() for event in events]

    def _check(self) -> None:
        if self.broken is not None:
            self.failures += 1
            raise self.broken


class FakeAws:
    """Stands in for `local.emulator.clients.Clients`. `time` is the time on the engine's clock.

    The roles that are `allowed` may do anything with the `resources`.
    """

    region = "us-east-1"
    endpoint = "http://127.0.0.1:1"
    botocore_session = staticmethod(botocore.session.Session)

    def __init__(self) -> None:
        self.time = 100.0
        self.allowed = [ROLE.replace("machine", "pipe")]
        self.resources = [ARN]
        self.deleted = False
        self.described = 0
        self.logs = FakeLogs()
        self.machine: dict[str, Any] = {
            "name": "demo",
            "type": "EXPRESS",
            "roleArn": ROLE,
            "definition": definition(),
            "loggingConfiguration": {
                "level": "ALL",
                "destinations": [
                    {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:0:log-group:/logs:*"}}
                ],
            },
        }
        self.stepfunctions = self.iam = self.sts = self

    def describe_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:  # noqa: N803
        self.described += 1
        if self.deleted:
            raise KeyError(stateMachineArn)
        return dict(self.machine)

    def simulate_principal_policy(
        self,
        *,
        PolicySourceArn: str,  # noqa: N803
        ActionNames: list[str],  # noqa: N803
        ResourceArns: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        allowed = PolicySourceArn in self.allowed and ResourceArns == self.resources
        return {"EvaluationResults": [{"EvalDecision": "allowed" if allowed else "implicitDeny"} for _ in ActionNames]}
