"""Layers of Lambda functions, and permissions to invoke them."""

from __future__ import annotations

import json
from typing import Any

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep


def _ensure_layer(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    layer = context.arn("lambda", f"layer:{inputs['layerName']}")
    outputs = {"arn": f"{layer}:1", "layerArn": layer, "layerName": inputs["layerName"], "version": "1"}
    return ProvisionedResource(f"{layer}:1", outputs)


LAYER_REASON = "functions on the laptop import from the virtual environment, so a layer has no effect"


def _ensure_permission(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client = context.clients.lambda_
    function, sid = inputs["function"], inputs.get("statementId") or inputs["name"]
    request: dict[str, Any] = {"FunctionName": function, "StatementId": sid}
    optional = {"sourceArn": "SourceArn", "sourceAccount": "SourceAccount", "qualifier": "Qualifier"}
    request |= {"Action": inputs["action"], "Principal": inputs["principal"]}
    request |= {optional[key]: inputs[key] for key in optional if inputs.get(key)}
    _remove_permission(context, f"{function} {sid}")
    client.add_permission(**request)
    return ProvisionedResource(sid, {"statementId": sid}, key=f"{function} {sid}")


def _remove_permission(context: ProvisioningContext, key: str) -> None:
    function, _, sid = key.partition(" ")
    client = context.clients.lambda_
    try:
        policy = json.loads(client.get_policy(FunctionName=function)["Policy"])
        if any(statement["Sid"] == sid for statement in policy["Statement"]):
            client.remove_permission(FunctionName=function, StatementId=sid)
    except client.exceptions.ResourceNotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:lambda/layerVersion:LayerVersion",
        applies=frozenset({"layerName"}),
        ensure=_ensure_layer,
        remove=keep,
        ignores=dict.fromkeys(
            (
                "code",
                "compatibleArchitectures",
                "compatibleRuntimes",
                "description",
                "licenseInfo",
                "skipDestroy",
                "sourceCodeHash",
            ),
            LAYER_REASON,
        ),
    ),
    ResourceHandler(
        type="aws:lambda/permission:Permission",
        applies=frozenset(
            {"action", "function", "principal", "qualifier", "sourceAccount", "sourceArn", "statementId"}
        ),
        ensure=_ensure_permission,
        remove=_remove_permission,
    ),
)
