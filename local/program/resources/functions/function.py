"""Lambda functions."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from local.program.declarations.model import LAYERS_VARIABLE
from local.program.resources.functions import packages
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, section

# There is no X-Ray to receive the traces that aws-lambda-powertools would send.
LAPTOP_VARIABLES = {"POWERTOOLS_TRACE_DISABLED": "1"}


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client, name = context.clients.lambda_, inputs["name"]
    code = packages.package(inputs.get("code"), name)
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    settings = _settings(context, inputs)
    try:
        current: Mapping[str, Any] = client.get_function_configuration(FunctionName=name)
        # Each update replaces the function's warm workers, so an unchanged function is not updated.
        if current["CodeSha256"] != digest:
            client.update_function_code(FunctionName=name, ZipFile=code)
        changed = {key: value for key, value in settings.items() if current.get(key) != value}
        if changed:
            client.update_function_configuration(FunctionName=name, **changed)
    except client.exceptions.ResourceNotFoundException:
        architectures = inputs.get("architectures", ["x86_64"])
        client.create_function(FunctionName=name, Code={"ZipFile": code}, Architectures=architectures, **settings)
    _set_concurrency(context, name, inputs.get("reservedConcurrentExecutions", -1))
    return ProvisionedResource(name, _outputs(context, name, digest))


def _settings(context: ProvisioningContext, inputs: Inputs) -> dict[str, Any]:
    layers = [context.deployed.layers[arn] for arn in inputs.get("layers") or () if arn in context.deployed.layers]
    variables = {**section(section(inputs, "environment"), "variables"), **LAPTOP_VARIABLES}
    if layers:
        variables[LAYERS_VARIABLE] = os.pathsep.join(layers)
    settings: dict[str, Any] = {
        "Runtime": packages.RUNTIME,
        "Handler": inputs["handler"],
        "Role": inputs["role"],
        "Description": inputs.get("description", ""),
        "Timeout": inputs.get("timeout", 3),
        "MemorySize": inputs.get("memorySize", 128),
        "Environment": {"Variables": variables},
    }
    logging = section(inputs, "loggingConfig")
    if logging.get("logGroup"):
        settings["LoggingConfig"] = {"LogFormat": logging.get("logFormat", "Text"), "LogGroup": logging["logGroup"]}
    return settings


def _set_concurrency(context: ProvisioningContext, name: str, reserved: int) -> None:
    client = context.clients.lambda_
    if reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    elif "ReservedConcurrentExecutions" in client.get_function_concurrency(FunctionName=name):
        client.delete_function_concurrency(FunctionName=name)


def _outputs(context: ProvisioningContext, name: str, digest: str) -> dict[str, Any]:
    arn = context.arn("lambda", f"function:{name}")
    invoke = f"arn:aws:apigateway:{context.region}:lambda:path/2015-03-31/functions/{arn}"
    return {
        "arn": arn,
        "name": name,
        "invokeArn": f"{invoke}/invocations",
        "qualifiedArn": f"{arn}:$LATEST",
        "qualifiedInvokeArn": f"{invoke}:$LATEST/invocations",
        "version": "$LATEST",
        "codeSha256": digest,
    }


def _ensure_alias(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client, name, function = context.clients.lambda_, inputs["name"], inputs["functionName"]
    version = {"FunctionVersion": inputs["functionVersion"], "Description": inputs.get("description", "")}
    try:
        current: Mapping[str, Any] = client.get_alias(FunctionName=function, Name=name)
        if any(current.get(key) != value for key, value in version.items()):
            client.update_alias(FunctionName=function, Name=name, **version)
    except client.exceptions.ResourceNotFoundException:
        client.create_alias(FunctionName=function, Name=name, **version)
    arn = context.arn("lambda", f"function:{function}:{name}")
    invoke = f"arn:aws:apigateway:{context.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    return ProvisionedResource(arn, {"arn": arn, "name": name, "invokeArn": invoke}, key=f"{function} {name}")


def _remove_alias(context: ProvisioningContext, key: str) -> None:
    function, _, name = key.partition(" ")
    client = context.clients.lambda_
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_alias(FunctionName=function, Name=name)


def _remove(context: ProvisioningContext, name: str) -> None:
    client = context.clients.lambda_
    try:
        client.delete_function(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:lambda/function:Function",
        applies=frozenset(
            {
                "name",
                "architectures",
                "code",
                "description",
                "environment.variables",
                "handler",
                "layers",
                "loggingConfig.logFormat",
                "loggingConfig.logGroup",
                "memorySize",
                "reservedConcurrentExecutions",
                "role",
                "timeout",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "runtime": "it runs as a custom runtime on this machine's Python, see packages.py",
            "tracingConfig": "there is no X-Ray on the laptop",
            "sourceCodeHash": "the code itself is compared",
            "packageType": "the code is always a zip",
            "snapStart.applyOn": "the laptop's workers stay warm",
            "publish": "a start replaces all functions at once, so the alias names the code that is there",
            "loggingConfig.applicationLogLevel": "the function's own LOG_LEVEL decides",
            "loggingConfig.systemLogLevel": "the emulator writes no system log lines",
            "skipDestroy": "a function that is no longer declared is removed, on purpose",
        },
    ),
    ResourceHandler(
        type="aws:lambda/alias:Alias",
        applies=frozenset({"name", "functionName", "functionVersion", "description"}),
        ensure=_ensure_alias,
        remove=_remove_alias,
    ),
)
