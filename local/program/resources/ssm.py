"""Parameters of Systems Manager."""

from __future__ import annotations

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name, kind = inputs["name"], inputs["type"]
    value = inputs["value"] if "value" in inputs else inputs["insecureValue"]
    context.clients.get("ssm").put_parameter(
        Name=name, Type=kind, Value=value, Description=inputs.get("description", ""), Overwrite=True
    )
    arn = context.arn("ssm", f"parameter/{name.lstrip('/')}")
    return ProvisionedResource(name, {"arn": arn, "name": name, "type": kind, "value": value})


def _remove(context: ProvisioningContext, name: str) -> None:
    client = context.clients.get("ssm")
    try:
        client.delete_parameter(Name=name)
    except client.exceptions.ParameterNotFound:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:ssm/parameter:Parameter",
        applies=frozenset({"name", "type", "value", "insecureValue", "description"}),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "tier": "tiers differ only in size and price",
            "keyId": "the emulator encrypts nothing at rest",
        },
    ),
)
