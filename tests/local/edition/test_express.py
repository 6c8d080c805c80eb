"""Step Functions, as callers of the running edition's API see it: `asl` answers, not the emulator."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.assumed_role import assumed_session
from local.emulator.clients import CONFIG
from tests.local.laptop import Laptop


def definition(**fields: Any) -> str:
    """A machine with one Pass state."""
    states = {"Only": {"Type": "Pass", "End": True, **fields}}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": states})


REFUSED = definition(Foo=1, Output="{% phone %}")
TEXT = (
    "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/Only,"
    " UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."
    " at /States/Only/Output'"
)


@pytest.fixture
def machine(laptop: Laptop) -> Iterator[str]:
    """An Express machine of our own, with the role of the deployed one."""
    sfn, deployed = laptop.clients.stepfunctions, laptop.outputs["state_machine_arn"]
    role, text = sfn.describe_state_machine(stateMachineArn=deployed)["roleArn"], definition(Output="{% 3 %}")
    made = sfn.create_state_machine(name=f"test-{uuid.uuid4()}", roleArn=role, type="EXPRESS", definition=text)
    yield made["stateMachineArn"]
    sfn.delete_state_machine(stateMachineArn=made["stateMachineArn"])


def error_of(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"]


def test_a_refused_definition_is_neither_created_nor_takes_effect(laptop: Laptop, machine: str) -> None:
    sfn = laptop.clients.stepfunctions
    made = {"name": f"test-{uuid.uuid4()}", "roleArn": "arn:aws:iam::000000000000:role/r", "definition": REFUSED}
    assert error_of(sfn.create_state_machine, type="EXPRESS", **made) == ("InvalidDefinition", TEXT)
    assert made["name"] not in [one["name"] for one in sfn.list_state_machines()["stateMachines"]]
    assert error_of(sfn.update_state_machine, stateMachineArn=machine, definition=REFUSED)[1] == TEXT
    assert json.loads(sfn.describe_state_machine(stateMachineArn=machine)["definition"])["States"]["Only"]["Output"]


def test_a_definition_can_be_validated(laptop: Laptop) -> None:
    def validate(**request: Any) -> Any:
        response: Any = laptop.clients.stepfunctions.validate_state_machine_definition(**request)
        return response["result"], [one["location"] for one in response["diagnostics"]], response["truncated"]

    assert validate(type="EXPRESS", definition=definition()) == ("OK", [], False)
    places = ["/States/Only", "/States/Only/Output"]
    assert validate(type="EXPRESS", definition=REFUSED) == ("FAIL", places, False)
    assert validate(type="EXPRESS", definition=REFUSED, maxResults=1) == ("FAIL", places[:1], True)


def test_only_what_aws_refuses_is_refused(laptop: Laptop, machine: str) -> None:
    """A machine in JSONPath alone, which `asl` does not run, can be stored; starting it says so."""
    text = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    sfn = laptop.clients.stepfunctions
    assert sfn.validate_state_machine_definition(type="EXPRESS", definition=text)["result"] == "OK"
    sfn.update_state_machine(stateMachineArn=machine, definition=text)
    code, message = error_of(sfn.start_sync_execution, stateMachineArn=machine)
    assert (code, "machines in JSONPath alone" in message) == ("InvalidDefinition", True)


def test_a_synchronous_execution_answers_as_on_aws(laptop: Laptop, machine: str) -> None:
    response: Any = laptop.clients.stepfunctions.start_sync_execution(stateMachineArn=machine, name="mine")
    assert response["executionArn"].startswith(machine.replace(":stateMachine:", ":express:") + ":mine:")
    assert (response["status"], response["output"]) == ("SUCCEEDED", "3")
    assert response["startDate"] <= response["stopDate"]
    billing = response["billingDetails"]
    assert billing["billedMemoryUsedInMB"] == 64
    assert billing["billedDurationInMilliseconds"] % 100 == 0


def test_a_role_starts_only_what_it_may_start(laptop: Laptop, machine: str) -> None:
    pipe = laptop.clients.pipes.describe_pipe(Name=laptop.outputs["pipe_name"])
    session: Any = assumed_session(laptop.clients, pipe["RoleArn"], "a-test")
    sfn = session.client("stepfunctions", config=CONFIG)
    assert error_of(sfn.start_sync_execution, stateMachineArn=machine)[0] == "AccessDeniedException"


def test_what_cannot_be_started_has_the_code_of_aws(laptop: Laptop, machine: str) -> None:
    start = laptop.clients.stepfunctions.start_sync_execution
    assert error_of(start, stateMachineArn=f"{machine}-no")[0] == "StateMachineDoesNotExist"
    assert error_of(start, stateMachineArn=machine, input="{")[0] == "InvalidExecutionInput"
