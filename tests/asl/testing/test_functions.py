"""Lambda functions that are callables of the test."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from asl.testing.moto import LambdaContext, SyncExecutions, Taking
from tests.asl.testing.machines import calls, create, definition, start


class OutOfStock(Exception):
    """An error of a function."""


def run(state: dict[str, Any], value: Any = None, **options: Any) -> dict[str, Any]:
    """The response of a machine with this one state."""
    return start(create(definition(A=state), **options), {} if value is None else value)


def test_a_function_gets_event_and_context_and_returns_json(express: SyncExecutions) -> None:
    contexts: list[LambdaContext] = []

    def function(event: Any, context: LambdaContext) -> Any:
        contexts.append(context)
        return {"twice": event["a"] * 2, "exact": Decimal("1.5"), "pair": (1, 2)}

    express.functions["f"] = function
    assert json.loads(run(calls(), {"a": 21})["output"]) == {"twice": 42, "exact": 1.5, "pair": [1, 2]}
    (context,) = contexts
    assert context.invoked_function_arn == "arn:aws:lambda:eu-west-1:123456789012:function:f"
    assert (context.function_name, context.log_group_name) == ("f", "/aws/lambda/f")
    assert 890_000 < context.get_remaining_time_in_millis() <= 900_000


@pytest.mark.parametrize(
    "given",
    [
        "f",
        "f:live",
        "123456789012:function:f",
        "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "arn:aws:lambda:eu-west-1:123456789012:function:f:live",
    ],
)
def test_a_function_is_found_by_every_name_that_lambda_knows(express: SyncExecutions, given: str) -> None:
    express.functions["f"] = lambda event, context: "found"
    assert run(calls(given))["output"] == '"found"'


def test_a_function_may_be_bound_to_an_alias(express: SyncExecutions) -> None:
    express.functions |= {"f": lambda event, context: "latest", "f:live": lambda event, context: "live"}
    assert run(calls("f:live"))["output"] == '"live"'


def test_an_exception_is_an_error_by_its_name_with_the_payload_of_lambda_as_cause(express: SyncExecutions) -> None:
    def function(event: Any, context: LambdaContext) -> None:
        raise OutOfStock("none left")

    express.functions["f"] = function
    response = run(calls())
    cause = json.loads(response["cause"])
    assert (response["status"], response["error"]) == ("FAILED", "OutOfStock")
    assert list(cause) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (cause["errorMessage"], cause["errorType"]) == ("none left", "OutOfStock")
    assert len(cause["stackTrace"]) == 1
    assert 'raise OutOfStock("none left")' in cause["stackTrace"][0], "as Lambda does, from the function on"


def test_a_catch_gets_the_error_and_the_machine_goes_on(express: SyncExecutions) -> None:
    express.functions["f"] = lambda event, context: Taking(0, OutOfStock("none left"))
    caught = calls(
        Catch=[{"ErrorEquals": ["OutOfStock"], "Output": "{% $parse($states.errorOutput.Cause) %}", "Next": "B"}]
    )
    response = start(create(definition(A=caught, B={"Type": "Pass", "End": True})), {})
    assert json.loads(response["output"])["errorMessage"] == "none left"


@pytest.mark.parametrize(
    ("function", "error"),
    [(lambda event, context: object(), "Runtime.MarshalError"), (lambda event, context: exit(3), "Runtime.ExitError")],
)
def test_what_lambda_cannot_pass_on_fails_as_in_lambda(express: SyncExecutions, function: Any, error: str) -> None:
    express.functions["f"] = function
    assert run(calls())["error"] == error


def test_a_function_by_its_arn_alone_and_one_of_the_sdk_integration(express: SyncExecutions) -> None:
    express.functions["f"] = lambda event, context: {"got": event}
    bare = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "Arguments": {"a": 1},
        "End": True,
    }
    sdk = calls(Resource="arn:aws:states:::aws-sdk:lambda:invoke", Output="{% $parse($states.result.Payload) %}")
    sdk["Arguments"]["Payload"] = "{% $string($states.input) %}"
    assert run(bare)["output"] == '{"got":{"a":1}}'
    assert json.loads(run(sdk, {"a": 2}, name="sdk")["output"]) == {"got": {"a": 2}}


def test_nobody_hears_of_an_asynchronous_invocation(express: SyncExecutions) -> None:
    events: list[Any] = []

    def function(event: Any, context: LambdaContext) -> None:
        events.append(event)
        raise OutOfStock("none left")

    express.functions["f"] = function
    state = calls(Output="{% $states.result.StatusCode %}")
    state["Arguments"]["InvocationType"] = "Event"
    assert run(state, {"a": 1})["output"] == "202"
    assert events == [{"a": 1}]


def test_a_function_that_nobody_brought_is_not_found(express: SyncExecutions) -> None:
    response = run(calls("nobody"))
    assert response["error"] == "Lambda.ResourceNotFoundException"
    assert "nobody" in response["cause"]


def test_retries_with_back_off_pass_on_the_virtual_clock(express: SyncExecutions) -> None:
    tries: list[float] = []

    def function(event: Any, context: LambdaContext) -> str:
        tries.append(time.monotonic())
        if len(tries) < 4:
            raise OutOfStock("none left")
        return "at last"

    express.functions["f"] = function
    retry = [{"ErrorEquals": ["OutOfStock"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 3}]
    response = run(calls(Retry=retry))
    assert (response["output"], len(tries)) == ('"at last"', 4)
    assert express.last.seconds == 10 + 20 + 40
    assert tries[-1] - tries[0] < 3


def test_a_function_says_how_long_it_takes_and_is_cut_off_by_the_timeout(express: SyncExecutions) -> None:
    express.functions["f"] = lambda event, context: Taking(30, "late")
    arn = create(definition(A=calls(TimeoutSeconds=10)))
    assert start(arn)["error"] == "States.Timeout"
    assert express.last.seconds == 10
    express.functions["f"] = lambda event, context: Taking(9, OutOfStock("late"))
    assert start(arn)["error"] == "OutOfStock"
    assert express.last.seconds == 9
