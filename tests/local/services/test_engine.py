"""Step Functions on the laptop: which machine starts, which role may start it, and what it may call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from asl import DefinitionError, Machine
from asl.starting import MOST_INPUT_BYTES, InvalidInput, TypeNotSupported
from local.emulator.clients import Clients
from local.emulator.remembered import GOOD_SECONDS
from local.services.lambdas.model import Invocation, InvocationRefused
from local.services.logs.delivery import LogDelivery
from local.services.states.functions import LambdaClient
from local.services.states.machines import AccessDenied, Machines
from local.services.states.service import ExpressService, context, services
from tests.local.services.fake_aws import ARN, ROLE, FakeAws, definition, frozen

PIPE = "arn:aws:iam::000000000000:role/pipe"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:demo"


@dataclass
class FakeFunctions:
    """Runs nothing: every invocation has the same outcome."""

    outcome: Invocation | InvocationRefused = field(default_factory=lambda: Invocation(payload=b"1"))
    calls: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    def invoke(self, function: str, payload: bytes) -> Invocation:
        self.calls.append((function, payload))
        if isinstance(self.outcome, InvocationRefused):
            raise self.outcome
        return self.outcome


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def logs(aws: FakeAws) -> Iterator[LogDelivery]:
    delivery = LogDelivery(cast("Any", aws.logs))
    yield delivery
    delivery.close()


@pytest.fixture
def service(aws: FakeAws, logs: LogDelivery) -> ExpressService:
    return ExpressService(cast("Clients", aws), FakeFunctions(), logs)


@pytest.fixture
def machines(aws: FakeAws) -> Machines:
    return Machines(cast("Clients", aws), frozen(lambda: aws.time))


def test_a_machine_is_looked_up_once_in_a_while_and_an_update_takes_effect(aws: FakeAws, machines: Machines) -> None:
    first = machines.startable(ARN, PIPE)
    assert machines.startable(ARN, PIPE) is first
    assert aws.described == 1
    aws.machine |= {"definition": definition(output=2), "roleArn": "another"}
    aws.time += GOOD_SECONDS
    second = machines.startable(ARN, PIPE)
    assert (second.role_arn, second.machine == first.machine) == ("another", False)


def test_the_same_text_is_compiled_once(aws: FakeAws, machines: Machines) -> None:
    first = machines.startable(ARN, PIPE)
    aws.time += GOOD_SECONDS
    assert machines.startable(ARN, PIPE).machine is first.machine


def test_a_deleted_machine_does_not_start_and_a_restored_one_does(aws: FakeAws, machines: Machines) -> None:
    machines.startable(ARN, PIPE)
    aws.deleted = True
    aws.time += GOOD_SECONDS
    for _ in range(2):
        with pytest.raises(KeyError, match=ARN):
            machines.startable(ARN, PIPE)
    aws.deleted = False
    assert machines.startable(ARN, PIPE).arn == ARN, "an error is not remembered"


def test_a_role_without_the_permission_cannot_start_it(aws: FakeAws, machines: Machines) -> None:
    machines.startable(ARN, PIPE)
    with pytest.raises(AccessDenied, match="states:StartSyncExecution"):
        machines.startable(ARN, "arn:aws:iam::000000000000:role/stranger")
    aws.allowed.remove(PIPE)
    aws.time += GOOD_SECONDS
    with pytest.raises(AccessDenied, match=PIPE):
        machines.startable(ARN, PIPE)


def test_a_machine_that_aws_would_not_start_does_not_start(aws: FakeAws, machines: Machines) -> None:
    aws.machine["type"] = "STANDARD"
    with pytest.raises(TypeNotSupported, match="STANDARD"):
        machines.startable(ARN, PIPE)
    aws.machine |= {"type": "EXPRESS", "definition": '{"QueryLanguage": "JSONata"}'}
    with pytest.raises(DefinitionError, match="StartAt"):
        machines.startable(ARN, PIPE)


def test_each_execution_has_its_own_arn_even_under_the_same_name(machines: Machines) -> None:
    deployed = machines.startable(ARN, PIPE)
    one, two = context(deployed, "name"), context(deployed, "name")
    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(f"arn:aws:states:us-east-1:000000000000:express:demo:name:{uuid}", one.execution_id)
    assert one.execution_id != two.execution_id
    assert one.as_json(None, 0)["StateMachine"] == {"Id": ARN, "Name": "demo"}


def test_all_services_of_a_machine_are_known_before_it_runs() -> None:
    def task(name: str, resource: str) -> dict[str, Any]:
        state = {"Type": "Task", "Resource": resource, "Arguments": {}, "End": True}
        return {"StartAt": name, "States": {name: state}}

    function = "arn:aws:lambda:us-east-1:000000000000:function:demo"
    branches = [task("A", function), task("B", "arn:aws:states:::sqs:sendMessage")]
    states = {
        "Map": {"Type": "Map", "ItemProcessor": task("C", "arn:aws:states:::dynamodb:getItem"), "Next": "Parallel"},
        "Parallel": {"Type": "Parallel", "Branches": branches, "End": True},
    }
    machine = Machine.load(json.dumps({"QueryLanguage": "JSONata", "StartAt": "Map", "States": states}))
    assert list(services(machine.definition.graph)) == ["dynamodb", "function", "sqs"]


@pytest.mark.parametrize(
    ("logging", "types"),
    [
        ({"level": "ALL", "includeExecutionData": True}, ["ExecutionStarted", "ExecutionSucceeded"]),
        ({"level": "ALL", "includeExecutionData": False}, ["ExecutionStarted", "ExecutionSucceeded"]),
        ({"level": "ERROR", "includeExecutionData": True}, []),
        ({"level": "OFF"}, []),
    ],
)
def test_executions_are_logged_as_the_machine_is_configured(
    aws: FakeAws, service: ExpressService, logs: LogDelivery, logging: dict[str, Any], types: list[str]
) -> None:
    aws.machine["loggingConfiguration"] |= logging
    execution = service.execute(service.machines.find(ARN), '{"secret": 1}')
    logs.close()
    events = [json.loads(message) for message in aws.logs.messages("/logs")]
    assert [event["type"] for event in events if event["type"].startswith("Execution")] == types
    assert {event["execution_arn"] for event in events} <= {execution.arn}
    assert ("secret" in json.dumps(events)) == bool(types and logging["includeExecutionData"])


def test_a_machine_without_a_log_group_runs_anyway(aws: FakeAws, service: ExpressService) -> None:
    del aws.machine["loggingConfiguration"]
    assert service.execute(service.machines.find(ARN), "{}").output == "1"


@pytest.mark.parametrize("text", ["{", '"' + "x" * MOST_INPUT_BYTES + '"'])
def test_an_input_that_step_functions_would_reject_starts_nothing(service: ExpressService, text: str) -> None:
    with pytest.raises(InvalidInput):
        service.execute(service.machines.find(ARN), text)


def test_warming_up_never_fails(aws: FakeAws, service: ExpressService) -> None:
    aws.deleted = True
    service._warm([ARN])


def test_an_execution_has_the_role_of_its_machine(aws: FakeAws, machines: Machines) -> None:
    assert machines.startable(ARN, PIPE).role_arn == ROLE


@dataclass
class FakeLambdaClient:
    """The emulator's Lambda."""

    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return {"StatusCode": 202}

    def list_functions(self) -> str:
        return "of the emulator"


def as_a_machine(aws: FakeAws, functions: FakeFunctions, emulator: FakeLambdaClient | None = None) -> LambdaClient:
    """The Lambda client of a machine with the role."""
    return LambdaClient(emulator or FakeLambdaClient(), cast("Clients", aws), ROLE, functions)


def test_a_machine_invokes_functions_on_the_laptop_if_its_role_may(aws: FakeAws) -> None:
    aws.allowed, aws.resources = [ROLE], [FUNCTION]
    functions = FakeFunctions(Invocation(payload=b'{"n": 1}'))
    for name in ("demo", FUNCTION):
        response = as_a_machine(aws, functions).invoke(FunctionName=name, Payload=b"{}")
        assert (response["StatusCode"], response["Payload"].read()) == (200, b'{"n": 1}')
        assert "FunctionError" not in response
    assert functions.calls == [("demo", b"{}"), (FUNCTION, b"{}")]


def test_a_failed_invocation_is_a_function_error(aws: FakeAws) -> None:
    aws.allowed, aws.resources = [ROLE], [FUNCTION]
    functions = FakeFunctions(Invocation(payload=b'{"errorType": "TaskBroken"}', failed=True))
    response = as_a_machine(aws, functions).invoke(FunctionName="demo")
    assert response["FunctionError"] == "Unhandled"
    assert json.loads(response["Payload"].read()) == {"errorType": "TaskBroken"}


def test_an_invocation_that_is_refused_has_lambda_s_own_code_and_status(aws: FakeAws) -> None:
    aws.allowed, aws.resources = [ROLE], [FUNCTION]
    functions = FakeFunctions(InvocationRefused("TooManyRequestsException", "Rate Exceeded: demo", 429))
    with pytest.raises(ClientError, match="Rate Exceeded: demo") as raised:
        as_a_machine(aws, functions).invoke(FunctionName="demo")
    response: Any = raised.value.response
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.parametrize(("allowed", "resources"), [([PIPE], [FUNCTION]), ([ROLE], [f"{FUNCTION}-other"])])
def test_a_function_that_the_role_may_not_invoke_is_not_invoked(
    aws: FakeAws, allowed: list[str], resources: list[str]
) -> None:
    aws.allowed, aws.resources = allowed, resources
    functions = FakeFunctions()
    with pytest.raises(ClientError, match=f"{ROLE} is not authorized to perform: lambda:InvokeFunction") as raised:
        as_a_machine(aws, functions).invoke(FunctionName="demo")
    assert cast("Any", raised.value.response)["Error"]["Code"] == "AccessDeniedException"
    assert functions.calls == []


def test_everything_else_of_lambda_is_the_emulator_s(aws: FakeAws) -> None:
    functions, emulator = FakeFunctions(), FakeLambdaClient()
    client = as_a_machine(aws, functions, emulator)
    assert client.list_functions() == "of the emulator"
    response = client.invoke(FunctionName="demo", Payload=b"{}", InvocationType="Event")
    assert response == {"StatusCode": 202}
    assert emulator.calls == [{"FunctionName": "demo", "Payload": b"{}", "InvocationType": "Event"}]
    assert functions.calls == []
