"""Machines in moto, and how tests start them."""

import json
from pathlib import Path
from typing import Any

import boto3

ROLE = "arn:aws:iam::123456789012:role/machine"
REGION = "eu-west-1"
INVOKE = "arn:aws:states:::lambda:invoke"
_DEFINITIONS = Path(__file__).with_name("definitions")


def client(service: str = "stepfunctions", region: str = REGION) -> Any:
    """A client of moto's, while `mock_aws` is active."""
    session: Any = boto3  # the services of its stubs are fewer
    return session.client(service, region_name=region)


def shipped(file: str, **values: str) -> dict[str, Any]:
    """A definition of `definitions/` with its placeholders filled in."""
    text = (_DEFINITIONS / f"{file}.asl.json").read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return json.loads(text)


def definition(start: str | None = None, **states: dict[str, Any]) -> dict[str, Any]:
    """A JSONata definition of these states. It starts with the first, unless `start` names another."""
    return {"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states}


def calls(function: str = "f", **fields: Any) -> dict[str, Any]:
    """A state that calls a function and ends the machine with what it returns."""
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    output = {} if "Catch" in fields else {"Output": "{% $states.result.Payload %}"}
    return {"Type": "Task", "Resource": INVOKE, "Arguments": arguments, "End": True, **output, **fields}


def create(source: dict[str, Any] | str, region: str = REGION, **options: Any) -> str:
    """Make an Express machine; returns its ARN."""
    text = source if isinstance(source, str) else json.dumps(source)
    sent = {"name": "machine", "definition": text, "roleArn": ROLE, "type": "EXPRESS", **options}
    return client(region=region).create_state_machine(**sent)["stateMachineArn"]


def start(arn: str, value: Any = None, region: str = REGION, **options: Any) -> dict[str, Any]:
    """Start an execution; returns the response."""
    sent = {"input": json.dumps(value)} if value is not None else {}
    return client(region=region).start_sync_execution(stateMachineArn=arn, **sent, **options)


ECHO = definition(Echo={"Type": "Pass", "Output": "{% $states.input %}", "End": True})
