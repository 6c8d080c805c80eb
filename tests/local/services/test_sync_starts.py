"""StartSyncExecution as callers of the API see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from asl.starting import billed
from local.emulator.clients import Clients
from local.services.lambdas.model import Invocation
from local.services.logs.delivery import LogDelivery
from local.services.states.service import ExpressService
from local.services.states.starting import START, SyncStarts
from tests.local.services.fake_aws import ARN, FakeAws


class Functions:
    """Returns the event and the name of the function."""

    def invoke(self, function: str, payload: bytes) -> Invocation:
        return Invocation(payload=function.encode() + payload)


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def starts(aws: FakeAws) -> Iterator[SyncStarts]:
    logs, times = LogDelivery(cast("Any", aws.logs)), iter((100.0, 100.234))
    yield SyncStarts(ExpressService(cast("Clients", aws), Functions(), logs), Functions(), lambda: next(times))
    logs.close()


def start(starts: SyncStarts, **request: Any) -> Any:
    """The response, or the error."""
    return json.loads(starts.invoke(START, json.dumps({"stateMachineArn": ARN, **request}).encode()).payload)


def test_the_response_has_dates_and_what_the_execution_is_billed_for(starts: SyncStarts) -> None:
    response = start(starts, name="mine", input='{"a": 1}')
    arn = response.pop("executionArn")
    assert arn.startswith(ARN.replace(":stateMachine:", ":express:") + ":mine:")
    assert response == {
        "stateMachineArn": ARN,
        "name": "mine",
        "startDate": 100.0,
        "stopDate": 100.234,
        "status": "SUCCEEDED",
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "output": "1",
        "outputDetails": {"included": True},
        "billingDetails": {"billedDurationInMilliseconds": 300, "billedMemoryUsedInMB": 64},
    }


def test_a_failed_execution_has_error_and_cause_and_no_output(aws: FakeAws, starts: SyncStarts) -> None:
    state = {"Type": "Fail", "Error": "E", "Cause": "c"}
    aws.machine["definition"] = json.dumps({"QueryLanguage": "JSONata", "StartAt": "F", "States": {"F": state}})
    response = start(starts)
    assert (response["status"], response["error"], response["cause"]) == ("FAILED", "E", "c")
    assert "output" not in response
    assert response["outputDetails"] == {"included": True}


@pytest.mark.parametrize(("seconds", "billed_for"), [(0, 100), (0.0001, 100), (0.1, 100), (0.1001, 200), (7.55, 7600)])
def test_an_execution_is_billed_for_each_hundred_milliseconds_begun(seconds: float, billed_for: int) -> None:
    assert billed(seconds) == billed_for


def test_what_cannot_be_started_has_the_code_of_aws(aws: FakeAws, starts: SyncStarts) -> None:
    assert start(starts, input="{")["errorType"] == "InvalidExecutionInput"
    assert start(starts, name="a b")["errorType"] == "InvalidName"
    aws.machine["type"] = "STANDARD"
    assert start(starts)["errorType"] == "StateMachineTypeNotSupported"


def test_errors_of_the_emulator_are_passed_on(
    aws: FakeAws, starts: SyncStarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "StateMachineDoesNotExist", "Message": "no"}}, "DescribeStateMachine")

    monkeypatch.setattr(aws, "describe_state_machine", describe)
    assert start(starts) == {"errorType": "StateMachineDoesNotExist", "errorMessage": "no"}


def test_everything_else_is_an_invocation_of_a_function(starts: SyncStarts) -> None:
    assert starts.invoke("demo", b"{}").payload == b"demo{}"
