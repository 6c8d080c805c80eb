"""Layers of Lambda functions, and permissions to invoke them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep


def _ensure_layer(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    layer = context.arn("lambda", f"layer:{inputs['layerName']}")
    archive = inputs.get("code")
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).is_dir():
        context.deployed.layers[f"{layer}:1"] = archive.path
    outputs = {"arn": f"{layer}:1", "layerArn": layer, "layerName": inputs["layerName"], "version": "1"}
    return ProvisionedResource(f"{layer}:1", outputs)


LAYER_REASON = "a folder is for this machine; what an archive has, functions import from the virtual environment"


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


def _ensure_provisioned(_context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    return ProvisionedResource(f"{inputs['functionName']},{inputs['qualifier']}", {})


HANDLERS = (
    ResourceHandler(
        type="aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        applies=frozenset({"functionName", "qualifier"}),
        ensure=_ensure_provisioned,
        remove=keep,
        ignores={
            "provisionedConcurrentExecutions": "the laptop's workers stay warm, and more of them start with the load",
            "skipDestroy": "nothing is created for it",
        },
    ),
    ResourceHandler(
        type="aws:lambda/layerVersion:LayerVersion",
        applies=frozenset({"layerName", "code"}),
        ensure=_ensure_layer,
        remove=keep,
        ignores=dict.fromkeys(
            (
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
