"""Step Functions state machines."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, section

FUNCTION = re.compile(r"arn:aws:lambda:[^\"'\\\\]+")


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client, name = context.clients.stepfunctions, inputs["name"]
    arn = context.arn("states", f"stateMachine:{name}")
    settings = {
        "definition": inputs["definition"],
        "roleArn": inputs["roleArn"],
        "loggingConfiguration": _logging(section(inputs, "loggingConfiguration")),
    }
    try:
        current = client.describe_state_machine(stateMachineArn=arn)
    except client.exceptions.StateMachineDoesNotExist:
        current = None
    kind = inputs.get("type", "STANDARD")
    if current is not None and current["type"] != kind:
        client.delete_state_machine(stateMachineArn=arn)  # the type of a machine is fixed when it is created
        current = None
    if current is None:
        client.create_state_machine(name=name, type=kind, **settings)  # type: ignore[arg-type]
    elif any(current.get(key) != value for key, value in settings.items()):
        client.update_state_machine(stateMachineArn=arn, **settings)  # type: ignore[arg-type]
    context.deployed.invoked.extend(dict.fromkeys(FUNCTION.findall(inputs["definition"])))
    return ProvisionedResource(arn, {"arn": arn, "name": name, "status": "ACTIVE"})


def _logging(configuration: Inputs) -> dict[str, Any]:
    logging: dict[str, Any] = {
        "level": configuration.get("level", "OFF"),
        "includeExecutionData": configuration.get("includeExecutionData", False),
    }
    if configuration.get("logDestination"):
        destination = {"cloudWatchLogsLogGroup": {"logGroupArn": configuration["logDestination"]}}
        logging["destinations"] = [destination]
    return logging


def _remove(context: ProvisioningContext, arn: str) -> None:
    client = context.clients.stepfunctions
    with contextlib.suppress(client.exceptions.StateMachineDoesNotExist):
        client.delete_state_machine(stateMachineArn=arn)


HANDLERS = (
    ResourceHandler(
        type="aws:sfn/stateMachine:StateMachine",
        applies=frozenset(
            {
                "name",
                "type",
                "definition",
                "roleArn",
                "loggingConfiguration.level",
                "loggingConfiguration.includeExecutionData",
                "loggingConfiguration.logDestination",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "tracingConfiguration": "there is no X-Ray on the laptop",
            "publish": "the pipe starts the machine itself, not a version of it",
        },
    ),
)
