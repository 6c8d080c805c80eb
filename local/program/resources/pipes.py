"""EventBridge Pipes. The emulator keeps their state; `local.services.pipes.pipe` moves the messages."""

from __future__ import annotations

from typing import Any

from local.host.errors import LaptopError
from local.program.declarations.model import PipeDeclaration
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, section

# The state that the program declared last. A pipe that was stopped since stays stopped across a restart, as it does
# across a `pulumi up` that changes nothing.
STATE_TAG = "taskline:desired-state"


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name, wanted = inputs["name"], inputs.get("desiredState", "RUNNING")
    _reject_unsupported(inputs)
    client = context.clients.pipes
    try:
        current: Any = client.describe_pipe(Name=name)
        if current["Source"] != inputs["source"]:
            client.delete_pipe(Name=name)  # a pipe's source is fixed when it is created
            current = None
    except client.exceptions.NotFoundException:
        current = None
    if current is None:
        arn = client.create_pipe(DesiredState=wanted, Tags={STATE_TAG: wanted}, **_request(inputs))["Arn"]
    else:
        arn = current["Arn"]
        unchanged = current.get("Tags", {}).get(STATE_TAG) == wanted
        state = current["DesiredState"] if unchanged else wanted
        request = {key: value for key, value in _request(inputs).items() if key != "Source"}
        client.update_pipe(DesiredState=state, **request)
        client.tag_resource(resourceArn=arn, tags={STATE_TAG: wanted})
    context.deployed.pipes.append(
        PipeDeclaration(
            name=name, arn=arn, role_arn=inputs["roleArn"], source=inputs["source"], target=inputs["target"]
        )
    )
    return ProvisionedResource(name, {"arn": arn, "name": name, "desiredState": wanted})


def _request(inputs: Inputs) -> dict[str, Any]:
    return {
        "Name": inputs["name"],
        "RoleArn": inputs["roleArn"],
        "Source": inputs["source"],
        "Target": inputs["target"],
        "Description": inputs.get("description", ""),
    }


def _reject_unsupported(inputs: Inputs) -> None:
    """The local pipe is synchronous and takes one message at a time, like the one that is deployed."""
    source = section(section(inputs, "sourceParameters"), "sqsQueueParameters")
    target = section(section(inputs, "targetParameters"), "stepFunctionStateMachineParameters")
    facts: dict[str, tuple[object, object]] = {
        "sourceParameters.sqsQueueParameters.batchSize": (source.get("batchSize"), 1),
        "targetParameters.stepFunctionStateMachineParameters.invocationType": (
            target.get("invocationType"),
            "REQUEST_RESPONSE",
        ),
    }
    for path, (given, supported) in facts.items():
        if given != supported:
            raise LaptopError(
                f"Pipe {inputs['name']} has {path} = {given!r}; the local pipe supports only {supported!r}.",
                f"Set {path} to {supported!r}, or support other values in local/services/pipes/pipe.py.",
            )


def _remove(context: ProvisioningContext, name: str) -> None:
    client = context.clients.pipes
    try:
        client.delete_pipe(Name=name)
    except client.exceptions.NotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:pipes/pipe:Pipe",
        applies=frozenset(
            {
                "name",
                "roleArn",
                "source",
                "target",
                "description",
                "desiredState",
                "sourceParameters.sqsQueueParameters.batchSize",
                "targetParameters.stepFunctionStateMachineParameters.invocationType",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={"logConfiguration": "the local pipe logs to standard error"},
    ),
)
