"""Deployments and stages of REST APIs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from local.program.declarations.gateway import Rate, StageDeclaration, ThrottleDeclaration
from local.program.resources.handler import (
    Inputs,
    ProvisionedResource,
    ProvisioningContext,
    ResourceHandler,
    keep,
    section,
)

# Property of a method setting -> its path in UpdateStage. aws_api_gateway_method_settings documents them.
SETTINGS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def _ensure_deployment(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    """A new deployment only if the triggers have changed, as in Pulumi, so that the stage stays unchanged."""
    client, api = context.clients.apigateway, inputs["restApi"]
    digest = hashlib.sha256(json.dumps(inputs.get("triggers") or {}, sort_keys=True).encode()).hexdigest()[:16]
    description = f"{inputs.get('description', '')} [{digest}]".strip()
    deployments = client.get_deployments(restApiId=api, limit=500)["items"]
    deployment: Any = next((one for one in deployments if one.get("description") == description), None)
    if deployment is None:
        deployment = client.create_deployment(restApiId=api, description=description)
    return ProvisionedResource(deployment["id"], {"createdDate": ""}, key=f"{api} {deployment['id']}")


def _remove_deployment(context: ProvisioningContext, key: str) -> None:
    api, _, deployment = key.partition(" ")
    client = context.clients.apigateway
    try:
        client.delete_deployment(restApiId=api, deploymentId=deployment)
    except client.exceptions.NotFoundException:
        return


def _ensure_stage(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client, api, name = context.clients.apigateway, inputs["restApi"], inputs["stageName"]
    wanted = {"deploymentId": inputs["deployment"], "description": inputs.get("description", "")}
    variables = section(inputs, "variables")
    try:
        before = client.get_stage(restApiId=api, stageName=name).get("variables") or {}
        replace: list[Any] = [{"op": "replace", "path": f"/{key}", "value": value} for key, value in wanted.items()]
        replace += [{"op": "replace", "path": f"/variables/{key}", "value": value} for key, value in variables.items()]
        replace += [{"op": "remove", "path": f"/variables/{key}"} for key in before if key not in variables]
        client.update_stage(restApiId=api, stageName=name, patchOperations=replace)
    except client.exceptions.NotFoundException:
        client.create_stage(restApiId=api, stageName=name, variables=variables, **wanted)
    context.deployed.gateway.stages.append(StageDeclaration(api_id=api, name=name, variables=variables))
    outputs = {
        "arn": f"arn:aws:apigateway:{context.region}::/restapis/{api}/stages/{name}",
        "executionArn": context.arn("execute-api", f"{api}/{name}"),
        "invokeUrl": f"{context.public_url}/{name}",
    }
    return ProvisionedResource(f"ags-{api}-{name}", outputs, key=f"{api} {name}")


def _remove_stage(context: ProvisioningContext, key: str) -> None:
    api, _, name = key.partition(" ")
    client = context.clients.apigateway
    try:
        client.delete_stage(restApiId=api, stageName=name)
    except client.exceptions.NotFoundException:
        return


def _ensure_settings(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    api, stage, path = inputs["restApi"], inputs["stageName"], inputs["methodPath"]
    context.clients.apigateway.update_stage(
        restApiId=api, stageName=stage, patchOperations=list(_patches(path, inputs["settings"]))
    )
    if (rate := _rate(inputs["settings"])) is not None:
        declared = ThrottleDeclaration(api_id=api, stage=stage, method=path.lstrip("/"), rate=rate)
        context.deployed.gateway.throttles.append(declared)
    return ProvisionedResource(f"{api}-{stage}-{path}", {})


def _rate(settings: Inputs) -> Rate | None:
    """The limits that are set; -1, the provider's default, sets none."""
    given = {
        "per_second": settings.get("throttlingRateLimit", -1),
        "burst": settings.get("throttlingBurstLimit", -1),
    }
    limits = {name: value for name, value in given.items() if value is not None and value >= 0}
    return Rate(**limits) if limits else None


def _patches(path: str, settings: Inputs) -> Iterator[Any]:
    resource, _, verb = path.rpartition("/")
    where = f"{resource.replace('~', '~0').replace('/', '~1')}/{verb}"
    for key, value in settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield {"op": "replace", "path": f"/{where}/{SETTINGS[key]}", "value": text}


HANDLERS = (
    ResourceHandler(
        type="aws:apigateway/deployment:Deployment",
        applies=frozenset({"restApi", "description", "triggers"}),
        ensure=_ensure_deployment,
        remove=_remove_deployment,
    ),
    ResourceHandler(
        type="aws:apigateway/stage:Stage",
        applies=frozenset({"restApi", "deployment", "stageName", "description", "variables"}),
        ensure=_ensure_stage,
        remove=_remove_stage,
        ignores={
            "accessLogSettings": "the front door writes no access logs",
            "xrayTracingEnabled": "there is no X-Ray on the laptop",
            "cacheClusterEnabled": "the front door caches no responses",
            "cacheClusterSize": "the front door caches no responses",
        },
    ),
    ResourceHandler(
        type="aws:apigateway/methodSettings:MethodSettings",
        applies=frozenset({"restApi", "stageName", "methodPath", *(f"settings.{setting}" for setting in SETTINGS)}),
        ensure=_ensure_settings,
        remove=keep,
        ignores={
            "settings.cachingEnabled": "the front door caches no responses",
            "settings.cacheTtlInSeconds": "the front door caches no responses",
        },
    ),
)
