"""Processes of the laptop edition, as far as Standard executions go, one after another on one file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from local.emulator.clients import Clients
from local.services.lambdas.model import Invocation
from local.services.logs.delivery import LogDelivery
from local.services.states.executions import ExecutionFile
from local.services.states.service import ExpressService
from local.services.states.standard import StandardService
from local.services.states.starting import PREFIX, SyncStarts
from tests.local.laptop import eventually
from tests.local.services.fake_aws import ARN, FakeAws

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
NAMED = ARN.replace(":stateMachine:", ":execution:") + ":one"
States = dict[str, Any]


def invoking(waits: bool = False, **fields: Any) -> States:
    """A state that runs the function."""
    how = ".waitForTaskToken" if waits else ""
    payload = {"token": "{% $states.context.Task.Token %}"} if waits else {}
    arguments = {"FunctionName": FUNCTION, "Payload": payload}
    return {"Type": "Task", "Resource": f"arn:aws:states:::lambda:invoke{how}", "Arguments": arguments, **fields}


PASS: States = {"First": {"Type": "Pass", "Output": {"a": 1}, "Assign": {"v": 2}, "End": True}}
WAIT: States = {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}
CALL: States = {"Before": {"Type": "Pass", "Next": "Call"}, "Call": invoking(End=True)}
ASK: States = {"Ask": invoking(waits=True, End=True)}


class Functions:
    """One function: it notes what it is given, and returns that as soon as it `may_return`."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.may_return = True

    def invoke(self, function: str, payload: bytes) -> Invocation:
        self.given.append(json.loads(payload))
        while not self.may_return:
            time.sleep(0.01)
        return Invocation(payload=payload)


class Process:
    """A process of the laptop edition, as far as Standard executions go."""

    def __init__(
        self,
        aws: FakeAws,
        path: Path,
        functions: Functions,
        now: Callable[[], float] = time.time,
        resumes: bool = True,
    ) -> None:
        self._logs = LogDelivery(cast("Any", aws.logs))
        express = ExpressService(cast("Clients", aws), functions, self._logs)
        self.standard = StandardService(express, ExecutionFile(path), now)
        self._calls = SyncStarts(express, functions, others=self.standard.calls())
        if resumes:
            self.standard.resume()

    def call(self, action: str, **request: Any) -> Any:
        """The response to a call, or the error."""
        return json.loads(self._calls.invoke(f"{PREFIX}{action}", json.dumps(request).encode()).payload)

    def start(self, name: str = "one") -> str:
        return self.call("StartExecution", stateMachineArn=ARN, name=name, input='{"in": 1}')["executionArn"]

    def status(self, arn: str = NAMED) -> str:
        return self.call("DescribeExecution", executionArn=arn)["status"]

    def ended(self, arn: str = NAMED) -> str:
        eventually(lambda: self.status(arn) != "RUNNING")
        return self.status(arn)

    def history(self, arn: str = NAMED, **more: Any) -> list[dict[str, Any]]:
        return self.call("GetExecutionHistory", executionArn=arn, **more)["events"]

    def types(self, arn: str = NAMED) -> list[str]:
        return [event["type"] for event in self.history(arn)]

    def close(self) -> None:
        self.standard.close()
        self._logs.close()
