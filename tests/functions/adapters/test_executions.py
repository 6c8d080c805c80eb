"""Executions and tokens, as Step Functions has them."""

from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from functions.adapters.executions import StepFunctionsExecutions, StepFunctionsTokens
from functions.tasks.errors import Unavailable
from functions.tasks.runs.tokens import TokenExpired
from functions.tasks.runs.watching import ExecutionState

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:long"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:long:run"


@pytest.fixture
def states() -> Any:
    made: Any = botocore.session.get_session()
    made.set_credentials("access", "secret")
    return made.create_client("stepfunctions", region_name="eu-west-1")


@pytest.fixture
def stub(states: Any) -> Any:
    with Stubber(states) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def listed(*names: str) -> list[dict[str, Any]]:
    return [
        {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": name, "status": "RUNNING", "startDate": 0}
        for name in names
    ]


def test_all_that_run_are_listed_page_by_page(states: Any, stub: Any) -> None:
    asked = {"stateMachineArn": MACHINE, "maxResults": 1000, "statusFilter": "RUNNING"}
    stub.add_response("list_executions", {"executions": listed("a", "b"), "nextToken": "t"}, asked)
    stub.add_response("list_executions", {"executions": listed("c")}, {**asked, "nextToken": "t"})
    assert StepFunctionsExecutions(MACHINE, states).running() == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("RUNNING", ExecutionState.RUNNING),
        ("SUCCEEDED", ExecutionState.SUCCEEDED),
        ("FAILED", ExecutionState.ENDED),
        ("TIMED_OUT", ExecutionState.ENDED),
        ("ABORTED", ExecutionState.ENDED),
    ],
)
def test_an_execution_runs_has_succeeded_or_has_ended(
    states: Any, stub: Any, status: str, state: ExecutionState
) -> None:
    found = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": 0}
    stub.add_response("describe_execution", found, {"executionArn": EXECUTION})
    assert StepFunctionsExecutions(MACHINE, states).state("run") is state


def test_one_that_does_not_exist_is_not_known_and_needs_no_stop(states: Any, stub: Any) -> None:
    executions = StepFunctionsExecutions(MACHINE, states)
    stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
    assert executions.state("run") is ExecutionState.UNKNOWN
    stub.add_client_error("stop_execution", "ExecutionDoesNotExist")
    executions.stop("run", "why")


def test_a_service_that_does_not_respond_is_tried_again(states: Any, stub: Any) -> None:
    executions = StepFunctionsExecutions(MACHINE, states)
    for operation, call in (
        ("list_executions", executions.running),
        ("describe_execution", lambda: executions.state("run")),
        ("stop_execution", lambda: executions.stop("run", "why")),
        ("send_task_success", lambda: StepFunctionsTokens(states).succeed("t", "{}")),
    ):
        stub.add_client_error(operation, "ThrottlingException")
        with pytest.raises(Unavailable):
            call()


@pytest.mark.parametrize("error", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_a_token_that_nobody_waits_for_has_expired(states: Any, stub: Any, error: str) -> None:
    tokens = StepFunctionsTokens(states)
    for operation, call in (
        ("send_task_success", lambda: tokens.succeed("t", "{}")),
        ("send_task_failure", lambda: tokens.fail("t", "E", "why")),
        ("send_task_heartbeat", lambda: tokens.beat("t")),
    ):
        stub.add_client_error(operation, error)
        with pytest.raises(TokenExpired):
            call()
