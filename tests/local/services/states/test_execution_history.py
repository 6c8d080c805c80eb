"""Standard executions as callers of the API see them, through the ends of the processes that run them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.services.states.executions import KEPT_SECONDS, Execution, ExecutionFile
from tests.local.laptop import eventually
from tests.local.services.fake_aws import ARN, ROLE, FakeAws
from tests.local.services.states.processes import ASK, CALL, NAMED, PASS, WAIT, Functions, Process


def test_the_history_has_the_events_of_aws(begun: Callable[..., Process]) -> None:
    process = begun(PASS)
    assert process.ended(process.start()) == "SUCCEEDED"
    events = process.history()
    assert all(abs(event.pop("timestamp") - time.time()) < 60 for event in events)
    whole = {"truncated": False}
    assert events == [
        {
            "type": "ExecutionStarted",
            "id": 1,
            "previousEventId": 0,
            "executionStartedEventDetails": {"input": '{"in":1}', "inputDetails": whole, "roleArn": ROLE},
        },
        {
            "type": "PassStateEntered",
            "id": 2,
            "previousEventId": 0,
            "stateEnteredEventDetails": {"name": "First", "input": '{"in":1}', "inputDetails": whole},
        },
        {
            "type": "PassStateExited",
            "id": 3,
            "previousEventId": 2,
            "stateExitedEventDetails": {
                "name": "First",
                "output": '{"a":1}',
                "outputDetails": whole,
                "assignedVariables": {"v": "2"},
                "assignedVariablesDetails": whole,
            },
        },
        {
            "type": "ExecutionSucceeded",
            "id": 4,
            "previousEventId": 3,
            "executionSucceededEventDetails": {"output": '{"a":1}', "outputDetails": whole},
        },
    ]


def test_a_history_without_data_still_has_names(begun: Callable[..., Process]) -> None:
    process = begun(PASS)
    process.ended(process.start())
    details = [event.get("stateExitedEventDetails") for event in process.history(includeExecutionData=False)]
    assert details == [None, None, {"name": "First"}, None]


@pytest.mark.parametrize(("backwards", "ids"), [(False, [[1, 2, 3], [4]]), (True, [[4, 3, 2], [1]])])
def test_a_history_is_read_page_by_page_in_either_direction(
    begun: Callable[..., Process], backwards: bool, ids: list[list[int]]
) -> None:
    process = begun(PASS)
    process.ended(process.start())
    request = {"executionArn": NAMED, "reverseOrder": backwards, "maxResults": 3}
    first = process.call("GetExecutionHistory", **request)
    second = process.call("GetExecutionHistory", **request, nextToken=first["nextToken"])
    assert [[event["id"] for event in page["events"]] for page in (first, second)] == ids
    assert "nextToken" not in second


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"executionArn": f"{NAMED}-other"}, "ExecutionDoesNotExist"),
        ({"executionArn": NAMED, "nextToken": "x"}, "InvalidToken"),
        ({"executionArn": NAMED, "maxResults": 1001}, "ValidationException"),
    ],
)
def test_what_cannot_be_read_has_the_code_of_aws(
    begun: Callable[..., Process], request_: dict[str, Any], error: str
) -> None:
    process = begun(PASS)
    process.start()
    assert process.call("GetExecutionHistory", **request_)["errorType"] == error


def test_a_call_that_the_end_of_a_process_cut_off_is_in_the_history_twice(
    begun: Callable[..., Process], functions: Functions
) -> None:
    functions.may_return = False
    first = begun(CALL)
    first.start()
    eventually(lambda: "TaskStarted" in first.types())
    first.close()
    second = begun(CALL)
    functions.may_return = True
    assert second.ended() == "SUCCEEDED"
    assert second.types()[2:] == [
        "PassStateExited",
        "TaskStateEntered",
        *("TaskScheduled", "TaskStarted"),
        *("TaskScheduled", "TaskStarted", "TaskSucceeded"),
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    chain = [(event["id"], event["previousEventId"]) for event in second.history()]
    assert chain[2:] == [(number, number - 1) for number in range(3, len(chain) + 1)]


def test_a_wait_for_a_token_goes_on_in_another_process_without_a_trace(
    begun: Callable[..., Process], functions: Functions
) -> None:
    first = begun(ASK)
    first.start()
    eventually(lambda: "TaskSubmitted" in first.types())
    first.close()
    second = begun(ASK)
    token = functions.given[0]["token"]
    eventually(lambda: second.call("SendTaskSuccess", taskToken=token, output="7") == {})
    assert second.ended() == "SUCCEEDED"
    assert second.types()[2:] == [
        *("TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"),
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    scheduled = second.history()[2]["taskScheduledEventDetails"]
    assert (scheduled["resource"], scheduled["resourceType"]) == ("invoke.waitForTaskToken", "lambda")


def test_a_stopped_execution_says_why_as_soon_as_it_is_stopped(begun: Callable[..., Process]) -> None:
    process = begun(WAIT)
    process.start()
    stopped = process.call("StopExecution", executionArn=NAMED, error="Enough", cause="of this")
    described = process.call("DescribeExecution", executionArn=NAMED)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "of this")
    assert described["stopDate"] == stopped["stopDate"]
    last = process.history(reverseOrder=True)[0]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of this"}


def test_an_execution_whose_machine_is_gone_fails_and_its_history_ends(
    begun: Callable[..., Process], aws: FakeAws
) -> None:
    first = begun(WAIT)
    first.start()
    eventually(lambda: "WaitStateEntered" in first.types())
    first.close()
    aws.deleted = True
    second = begun(WAIT)
    assert second.ended() == "FAILED"
    assert second.types() == ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]


def test_what_happens_is_in_the_log_before_the_execution_has_ended(
    begun: Callable[..., Process], aws: FakeAws
) -> None:
    process = begun(WAIT)
    process.start()
    eventually(lambda: any("WaitStateEntered" in line for line in aws.logs.messages("/logs")))
    assert process.status() == "RUNNING"


def test_an_execution_is_forgotten_with_its_history_90_days_after_its_end(begun: Callable[..., Process]) -> None:
    first = begun(PASS)
    first.ended(first.start())
    first.close()
    second = begun(PASS, lambda: time.time() + KEPT_SECONDS + 1)
    assert second.call("GetExecutionHistory", executionArn=NAMED)["errorType"] == "ExecutionDoesNotExist"


def test_of_many_executions_those_that_ended_last_are_kept(tmp_path: Path) -> None:
    file = ExecutionFile(tmp_path / "executions")
    for number in range(4):
        running = Execution(arn=str(number), machine=ARN, name="n", status="RUNNING", input="{}", started=0)
        file.add(running)
        if number:
            file.end(replace(running, status="SUCCEEDED", stopped=number))
    file.forget(before=0, most=2)
    assert sorted(one.arn for one in file.of(ARN, None)) == ["0", "2", "3"], "and what runs is always kept"
    file.close()
