"""API keys, usage plans, and the API Gateway settings of the account."""

from __future__ import annotations

from typing import Any

from local.program.declarations.gateway import (
    Allowance,
    ApiKeyDeclaration,
    Rate,
    UsagePlanDeclaration,
    UsagePlanKeyDeclaration,
)
from local.program.resources.handler import (
    Inputs,
    ProvisionedResource,
    ProvisioningContext,
    ResourceHandler,
    keep,
    section,
    sections,
)


def _ensure_key(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client, name, enabled = context.clients.apigateway, inputs["name"], inputs.get("enabled", True)
    found = client.get_api_keys(nameQuery=name, includeValues=True, limit=500)["items"]
    key: Any = next((one for one in found if one.get("name") == name), None)
    if key is None:
        key = client.create_api_key(name=name, description=inputs.get("description", ""), enabled=enabled)
    declared = ApiKeyDeclaration(id=key["id"], value=key["value"], enabled=enabled)
    context.deployed.gateway.keys.append(declared)
    return ProvisionedResource(key["id"], {"arn": _arn(context, f"apikeys/{key['id']}"), "value": key["value"]})


def _remove_key(context: ProvisioningContext, key_id: str) -> None:
    client = context.clients.apigateway
    try:
        client.delete_api_key(apiKey=key_id)
    except client.exceptions.NotFoundException:
        return


def _ensure_plan(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    """A plan that differs is replaced; its keys are assigned to the new one afterwards."""
    client, wanted = context.clients.apigateway, _plan(inputs)
    plan: Any = None
    for one in client.get_usage_plans(limit=500)["items"]:
        if one.get("name") == inputs["name"]:
            plan = one
    if plan is not None and any((plan.get(key) or {}) != value for key, value in wanted.items()):
        client.delete_usage_plan(usagePlanId=plan["id"])
        plan = None
    if plan is None:
        plan = client.create_usage_plan(**wanted)
    context.deployed.gateway.plans.append(_declared(plan["id"], wanted))
    return ProvisionedResource(plan["id"], {"arn": _arn(context, f"usageplans/{plan['id']}")})


def _plan(inputs: Inputs) -> Any:
    throttle, quota = section(inputs, "throttleSettings"), section(inputs, "quotaSettings")
    stages = [{"apiId": one["apiId"], "stage": one["stage"]} for one in sections(inputs, "apiStages")]
    limits = {"rateLimit": float(throttle["rateLimit"]), "burstLimit": throttle["burstLimit"]} if throttle else {}
    plan: dict[str, Any] = {"name": inputs["name"], "apiStages": stages, "throttle": limits, "quota": {}}
    if quota:
        plan["quota"] = {"limit": quota["limit"], "offset": quota.get("offset", 0), "period": quota["period"]}
    return plan


def _declared(plan_id: str, plan: Any) -> UsagePlanDeclaration:
    limits, quota = plan["throttle"], plan["quota"]
    return UsagePlanDeclaration(
        id=plan_id,
        stages=frozenset((one["apiId"], one["stage"]) for one in plan["apiStages"]),
        rate=Rate(per_second=limits["rateLimit"], burst=limits["burstLimit"]) if limits else None,
        quota=Allowance(**quota) if quota else None,
    )


def _remove_plan(context: ProvisioningContext, plan_id: str) -> None:
    client = context.clients.apigateway
    try:
        client.delete_usage_plan(usagePlanId=plan_id)
    except client.exceptions.NotFoundException:
        return


def _ensure_member(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    plan, key = inputs["usagePlanId"], inputs["keyId"]
    context.clients.apigateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType=inputs["keyType"])
    context.deployed.gateway.plan_keys.append(UsagePlanKeyDeclaration(plan_id=plan, key_id=key))
    return ProvisionedResource(f"{plan} {key}", {})


def _remove_member(context: ProvisioningContext, member: str) -> None:
    plan, _, key = member.partition(" ")
    client = context.clients.apigateway
    try:
        client.delete_usage_plan_key(usagePlanId=plan, keyId=key)
    except client.exceptions.NotFoundException:
        return


def _ensure_account(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    role: Any = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": inputs["cloudwatchRoleArn"]}]
    context.clients.apigateway.update_account(patchOperations=role)
    return ProvisionedResource("api-gateway-account", {})


def _arn(context: ProvisioningContext, resource: str) -> str:
    return f"arn:aws:apigateway:{context.region}::/{resource}"


HANDLERS = (
    ResourceHandler(
        type="aws:apigateway/apiKey:ApiKey",
        applies=frozenset({"name", "description", "enabled"}),
        ensure=_ensure_key,
        remove=_remove_key,
    ),
    ResourceHandler(
        type="aws:apigateway/usagePlan:UsagePlan",
        applies=frozenset({"name", "apiStages.apiId", "apiStages.stage", "throttleSettings", "quotaSettings"}),
        ensure=_ensure_plan,
        remove=_remove_plan,
    ),
    ResourceHandler(
        type="aws:apigateway/usagePlanKey:UsagePlanKey",
        applies=frozenset({"usagePlanId", "keyId", "keyType"}),
        ensure=_ensure_member,
        remove=_remove_member,
    ),
    ResourceHandler(
        type="aws:apigateway/account:Account",
        applies=frozenset({"cloudwatchRoleArn"}),
        ensure=_ensure_account,
        remove=keep,
    ),
)
