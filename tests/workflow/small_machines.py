"""Small state machines that both engines should run alike, each for one rule of the language."""

import json
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

State = dict[str, Any]
TABLE = "differential"
KEY = {"id": {"S": "a"}}
ITEM = {**KEY, "n": {"N": "7"}, "m": {"M": {"t": {"BOOL": True}}}, "l": {"L": [{"S": "x"}, {"NULL": True}]}}


@dataclass(frozen=True, kw_only=True)
class Small:
    """A machine and its input."""

    name: str
    states: dict[str, State]
    value: Any = field(default_factory=dict[str, Any])
    timeout: int = 60

    @property
    def definition(self) -> dict[str, Any]:
        start = next(iter(self.states))
        return {"QueryLanguage": "JSONata", "StartAt": start, "TimeoutSeconds": self.timeout, "States": self.states}


def one(name: str, state: State, value: Any = None) -> Small:
    """A machine with one state."""
    return Small(name=name, states={"Only": {**state, "End": True}}, value={} if value is None else value)


def call(integration: str, arguments: Any, **fields: Any) -> State:
    """A Task state."""
    return {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Arguments": arguments, **fields}


def processor(task_type: str, attempt: Any = 1, **data: Any) -> dict[str, Any]:
    """Arguments that make the processor process a task."""
    task = {
        "title": "t",
        "description": "d",
        "priority": "low",
        "task_id": "x",
        "created_at": "2026-01-01T00:00:00.000Z",
        "type": task_type,
        "data": data,
    }
    payload = {
        "task_id": "x",
        "body": json.dumps(task),
        "attempt": attempt,
        "run": 1,
        "execution": "small",
        "lease_until": 4102444800000,
    }
    return {"FunctionName": "taskline-dev-processor", "Payload": payload}


def failing(error_class: str, attempt: Any = 1) -> dict[str, Any]:
    """Arguments that make the processor fail."""
    return processor("demo.flaky", attempt, probability=1, error_class=error_class)


def message(body: Any) -> State:
    """Sends a message to a queue, and returns the digest of what was sent."""
    arguments = {"QueueUrl": "${Queue}", "MessageBody": body, "MessageGroupId": "g"}
    arguments["MessageDeduplicationId"] = "{% $uuid() %}"
    return call("sqs:sendMessage", arguments, Output="{% $states.result.MD5OfMessageBody %}")


def caught(state: State, *errors: str) -> dict[str, State]:
    """The state, and one that catches its error."""
    output = "{% $states.errorOutput.Error %}"
    catch = [{"ErrorEquals": list(errors), "Output": output, "Next": "Caught"}]
    return {"Only": {**state, "Catch": catch, "End": True}, "Caught": {"Type": "Pass", "End": True}}


CONDITION_FAILS = call(
    "dynamodb:putItem", {"TableName": TABLE, "Item": ITEM, "ConditionExpression": "attribute_exists(nowhere)"}
)


def branch(name: str) -> dict[str, Any]:
    """A graph with one state that doubles its input; names are unique within a machine."""
    return {
        "StartAt": name,
        "States": {name: {"Type": "Pass", "Output": "{% $states.input.n * 2 %}", "End": True}},
    }


ALIKE = (
    one("a pass state passes on its input", {"Type": "Pass"}, {"a": [1, 2.5, None, "ü"]}),
    one("an output mixes text and expressions", {"Type": "Pass", "Output": {"a": "{% 1 + 1 %}", "b": "1 + 1"}}),
    one("an expression that finds nothing fails", {"Type": "Pass", "Output": "{% $states.input.missing %}"}),
    one("an expression that throws fails", {"Type": "Pass", "Output": "{% $error('no') %}"}),
    one("a sequence of one is its element", {"Type": "Pass", "Output": "{% $states.input.a[n=1].n %}"},
        {"a": [{"n": 1}, {"n": 2}]}),
    one("functions that AWS added", {"Type": "Pass", "Output": [
        "{% $partition([1,2,3,4,5], 2) %}", "{% $range(0, 10, 5) %}", "{% $hash('x', 'SHA-256') %}",
        "{% $parse('{\"a\": 1}').a %}"]}),
    Small(name="variables are set from the next state on", states={
        "First": {"Type": "Pass", "Assign": {"n": "{% $states.input.n + 1 %}"}, "Next": "Second"},
        "Second": {"Type": "Pass", "Output": "{% $n %}", "End": True}}, value={"n": 41}),
    Small(name="a choice follows its condition", states={
        "Only": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n > 1 %}", "Next": "Big"}],
                 "Default": "Small"},
        "Big": {"Type": "Succeed"}, "Small": {"Type": "Fail", "Error": "TooSmall", "Cause": "n"}}, value={"n": 2}),
    Small(name="a choice falls back to its default", states={
        "Only": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n > 1 %}", "Next": "Big"}],
                 "Default": "Small"},
        "Big": {"Type": "Succeed"}, "Small": {"Type": "Fail", "Error": "TooSmall", "Cause": "n"}}, value={"n": 1}),
    Small(name="a failure is computed", states={
        "Only": {"Type": "Fail", "Error": "{% 'E' & $states.input.n %}", "Cause": "{% 'because' %}"}}, value={"n": 1}),
    one("a map processes each item", {
        "Type": "Map", "Items": "{% $states.input.items %}", "ItemProcessor": branch("In")},
        {"items": [{"n": 1}, {"n": 2}, {"n": 3}]}),
    one("branches return an array", {"Type": "Parallel", "Branches": [branch("A"), branch("B")]}, {"n": 4}),
    one("a branch that fails fails them all", {"Type": "Parallel", "Branches": [
        branch("A"), {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Branch", "Cause": "no"}}}]},
        {"n": 4}),
    one("a wait of zero seconds", {"Type": "Wait", "Seconds": 0}, {"n": 1}),
    one("dynamodb returns an item", call(
        "dynamodb:getItem", {"TableName": TABLE, "Key": KEY}, Output="{% $states.result.Item %}")),
    one("dynamodb returns no item", call(
        "dynamodb:getItem", {"TableName": TABLE, "Key": {"id": {"S": "none"}}},
        Output="{% $exists($states.result.Item) %}")),
    one("dynamodb through the sdk integration", call(
        "aws-sdk:dynamodb:getItem", {"TableName": TABLE, "Key": KEY}, Output="{% $states.result.Item.n.N %}")),
    Small(name="a failed condition has its error name", states=caught(CONDITION_FAILS, "States.ALL")),
    Small(name="a failed condition is a failed task", states=caught(CONDITION_FAILS, "States.TaskFailed")),
    Small(name="bad arguments can be caught", states=caught(
        call("dynamodb:getItem", {"TableName": "{% $states.input.missing %}", "Key": KEY}),
        "States.QueryEvaluationError")),
    Small(name="a function's exception has its class name", states=caught(
        call("lambda:invoke", failing("VALIDATION")), "TaskValidationError")),
    Small(name="an error that is not caught ends the execution", states={
        "Only": call("lambda:invoke", failing("SYSTEM"), Output="{% 1 %}", End=True)}),
    one("a function's response is parsed", call(
        "lambda:invoke", processor("demo.echo", n=[1, 2.5]),
        Output="{% $parse($states.result.Payload.result) %}")),
    one("a string is sent unchanged", message("text")),
    Small(name="a task that takes too long", states=caught(
        call("lambda:invoke", processor("demo.slow", milliseconds=1300), TimeoutSeconds=1), "States.Timeout")),
    one("retries wait and count", call(
        "lambda:invoke", failing("NETWORK", "{% 1 + $states.context.State.RetryCount %}"),
        Retry=[{"ErrorEquals": ["TaskNetworkError"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}])),
)  # fmt: skip
"""Both engines must give the same status, output and error."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A machine that the two engines run differently, and how each ends: status, output, error. Ours is as on AWS."""

    machine: Small
    ours: tuple[Any, ...]
    theirs: tuple[Any, ...]
    reason: str


KNOWN = (
    Difference(
        machine=Small(name="the output of succeed", states={"Only": {"Type": "Succeed", "Output": {"a": 1}}}),
        ours=("SUCCEEDED", {"a": 1}, None),
        theirs=("SUCCEEDED", {}, None),
        reason="the emulator ignores Output of a Succeed state",
    ),
    Difference(
        machine=Small(
            name="a machine that takes too long",
            states={"Only": {"Type": "Wait", "Seconds": 2, "End": True}},
            timeout=1,
        ),
        ours=("TIMED_OUT", None, "States.Timeout"),
        theirs=("SUCCEEDED", {}, None),
        reason="the emulator ignores TimeoutSeconds of a machine",
    ),
    Difference(
        machine=one(
            "a timeout that is computed",
            call(
                "lambda:invoke",
                processor("demo.slow", milliseconds=1300),
                TimeoutSeconds="{% 1 %}",
                Output="{% $states.result.StatusCode %}",
            ),
        ),
        ours=("FAILED", None, "States.Timeout"),
        theirs=("FAILED", None, "States.Runtime"),
        reason="the emulator does not evaluate an expression as TimeoutSeconds",
    ),
    Difference(
        machine=one("json is sent as a string", message({"a": 1})),
        ours=("SUCCEEDED", md5(b'{"a":1}').hexdigest(), None),
        theirs=("SUCCEEDED", md5(b'{"a": 1}').hexdigest(), None),
        reason="AWS writes JSON without spaces, the emulator with them",
    ),
)
"""How the emulator differs from AWS, as far as machines like those above show it."""
